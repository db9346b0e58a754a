"""What is left of each of the two digits: in the answer, and in the last state."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from statistics import fmean

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from digitsum_cli.figures.style import COLOURS, GUIDE_COLOUR, INK, MARKERS, new_figure, set_title, styled

SUM_ALONE = 0.5
"""The share of a digit's variance that a state which holds the sum alone gives: half the sum is the best guess."""

_DIGITS = (("first", "first digit", COLOURS[0], "-"), ("second", "second digit", COLOURS[1], "-"))
_SUM = ("sum", "sum", INK, "--")

Series = tuple[str, str, str, str]


@dataclass(frozen=True)
class LostDigitPoint:
    """What is left of both digits at one length; one number for each seed.

    Arguments:
        length: digits in a row.
        first_slope, second_slope: by how much a digit that is one higher raises the answer.
        first_probe, second_probe, sum_probe: the share of the variance of each, 0 to 1, that a linear
            read-out of the last state finds (R²).
    """

    length: int
    first_slope: Sequence[float]
    second_slope: Sequence[float]
    first_probe: Sequence[float]
    second_probe: Sequence[float]
    sum_probe: Sequence[float]


def draw_lost_digit(points: Sequence[LostDigitPoint], subtitle: str) -> Figure:
    """Draws slopes and read-outs against length, their means as lines, each seed a faint point beside them.

    Arguments:
        points: one for each length, 1 or more.
        subtitle: what they have in common.
    """
    points = sorted(points, key=lambda point: point.length)
    figure = new_figure(9.0, 4.9)
    with styled():
        slopes, read_outs = figure.subplots(1, 2)
        _draw(slopes, points, _DIGITS, "_slope")
        slopes.axhline(1, color=GUIDE_COLOUR, linestyle=(0, (5, 3)), linewidth=1.2, label="added in full (1)")
        slopes.axhline(0, color=GUIDE_COLOUR, linestyle=":", linewidth=1.5, label="lost (0)")
        slopes.set_title("how much it counts in the answer")
        slopes.set_ylabel("rise of the answer for each one more")
        _draw(read_outs, points, (*_DIGITS, _SUM), "_probe")
        read_outs.axhline(
            SUM_ALONE, color=GUIDE_COLOUR, linestyle="-.", linewidth=1.2, label=f"from the sum alone ({SUM_ALONE})"
        )
        read_outs.set_title("how much of it the last state holds")
        read_outs.set_ylabel("R² of a linear read-out")
        read_outs.set_ylim(-0.02, 1.02)  # a marker at 0 is not cut
        for panel in (slopes, read_outs):
            panel.set_xlabel("sequence length (digits)")
        set_title(figure, "Which digit is lost", subtitle)
        handles, labels = slopes.get_legend_handles_labels()
        more_handles, more_labels = read_outs.get_legend_handles_labels()
        figure.legend(
            [*handles, *more_handles[len(_DIGITS) :]],
            [*labels, *more_labels[len(_DIGITS) :]],
            loc="outside lower center",
            ncols=3,
        )
    return figure


def _draw(panel: Axes, points: Sequence[LostDigitPoint], series: Sequence[Series], suffix: str) -> None:
    lengths = [point.length for point in points]
    aside = _distance(lengths)
    for index, (name, label, colour, style) in enumerate(series):
        by_length: list[Sequence[float]] = [getattr(point, name + suffix) for point in points]
        if max(map(len, by_length)) > 1:
            x = [length + aside * (index - 1) for length, seeds in zip(lengths, by_length, strict=True) for _ in seeds]
            panel.scatter(x, list(chain(*by_length)), s=12, color=colour, alpha=0.3, linewidths=0)
        means = [fmean(values) for values in by_length]
        panel.plot(lengths, means, style, color=colour, marker=MARKERS[index], markersize=6, label=label)
    margin = max(0.05 * (lengths[-1] - lengths[0]), 0.5)
    panel.set_xlim(lengths[0] - margin, lengths[-1] + margin)
    panel.xaxis.set_major_locator(FixedLocator(lengths) if len(lengths) <= 12 else MaxNLocator(integer=True))


def _distance(lengths: Sequence[int]) -> float:
    """How far the seeds' points are set aside from the mean: to be told apart, but not from their length."""
    gaps = [after - before for before, after in pairwise(lengths)]
    return min(0.14 * min(gaps), 0.012 * (lengths[-1] - lengths[0])) if gaps else 0.012
