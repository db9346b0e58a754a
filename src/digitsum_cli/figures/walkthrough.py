"""One sequence, step by step: what the network holds, which gates are open, and what it would answer at this end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

from digitsum_cli.core.specs import MEMORY_CELL
from digitsum_cli.figures.gates import MAXIMUM_UNITS, limits_and_colours
from digitsum_cli.figures.heat_map import (
    DIVERGING,
    SEQUENTIAL,
    add_colour_bar,
    add_percent_bar,
    draw_cells,
    outline_cell,
)
from digitsum_cli.figures.small_multiples import evenly_spread
from digitsum_cli.figures.style import COLOURS, new_figure, set_title, styled
from digitsum_cli.figures.ticks import every_nth, whole_numbers

MAXIMUM_DIGITS = 40
_ALWAYS_WRITTEN = 2
"""Of a longer sequence, only the first two digits and those that are not 0 are written."""

Units = Sequence[Sequence[float]]
"""Numbers by step and unit."""


def draw_walkthrough(
    digits: Sequence[int],
    states: Sequence[Sequence[float]],
    probabilities: Sequence[Sequence[float]],
    subtitle: str,
    *,
    label: int,
    label_name: str,
    gates: Mapping[str, Units] | None = None,
    cell: Units = (),
) -> Figure:
    """Draws the states, gates and cell, and below them the probabilities of all labels, step by step.

    The right label is marked at the end.

    Arguments:
        digits: the sequence, of shape ``(length,)``, 2 or more.
        states: the state after each step, -1 to 1, or from 0 on, of shape ``(length, hidden_size)``; of over 64 units,
            64 are drawn, evenly spread.
        probabilities: of each label after each step, 0 to 1, of shape ``(length, classes)``.
        subtitle: which network, which sequence.
        label: the right one.
        label_name: what a label is called, such as ``sum``.
        gates: how far each is open at each step, 0 to 1, by name, of the shape of ``states``.
        cell: what else the state holds, of the shape of ``states`` or without columns; drawn from -5 to 5.
    """
    hidden_size = len(states[0])
    units = evenly_spread(range(hidden_size), MAXIMUM_UNITS)
    if len(units) < hidden_size:
        subtitle = f"{subtitle}; {len(units)} of {hidden_size} units"
    parts = [_Part("state", states, *_range_of_states(states))]
    opened = {**(gates or {}), **({MEMORY_CELL: cell} if cell and cell[0] else {})}
    parts += [_Part(name, values, *limits_and_colours(name)) for name, values in opened.items()]
    height = min(3.0 if len(parts) == 1 else 1.9, max(0.5, 0.16 * len(units)))
    heights = [*[height] * len(parts), 2.6]
    figure = new_figure(max(7.5, 1.9 + 0.075 * len(digits)), 1.9 + sum(heights))
    with styled():
        *uppers, lower = figure.subplots(len(heights), sharex=True, height_ratios=heights)
        for panel, part in zip(uppers, parts, strict=True):
            _draw_units(figure, panel, part, units, height)
        _write_digits(uppers[0], digits)
        cells = draw_cells(lower, list(zip(*probabilities, strict=True)), first_column=1)
        add_percent_bar(figure, cells, [lower], "probability", heights[-1])
        lower.yaxis.set_major_locator(FixedLocator(every_nth(len(probabilities[0]), 7)))
        lower.xaxis.set_major_locator(whole_numbers(10))
        lower.set_ylabel(label_name)
        lower.set_xlabel("step (digits read)")
        _mark_right_label(lower, len(digits), label)
        set_title(figure, "One sequence, step by step", subtitle)
    return figure


@dataclass(frozen=True)
class _Part:
    """What is drawn unit by unit: its name, values by step and unit, the ends of its colours, and their map."""

    name: str
    values: Units
    limits: tuple[float, float]
    colour_map: str


def _range_of_states(states: Units) -> tuple[tuple[float, float], str]:
    """-1 to 1; from 0 to the largest where relu lets states grow."""
    largest = max(max(state) for state in states)
    return ((-1.0, 1.0), DIVERGING) if largest <= 1 else ((0.0, largest), SEQUENTIAL)


def _draw_units(figure: Figure, panel: Axes, part: _Part, units: Sequence[int], height: float) -> None:
    cells = draw_cells(
        panel,
        [[values[unit] for values in part.values] for unit in units],
        first_column=1,
        limits=part.limits,
        colour_map=part.colour_map,
    )
    bar = add_colour_bar(figure, cells, [panel], part.name, height)
    low, high = part.limits
    bar.set_ticks([low, (low + high) / 2, high], labels=[f"{end:.3g}" for end in (low, (low + high) / 2, high)])
    labelled = every_nth(len(units), 5)
    panel.set_yticks(labelled, labels=[str(units[row] + 1) for row in labelled])
    panel.set_ylabel("unit")


def _write_digits(panel: Axes, digits: Sequence[int]) -> None:
    """Writes above the panel which digit is read at each step."""
    all_fit = len(digits) <= MAXIMUM_DIGITS
    written = [step for step, digit in enumerate(digits, 1) if all_fit or step <= _ALWAYS_WRITTEN or digit]
    panel.tick_params(labelbottom=False)
    above = panel.secondary_xaxis("top")
    above.set_xticks(written, labels=[str(digits[step - 1]) for step in written], fontsize=10 if all_fit else 8.5)
    above.tick_params(length=0 if all_fit else 3, pad=2)
    above.set_xlabel("digit read" if all_fit else "digit read (0 where none is written)")


def _mark_right_label(panel: Axes, step: int, label: int) -> None:
    outline_cell(panel, step, label, COLOURS[1])
    panel.annotate(f"◂ {label}", (step + 0.5, label), (2, 0), textcoords="offset points", va="center")
