"""Accuracy against length: the curve that shows how far back a network remembers."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, PercentFormatter

from digitsum_cli.figures.style import COLOURS, GUIDE_COLOUR, MARKERS, new_figure, set_title, styled

FLOOR = 0.1
"""The accuracy of always answering 9, the commonest sum."""


_STYLES = (("test", "-"), ("eval", "--"))


@dataclass(frozen=True)
class AccuracyPoint:
    """The accuracies of one length: mean, lowest and highest over the seeds, 0 to 1."""

    length: int
    eval: tuple[float, float, float]
    test: tuple[float, float, float]


MAXIMUM_SERIES = 14


def draw_accuracy(series: Sequence[tuple[str, Sequence[AccuracyPoint]]], subtitle: str) -> Figure:
    """Draws eval and test accuracy against length, with the range over seeds and the 10 % floor.

    Arguments:
        series: for each setting its label (may be empty) and its points; of over 14, the first 14 are drawn.
        subtitle: what the settings have in common.
    """
    drawn = series[:MAXIMUM_SERIES]
    if len(drawn) < len(series):
        subtitle = f"{subtitle}; {len(drawn)} of {len(series)} settings"
    figure = new_figure(7.5, 4.8 + 0.25 * (len(drawn) // 2))
    with styled():
        panel = figure.subplots()
        handles = [
            handle
            for index, (label, points) in enumerate(drawn)
            for handle in _draw_series(panel, index, label, sorted(points, key=lambda point: point.length))
        ]
        if len(drawn) > 1:
            handles += [panel.plot([], [], style, color=GUIDE_COLOUR, label=name)[0] for name, style in _STYLES]
        floor = "floor: always answering 9 (10 %)"
        handles.append(panel.axhline(FLOOR, color=GUIDE_COLOUR, linestyle=":", linewidth=1.5, label=floor))
        set_title(figure, "How far back it remembers", subtitle)
        panel.set_xlabel("sequence length (digits)")
        panel.set_ylabel("accuracy")
        panel.set_ylim(0, 1.02)
        panel.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
        lengths = sorted({point.length for _, points in series for point in points})
        panel.xaxis.set_major_locator(FixedLocator(lengths) if len(lengths) <= 12 else MaxNLocator(integer=True))
        figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure


def _draw_series(panel: Axes, index: int, label: str, points: Sequence[AccuracyPoint]) -> list[Artist]:
    """Draws one setting; returns what stands for it in the legend."""
    lengths = [point.length for point in points]
    colour = COLOURS[index % len(COLOURS)]
    marker = MARKERS[(index + index // len(COLOURS)) % len(MARKERS)]
    _, lows, highs = zip(*(point.test for point in points), strict=True)
    handles: list[Artist] = []
    if lows != highs:
        if len(points) == 1:
            panel.vlines(lengths, lows, highs, color=colour, alpha=0.4, linewidth=4)
        band = panel.fill_between(lengths, lows, highs, color=colour, alpha=0.15, linewidth=0)
        if not label:
            band.set_label("test, lowest to highest seed")
            handles.append(band)
    for split, style in _STYLES:
        (line,) = panel.plot(
            lengths,
            [getattr(point, split)[0] for point in points],
            style,
            color=colour,
            marker=marker,
            markersize=6,
            markerfacecolor=colour if split == "test" else "white",
            label=label or split,
        )
        if split == "test" or not label:
            handles.append(line)
    return handles
