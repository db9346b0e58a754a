"""Spectral radii: whether a state decays, persists or grows from step to step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import fmean
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple

from digitsum_cli.figures.style import COLOURS, GUIDE_COLOUR, MARKERS, add_legend, new_figure, set_title, styled
from digitsum_cli.figures.ticks import every_nth

MAXIMUM_LABELS = 16
"""With more lengths than this, only some are labelled on the axis."""

_SERIES = (
    ("start", "U before training", COLOURS[5], -0.28),
    ("best", "U at the best checkpoint", COLOURS[0], 0.0),
    ("jacobian", "Jacobian at the last states", COLOURS[2], 0.28),
)
_HALF_WIDTH = 0.11
"""Half the width of a series at one length; the lengths are 1 apart."""

_MINIMUM_PLACES = 4
_GOLDEN = 0.6180339887498949
"""The fractional part of the golden ratio; the fractional parts of its multiples are always evenly spread."""


@dataclass(frozen=True)
class SpectralRadiusPoint:
    """The spectral radii at one length, one for each seed; NaN is left out.

    Arguments:
        length: digits per row.
        start: of the recurrent weight matrix U before training.
        best: of U at the best checkpoint.
        jacobian: of the Jacobian of a step at the states that the best checkpoint reaches.
    """

    length: int
    start: Sequence[float]
    best: Sequence[float]
    jacobian: Sequence[float]


def draw_spectral_radius(points: Sequence[SpectralRadiusPoint], subtitle: str) -> Figure:
    """Draws each seed as a point and the mean as a bar: for each length, the three radii next to each other.

    Arguments:
        points: one for each length, at least one; the lengths are equally spaced.
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
            legend[f"{label}: each seed and the mean"] = _draw_series(panel, radii, offset, colour, marker)
        legend["1: below this, states decay"] = guide
        labelled = every_nth(len(points), MAXIMUM_LABELS)
        panel.set_xticks(labelled, labels=[str(points[place].length) for place in labelled])
        middle, half = (len(points) - 1) / 2, max(len(points), _MINIMUM_PLACES) / 2
        panel.set_xlim(middle - half, middle + half)
        every_radius = chain.from_iterable((*point.start, *point.best, *point.jacobian) for point in points)
        panel.set_ylim(0, 1.05 * max(1.0, *filter(math.isfinite, every_radius)))
        panel.set_xlabel("sequence length (digits)")
        panel.set_ylabel("spectral radius")
        set_title(figure, "Spectral radii: does a state decay, persist or grow?", subtitle)
        adjacent = {tuple: HandlerTuple(ndivide=None)}
        add_legend(figure, legend.values(), legend, handler_map=adjacent)
    return figure


def _draw_series(
    panel: Axes, radii: Sequence[Sequence[float]], offset: float, colour: str, marker: str
) -> tuple[Artist, ...]:
    """Draws the points and bars of all lengths; returns their artists in the legend."""
    x = [place + offset + _jitter(seed) for place, at in enumerate(radii) for seed in range(len(at))]
    points = panel.scatter(x, list(chain(*radii)), s=20, color=colour, alpha=0.5, linewidths=0, marker=marker, zorder=3)
    left = [place + offset - _HALF_WIDTH for place in range(len(radii))]
    right = [place + offset + _HALF_WIDTH for place in range(len(radii))]
    means = panel.hlines([_mean(at) for at in radii], left, right, color=colour, linewidth=2.5)
    return points, means


def _mean(radii: Sequence[float]) -> float:
    known = [radius for radius in radii if math.isfinite(radius)]
    return fmean(known) if known else math.nan


def _jitter(seed: int) -> float:
    """The horizontal offset of a seed's point; 0 for the first seed."""
    return 2 * _HALF_WIDTH * ((seed * _GOLDEN + 0.5) % 1 - 0.5)
