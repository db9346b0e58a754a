"""The gradient of the loss with respect to earlier and earlier states: how far back training can reach."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from digitsum_cli.figures.length_colours import add_colour_key, length_colours
from digitsum_cli.figures.style import GUIDE_COLOUR, add_legend, new_figure, set_title, styled
from digitsum_cli.figures.ticks import whole_numbers

SMALLEST_NORM = sys.float_info.min
"""Smaller norms have lost precision to underflow and count as 0."""


@dataclass(frozen=True)
class GradientCurve:
    """The gradients at one length, in nats per unit of state.

    Arguments:
        length: digits per row.
        start: the mean over rows of the norm of the loss's gradient with respect to a state, by lag, before training,
            of shape ``(length,)``; lag 0 is the last state, lag ``length - 1`` the state after the first digit.
        best: the same for the best checkpoint.
    """

    length: int
    start: Sequence[float]
    best: Sequence[float]


def draw_gradient_by_lag(curves: Sequence[GradientCurve], subtitle: str) -> Figure:
    """Draws the norm against the lag, before and after training, one line for each length.

    A line ends where the norm is 0; a triangle at the bottom marks the first such lag.

    Arguments:
        curves: one for each length, at least one.
        subtitle: what they have in common.
    """
    curves = sorted(curves, key=lambda curve: curve.length)
    colours = length_colours(len(curves))
    figure = new_figure(8.4, 4.6)
    with styled():
        panels = figure.subplots(1, 2, sharex=True, sharey=True)
        panels[0].set_yscale("log")
        panels[0].set_ylabel("mean ‖∂loss/∂state‖ (nats)")
        panels[0].xaxis.set_major_locator(whole_numbers(6))
        legend: dict[str, Artist] = {}
        for panel, weights, name in zip(panels, ("start", "best"), ("before training", "best checkpoint"), strict=True):
            panel.set_title(name)
            panel.set_xlabel("lag (steps back from the last digit)")
            for curve, colour in reversed(list(zip(curves, colours, strict=True))):
                legend |= _draw_line(panel, getattr(curve, weights), colour)
        if len(curves) > 1:
            add_colour_key(figure, panels, [curve.length for curve in curves], colours)
        else:
            legend = {f"length {curves[0].length}": Line2D([], [], color=colours[0], linewidth=1.5), **legend}
        set_title(figure, "How far back the gradient reaches", subtitle)
        add_legend(figure, legend.values(), legend)
    return figure


def _draw_line(panel: Axes, norms: Sequence[float], colour: str) -> dict[str, Artist]:
    """Draws one line and marks its end; returns the entries that the legend needs."""
    drawn = [norm if norm >= SMALLEST_NORM else math.nan for norm in norms]
    panel.plot(range(len(norms)), drawn, color=colour, linewidth=1.5)
    panel.plot([len(norms) - 1], drawn[-1:], "o", color=colour, markersize=4.5)
    entries: dict[str, Artist] = {"state after the first digit": _legend_marker("o")}
    zeros = [lag for lag, norm in enumerate(norms) if norm < SMALLEST_NORM]
    if zeros:
        at_bottom = panel.get_xaxis_transform()
        panel.plot(zeros[:1], [0.0], "v", color=colour, markersize=7, clip_on=False, transform=at_bottom, zorder=3)
        entries["0 from here on (underflow)"] = _legend_marker("v")
    return entries


def _legend_marker(marker: str) -> Artist:
    return Line2D([], [], linestyle="", marker=marker, color=GUIDE_COLOUR, markersize=6)
