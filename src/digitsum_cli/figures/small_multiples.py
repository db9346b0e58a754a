"""Small multiples: one small panel per length, arranged in a grid."""

import math
from collections.abc import Sequence
from typing import TypeVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure

MAXIMUM_PANELS = 8
MAXIMUM_COLUMNS = 4

Item = TypeVar("Item")


def grid_shape(panels: int) -> tuple[int, int]:
    """Rows and columns for this many panels: at most four per row, with the rows as even as possible."""
    rows = math.ceil(panels / MAXIMUM_COLUMNS)
    return rows, math.ceil(panels / rows)


def add_panels(figure: Figure, number: int, x_label: str, y_label: str, share_x: bool) -> list[Axes]:
    """Adds the panels to an empty figure, row by row, with one x and one y label for all.

    Arguments:
        figure: the figure.
        number: the number of panels, at least one.
        x_label: the name and unit of all x axes.
        y_label: the name and unit of all y axes, which share one scale.
        share_x: whether the x axes share one scale as well.
    """
    rows, columns = grid_shape(number)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=share_x, sharey=True)
    panels = list(grid.flat[:number])
    for unused in grid.flat[number:]:
        unused.remove()
    for panel in panels[-columns:]:
        panel.tick_params(labelbottom=True)
    if number == 1:
        panels[0].set(xlabel=x_label, ylabel=y_label)
    else:
        figure.supxlabel(x_label, fontsize=11)
        figure.supylabel(y_label, fontsize=11)
    return panels


def evenly_spread(items: Sequence[Item], maximum: int) -> list[Item]:
    """At most ``maximum`` of the items, evenly spaced from the first to the last."""
    if len(items) <= maximum:
        return list(items)
    return [items[round(i * (len(items) - 1) / (maximum - 1))] for i in range(maximum)]
