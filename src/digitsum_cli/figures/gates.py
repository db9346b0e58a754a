"""How far the gates of an LSTM or a GRU open, step by step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from digitsum_cli.core.specs import MEMORY_CELL
from digitsum_cli.figures.heat_map import DIVERGING, SEQUENTIAL, add_colour_bar, draw_cells
from digitsum_cli.figures.small_multiples import evenly_spread
from digitsum_cli.figures.style import new_figure, set_title, styled
from digitsum_cli.figures.ticks import whole_numbers

MAXIMUM_LENGTHS = 4
MAXIMUM_UNITS = 64
"""More could not be distinguished."""

CELL_RANGE = 5.0
"""The colour scale of an LSTM's cell runs from minus this to plus this, as in the practice book, chapter 6.3."""


@dataclass(frozen=True)
class OpenGates:
    """The gates of a network trained at one length.

    Arguments:
        length: digits per row.
        values: by name, how far each gate is open, 0 to 1, of shape ``(length, hidden_size)``; for an LSTM, also its
            ``cell``.
    """

    length: int
    values: Mapping[str, Sequence[Sequence[float]]]


def limits_and_colours(name: str) -> tuple[tuple[float, float], str]:
    """The limits of the colour scale of a gate, or of the cell, and its colour map."""
    return ((-CELL_RANGE, CELL_RANGE), DIVERGING) if name == MEMORY_CELL else ((0.0, 1.0), SEQUENTIAL)


def draw_gates(panels: Sequence[OpenGates], subtitle: str) -> Figure:
    """Draws a heat map for each gate (row) and length (column).

    Arguments:
        panels: one for each length, at least one, with the same gates; if there are more than 4, 4 evenly spaced ones
            are drawn.
        subtitle: what they have in common.
    """
    drawn = evenly_spread(sorted(panels, key=lambda panel: panel.length), MAXIMUM_LENGTHS)
    if len(drawn) < len(panels):
        subtitle = f"{subtitle}; {len(drawn)} of {len(panels)} lengths"
    names = list(drawn[0].values)
    height = 1.7
    figure = new_figure(max(6.0, 1.6 + 2.1 * len(drawn)), 1.5 + height * len(names))
    with styled():
        grid = figure.subplots(len(names), len(drawn), squeeze=False, sharex="col", sharey=True)
        for name, row in zip(names, grid, strict=True):
            limits, colour_map = limits_and_colours(name)
            for axis, panel in zip(row, drawn, strict=True):
                units = evenly_spread(range(len(panel.values[name][0])), MAXIMUM_UNITS)
                by_unit = [[values[unit] for values in panel.values[name]] for unit in units]
                cells = draw_cells(axis, by_unit, first_column=1, limits=limits, colour_map=colour_map)
            add_colour_bar(figure, cells, list(row), name, height).set_ticks([limits[0], sum(limits) / 2, limits[1]])
            row[0].set_ylabel("unit")
            row[0].set_yticks([])
        for axis, panel in zip(grid[0], drawn, strict=True):
            axis.set_title(f"length {panel.length}")
        for axis in grid[-1]:
            axis.set_xlabel("step")
            axis.xaxis.set_major_locator(whole_numbers(5))
        set_title(figure, "How far the gates are open", subtitle)
    return figure
