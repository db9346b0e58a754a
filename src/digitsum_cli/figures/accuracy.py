"""Accuracy against length: the curve that shows how far back a network remembers."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, PercentFormatter

from digitsum_cli.figures.style import COLOURS, GUIDE_COLOUR, MARKERS, new_figure, set_title, styled

FLOOR = 0.1
"""The accuracy of always answering 9, the commonest sum."""


@dataclass(frozen=True)
class AccuracyPoint:
    """The accuracies of one length: mean, lowest and highest over the seeds, 0 to 1."""

    length: int
    eval: tuple[float, float, float]
    test: tuple[float, float, float]


def draw_accuracy(series: Sequence[tuple[str, Sequence[AccuracyPoint]]], subtitle: str) -> Figure:
    """Draws eval and test accuracy against length, with the range over seeds and the 10 % floor.

    Arguments:
        series: for each setting its label (may be empty) and its points.
        subtitle: what the settings have in common.
    """
    figure = new_figure(7.5, 4.8)
    with styled():
        panel = figure.subplots()
        for index, (label, points) in enumerate(series):
            _draw_series(panel, index, label, sorted(points, key=lambda point: point.length))
        panel.axhline(FLOOR, color=GUIDE_COLOUR, linestyle=":", linewidth=1.5, label="floor: always answering 9 (10 %)")
        set_title(figure, "How far back it remembers", subtitle)
        panel.set_xlabel("sequence length (digits)")
        panel.set_ylabel("accuracy")
        panel.set_ylim(0, 1.02)
        panel.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
        lengths = sorted({point.length for _, points in series for point in points})
        panel.xaxis.set_major_locator(FixedLocator(lengths) if len(lengths) <= 12 else MaxNLocator(integer=True))
        figure.legend(loc="outside lower center", ncols=3 if len(series) == 1 else 2)
    return figure


def _draw_series(panel: Axes, index: int, label: str, points: Sequence[AccuracyPoint]) -> None:
    lengths = [point.length for point in points]
    colour, marker = COLOURS[index % len(COLOURS)], MARKERS[index % len(MARKERS)]
    for split, style, filled in (("test", "-", True), ("eval", "--", False)):
        spreads = [getattr(point, split) for point in points]
        means, lows, highs = zip(*spreads, strict=True) if spreads else ((), (), ())
        if split == "test" and lows != highs:
            panel.fill_between(lengths, lows, highs, color=colour, alpha=0.15, linewidth=0)
        panel.plot(
            lengths,
            means,
            style,
            color=colour,
            marker=marker,
            markersize=6,
            markerfacecolor=colour if filled else "white",
            label=f"{label} {split}".strip(),
        )
