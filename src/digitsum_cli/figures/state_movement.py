"""How far a state moves per step while only zeros follow, and how far a distractor moves it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogFormatter, StrMethodFormatter

from digitsum_cli.figures.length_colours import add_colour_key, length_colours
from digitsum_cli.figures.style import GUIDE_COLOUR, add_legend, new_figure, set_title, styled


@dataclass(frozen=True)
class StateMovement:
    """Distances between the states of a network trained at one length.

    Arguments:
        length: digits per row in training.
        movement: between consecutive states while only zeros follow, by digits read.
        displacement: between the states with and without a distractor, by zeros read since.
        answer_distance: between a state and the nearest one of another answer.
    """

    length: int
    movement: Mapping[int, float]
    displacement: Mapping[int, float]
    answer_distance: float


def draw_state_movement(curves: Sequence[StateMovement], subtitle: str) -> Figure:
    """Draws both distances, one line for each length; a line ends where the distance is 0.

    Arguments:
        curves: one for each length, at least one.
        subtitle: what they have in common.
    """
    curves = sorted(curves, key=lambda curve: curve.length)
    colours = length_colours(len(curves))
    figure = new_figure(8.4, 4.6)
    with styled():
        panels = left, right = figure.subplots(1, 2)
        for curve, colour in reversed(list(zip(curves, colours, strict=True))):
            _draw_line(left, curve.movement, 0, colour)
            _draw_line(right, curve.displacement, 1, colour)
            at_end = [max(curve.displacement) + 1], [_positive(curve.answer_distance)]
            right.plot(*at_end, "x", color=colour, markersize=7, markeredgewidth=1.8, zorder=3)
        for panel in panels:
            panel.set_xscale("log")
            panel.set_yscale("log")
            panel.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            panel.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1, 0.4)))
        left.set(title="while only zeros follow", xlabel="digits read", ylabel="distance between consecutive states")
        right.set(
            title="after a distractor", xlabel="digits since, including it", ylabel="distance from the state without it"
        )
        legend: dict[str, Artist] = {
            "distance to the nearest state of another answer": Line2D(
                [], [], linestyle="", marker="x", color=GUIDE_COLOUR, markersize=7, markeredgewidth=1.8
            )
        }
        if len(curves) > 1:
            add_colour_key(figure, panels, [curve.length for curve in curves], colours)
        else:
            legend = {f"length {curves[0].length}": Line2D([], [], color=colours[0], linewidth=1.5), **legend}
        set_title(figure, "How far states move", subtitle)
        add_legend(figure, legend.values(), legend)
    return figure


def _draw_line(panel: Axes, distances: Mapping[int, float], first: int, colour: str) -> None:
    """Draws distances by step; ``first`` is added to the steps, since a logarithmic axis has no 0."""
    panel.plot(
        [step + first for step in distances],
        [_positive(distance) for distance in distances.values()],
        color=colour,
        linewidth=1.5,
    )


def _positive(distance: float) -> float:
    return distance if distance > 0 else math.nan
