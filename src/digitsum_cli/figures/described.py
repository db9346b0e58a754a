"""A figure with its caption and description."""

from dataclasses import dataclass

from matplotlib.figure import Figure


@dataclass(frozen=True)
class DescribedFigure:
    """A figure that is ready to be saved or placed on a page.

    Arguments:
        name: the name of its files, without extension.
        figure: the plot.
        caption: how to read it.
        description: what the figure shows, as text for screen readers.
    """

    name: str
    figure: Figure
    caption: str
    description: str
