"""Confusion matrices: the network's answers by correct label."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

from digitsum_cli.figures.heat_map import add_percent_bar, draw_cells
from digitsum_cli.figures.small_multiples import MAXIMUM_PANELS, add_panels, evenly_spread, grid_shape
from digitsum_cli.figures.style import new_figure, set_title, styled


@dataclass(frozen=True)
class Confusion:
    """The answers at one length.

    Arguments:
        length: digits per row.
        counts: numbers of sequences, of shape ``(classes, classes)``, by correct label and answer.
    """

    length: int
    counts: Sequence[Sequence[float]]


def draw_confusion(panels: Sequence[Confusion], subtitle: str, label_name: str) -> Figure:
    """Draws a confusion matrix for each length; each row shows shares of its correct label.

    Arguments:
        panels: one for each length, at least one; if there are more than 8, 8 evenly spaced ones are drawn.
        subtitle: what they have in common.
        label_name: the name of a label, such as ``sum``.
    """
    drawn = evenly_spread(sorted(panels, key=lambda panel: panel.length), MAXIMUM_PANELS)
    if len(drawn) < len(panels):
        subtitle = f"{subtitle}; {len(drawn)} of {len(panels)} lengths"
    rows, columns = grid_shape(len(drawn))
    size = 1.92 if len(drawn) > 1 else 2.6
    figure = new_figure(max(6.0, 1.6 + (size + 0.18) * columns), 0.88 + (size + 0.41) * rows)
    figure.set_layout_engine("compressed")  # square panels leave space, which should not end up between them
    with styled():
        axes = add_panels(figure, len(drawn), "answer", f"correct {label_name}", share_x=True)
        for axis, panel in zip(axes, drawn, strict=True):
            cells = draw_cells(axis, [_shares(row) for row in panel.counts])
            axis.set_aspect("equal")
            axis.set_title(f"length {panel.length}")
        classes = len(drawn[0].counts)
        labelled = range(0, classes, max(1, (classes - 1) // 3))
        axes[0].xaxis.set_major_locator(FixedLocator(labelled))
        axes[0].yaxis.set_major_locator(FixedLocator(labelled))
        axes[0].invert_yaxis()
        add_percent_bar(figure, cells, axes, "share of the row", height=size * rows)
        set_title(figure, f"Confusion matrix: answer by correct {label_name}", subtitle)
    return figure


def _shares(counts: Sequence[float]) -> list[float]:
    """The counts as fractions of their sum; NaN if the sum is 0."""
    total = sum(counts)
    return [count / total if total else math.nan for count in counts]
