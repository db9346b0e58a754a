"""One sequence, step by step: the network's state, how far its gates are open, and its answer after each step."""

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
_ALWAYS_LABELLED = 2
"""In a sequence of more than 40 digits, only the first two and those other than 0 are labelled."""

Units = Sequence[Sequence[float]]
"""Values by step and unit."""


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

    The correct label is marked at the last step.

    Arguments:
        digits: the sequence, of shape ``(length,)``, at least 2 digits.
        states: the state after each step, -1 to 1 or non-negative, of shape ``(length, hidden_size)``; if there are
            more than 64 units, 64 evenly spaced ones are drawn.
        probabilities: the probability of each label after each step, 0 to 1, of shape ``(length, classes)``.
        subtitle: the network and the sequence.
        label: the correct label.
        label_name: the name of a label, such as ``sum``.
        gates: by name, how far each gate is open at each step, 0 to 1, of the shape of ``states``.
        cell: the rest of the state, of the shape of ``states`` or without columns; drawn from -5 to 5.
    """
    hidden_size = len(states[0])
    units = evenly_spread(range(hidden_size), MAXIMUM_UNITS)
    if len(units) < hidden_size:
        subtitle = f"{subtitle}; {len(units)} of {hidden_size} units"
    parts = [_Part("state", states, *_range_of_states(states))]
    gates_and_cell = {**(gates or {}), **({MEMORY_CELL: cell} if cell and cell[0] else {})}
    parts += [_Part(name, values, *limits_and_colours(name)) for name, values in gates_and_cell.items()]
    height = min(3.0 if len(parts) == 1 else 1.9, max(0.5, 0.16 * len(units)))
    heights = [*[height] * len(parts), 2.6]
    figure = new_figure(max(7.5, 1.9 + 0.075 * len(digits)), 1.9 + sum(heights))
    with styled():
        *uppers, lower = figure.subplots(len(heights), sharex=True, height_ratios=heights)
        for panel, part in zip(uppers, parts, strict=True):
            _draw_units(figure, panel, part, units, height)
        _label_digits(uppers[0], digits)
        cells = draw_cells(lower, list(zip(*probabilities, strict=True)), first_column=1)
        add_percent_bar(figure, cells, [lower], "probability", heights[-1])
        lower.yaxis.set_major_locator(FixedLocator(every_nth(len(probabilities[0]), 7)))
        lower.xaxis.set_major_locator(whole_numbers(10))
        lower.set_ylabel(label_name)
        lower.set_xlabel("step (digits read)")
        _mark_correct_label(lower, len(digits), label)
        set_title(figure, "One sequence, step by step", subtitle)
    return figure


@dataclass(frozen=True)
class _Part:
    """A heat map by unit: its name, its values by step and unit, and the limits and colour map of its colour scale."""

    name: str
    values: Units
    limits: tuple[float, float]
    colour_map: str


def _range_of_states(states: Units) -> tuple[tuple[float, float], str]:
    """The range and colour map: -1 to 1, or from 0 to the largest where relu lets states exceed 1."""
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


def _label_digits(panel: Axes, digits: Sequence[int]) -> None:
    """Labels each step above the panel with the digit read."""
    all_fit = len(digits) <= MAXIMUM_DIGITS
    labelled = [step for step, digit in enumerate(digits, 1) if all_fit or step <= _ALWAYS_LABELLED or digit]
    panel.tick_params(labelbottom=False)
    above = panel.secondary_xaxis("top")
    above.set_xticks(labelled, labels=[str(digits[step - 1]) for step in labelled], fontsize=10 if all_fit else 8.5)
    above.tick_params(length=0 if all_fit else 3, pad=2)
    above.set_xlabel("digit read" if all_fit else "digit read (0 where unlabelled)")


def _mark_correct_label(panel: Axes, step: int, label: int) -> None:
    outline_cell(panel, step, label, COLOURS[1])
    panel.annotate(f"◂ {label}", (step + 0.5, label), (2, 0), textcoords="offset points", va="center")
