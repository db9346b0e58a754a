"""The spectral radius of the recurrent weights: whether a state fades, lasts or grows from step to step."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import fmean
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple

from digitsum_cli.figures.style import COLOURS, GUIDE_COLOUR, MARKERS, new_figure, set_title, styled
from digitsum_cli.figures.ticks import every_nth

MAXIMUM_LABELS = 16
"""Of more lengths, only some are written below the axis."""

_SERIES = (("start", "before training", COLOURS[5], -0.2), ("kept", "kept weights", COLOURS[0], 0.2))
_HALF_WIDTH = 0.15
"""Of a series at one length; the lengths are 1 apart."""

_FEWEST_PLACES = 4
_GOLDEN = 0.6180339887498949
"""The golden ratio's fraction: its multiples, without their whole parts, are spread evenly, however many there are."""


@dataclass(frozen=True)
class SpectralRadiusPoint:
    """The spectral radii of the recurrent weight matrix U at one length, one for each seed.

    Arguments:
        length: digits in a row.
        start: before training.
        kept: of the kept weights.
    """

    length: int
    start: Sequence[float]
    kept: Sequence[float]


def draw_spectral_radius(points: Sequence[SpectralRadiusPoint], subtitle: str) -> Figure:
    """Draws each seed as a point and their mean as a bar, before and after training, side by side for each length.

    Arguments:
        points: one for each length, 1 or more; the lengths are set at equal distances.
        subtitle: what they have in common.
    """
    points = sorted(points, key=lambda point: point.length)
    figure = new_figure(min(12.0, max(7.5, 1.0 + 0.3 * len(points))), 4.8)
    with styled():
        panel = figure.subplots()
        panel.grid(False, axis="x")
        guide = panel.axhline(1, color=GUIDE_COLOUR, linestyle=":", linewidth=1.5)
        legend: dict[str, Any] = {}  # matplotlib's types leave out pairs of artists
        for marker, (name, label, colour, offset) in zip(MARKERS, _SERIES, strict=False):
            radii = [getattr(point, name) for point in points]
            legend[f"{label}: each seed, and the mean"] = _draw_series(panel, radii, offset, colour, marker)
        legend["1: below it, a state fades"] = guide
        labelled = every_nth(len(points), MAXIMUM_LABELS)
        panel.set_xticks(labelled, labels=[str(points[place].length) for place in labelled])
        middle, half = (len(points) - 1) / 2, max(len(points), _FEWEST_PLACES) / 2
        panel.set_xlim(middle - half, middle + half)
        panel.set_ylim(0, 1.05 * max(1.0, *(radius for point in points for radius in (*point.start, *point.kept))))
        panel.set_xlabel("sequence length (digits)")
        panel.set_ylabel("spectral radius of U")
        set_title(figure, "What training does to the recurrent weights", subtitle)
        side_by_side = {tuple: HandlerTuple(ndivide=None)}
        figure.legend(legend.values(), legend, loc="outside lower center", ncols=2, handler_map=side_by_side)
    return figure


def _draw_series(
    panel: Axes, radii: Sequence[Sequence[float]], offset: float, colour: str, marker: str
) -> tuple[Artist, ...]:
    """Draws the points and bars of all lengths; returns what stands for them in the legend."""
    x = [place + offset + _jitter(seed) for place, at in enumerate(radii) for seed in range(len(at))]
    points = panel.scatter(x, list(chain(*radii)), s=20, color=colour, alpha=0.5, linewidths=0, marker=marker, zorder=3)
    left = [place + offset - _HALF_WIDTH for place in range(len(radii))]
    right = [place + offset + _HALF_WIDTH for place in range(len(radii))]
    means = panel.hlines([fmean(at) for at in radii], left, right, color=colour, linewidth=2.5)
    return points, means


def _jitter(seed: int) -> float:
    """How far aside a seed's point is set; the first one not at all."""
    return 2 * _HALF_WIDTH * ((seed * _GOLDEN + 0.5) % 1 - 0.5)
