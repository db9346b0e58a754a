"""One sequence, step by step: what the network holds in its state, and what it would answer if this were the end."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

from digitsum_cli.core.generation import CLASSES, FREE_DIGITS
from digitsum_cli.figures.heat_map import DIVERGING, add_colour_bar, add_percent_bar, draw_cells, outline_cell
from digitsum_cli.figures.small_multiples import evenly_spread
from digitsum_cli.figures.style import COLOURS, new_figure, set_title, styled
from digitsum_cli.figures.ticks import every_nth, whole_numbers

MAXIMUM_DIGITS = 40
"""Of a longer sequence, only the first two digits and those that are not 0 are written."""

MAXIMUM_UNITS = 64
"""More could not be told apart."""


def draw_walkthrough(
    digits: Sequence[int], states: Sequence[Sequence[float]], probabilities: Sequence[Sequence[float]], subtitle: str
) -> Figure:
    """Draws the states and below them the probabilities of all sums, step by step; the right sum is marked at the end.

    Arguments:
        digits: the sequence, of shape ``(length,)``, 2 or more; the right sum is that of the first two.
        states: the state after each step, -1 to 1, of shape ``(length, hidden_size)``; of over 64 units, 64 are
            drawn, evenly spread.
        probabilities: of each sum after each step, 0 to 1, of shape ``(length, 19)``.
        subtitle: which network, which sequence.
    """
    hidden_size = len(states[0])
    units = evenly_spread(range(hidden_size), MAXIMUM_UNITS)
    if len(units) < hidden_size:
        subtitle = f"{subtitle}; {len(units)} of {hidden_size} units"
    heights = min(3.0, max(0.5, 0.16 * len(units))), 2.6
    figure = new_figure(max(7.5, 1.9 + 0.075 * len(digits)), 1.9 + sum(heights))
    with styled():
        upper, lower = figure.subplots(2, sharex=True, height_ratios=heights)
        cells = draw_cells(
            upper,
            [[state[unit] for state in states] for unit in units],
            first_column=1,
            limits=(-1, 1),
            colour_map=DIVERGING,
        )
        add_colour_bar(figure, cells, [upper], "state", heights[0]).set_ticks([-1, 0, 1])
        labelled = every_nth(len(units), 5)
        upper.set_yticks(labelled, labels=[str(units[row] + 1) for row in labelled])
        upper.set_ylabel("unit")
        _write_digits(upper, digits)
        cells = draw_cells(lower, list(zip(*probabilities, strict=True)), first_column=1)
        add_percent_bar(figure, cells, [lower], "probability", heights[1])
        lower.yaxis.set_major_locator(FixedLocator(range(0, CLASSES, 3)))
        lower.xaxis.set_major_locator(whole_numbers(10))
        lower.set_ylabel("sum")
        lower.set_xlabel("step (digits read)")
        _mark_right_sum(lower, len(digits), sum(digits[:FREE_DIGITS]))
        set_title(figure, "One sequence, step by step", subtitle)
    return figure


def _write_digits(panel: Axes, digits: Sequence[int]) -> None:
    """Writes above the panel which digit is read at each step."""
    all_fit = len(digits) <= MAXIMUM_DIGITS
    written = [step for step, digit in enumerate(digits, 1) if all_fit or step <= FREE_DIGITS or digit]
    panel.tick_params(labelbottom=False)
    above = panel.secondary_xaxis("top")
    above.set_xticks(written, labels=[str(digits[step - 1]) for step in written], fontsize=10 if all_fit else 8.5)
    above.tick_params(length=0 if all_fit else 3, pad=2)
    above.set_xlabel("digit read" if all_fit else "digit read (0 where none is written)")


def _mark_right_sum(panel: Axes, step: int, right_sum: int) -> None:
    outline_cell(panel, step, right_sum, COLOURS[1])
    panel.annotate(f"◂ {right_sum}", (step + 0.5, right_sum), (2, 0), textcoords="offset points", va="center")
