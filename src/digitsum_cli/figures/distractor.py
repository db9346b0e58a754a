"""Accuracy by the distractor's position and value: which digits interfere with the memory of the first two."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

from digitsum_cli.figures.heat_map import add_percent_bar, draw_cells
from digitsum_cli.figures.small_multiples import MAXIMUM_PANELS, add_panels, evenly_spread, grid_shape
from digitsum_cli.figures.style import new_figure, set_title, styled
from digitsum_cli.figures.ticks import whole_numbers

FIRST_POSITION = 3
"""The distractor's first possible position, counted from 1."""


@dataclass(frozen=True)
class DistractorAccuracy:
    """The accuracies at one length.

    Arguments:
        length: digits per row, at least 3.
        accuracies: 0 to 1, of shape ``(length - 2, 10)``, by the distractor's position (3, 4, ... ``length``)
            and value (0 to 9, where 0 means no distractor).
    """

    length: int
    accuracies: Sequence[Sequence[float]]


def draw_distractor(panels: Sequence[DistractorAccuracy], subtitle: str) -> Figure:
    """Draws a heat map for each length, all on the same colour scale.

    Arguments:
        panels: one for each length, at least one; if there are more than 8, 8 evenly spaced ones are drawn.
        subtitle: what they have in common.
    """
    drawn = evenly_spread(sorted(panels, key=lambda panel: panel.length), MAXIMUM_PANELS)
    if len(drawn) < len(panels):
        subtitle = f"{subtitle}; {len(drawn)} of {len(panels)} lengths"
    rows, columns = grid_shape(len(drawn))
    figure = new_figure(max(6.0, 1.5 + 1.75 * columns), 1.3 + 2.1 * rows)
    with styled():
        x_label, y_label = "distractor position (from the start)", "distractor value (0: none)"
        axes = add_panels(figure, len(drawn), x_label, y_label, share_x=False)
        for axis, panel in zip(axes, drawn, strict=True):
            by_value = list(zip(*panel.accuracies, strict=True))
            cells = draw_cells(axis, by_value, first_column=FIRST_POSITION)
            axis.set_title(f"length {panel.length}")
            axis.xaxis.set_major_locator(whole_numbers(4))
        axes[0].yaxis.set_major_locator(FixedLocator(range(0, len(by_value), 3)))
        add_percent_bar(figure, cells, axes, "accuracy", height=2.0 * rows)
        set_title(figure, "Accuracy by distractor position and value", subtitle)
    return figure
