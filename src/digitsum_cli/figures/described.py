"""A figure with the words that belong to it."""

from dataclasses import dataclass

from matplotlib.figure import Figure


@dataclass(frozen=True)
class DescribedFigure:
    """A figure that is ready to be saved or set on a page.

    Arguments:
        name: what its files are called.
        figure: the plot.
        caption: how to read it.
        description: what there is to see, for those who cannot.
    """

    name: str
    figure: Figure
    caption: str
    description: str
