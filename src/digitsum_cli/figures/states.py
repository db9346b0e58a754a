"""The states of all pairs of first digits while only zeros follow: attractors, a line or a single point."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from digitsum_cli.figures.heat_map import SEQUENTIAL, add_colour_bar
from digitsum_cli.figures.style import GUIDE_COLOUR, new_figure, set_title, styled
from digitsum_cli.figures.ticks import whole_numbers

_HEIGHT = 3.4


@dataclass(frozen=True)
class ProjectedStates:
    """The states after some digits.

    Arguments:
        digits: how many digits were read: the first two, then zeros.
        components: the first two principal components of each state, of shape ``(states, 2)``.
    """

    digits: int
    components: Sequence[Sequence[float]]


def draw_states(panels: Sequence[ProjectedStates], labels: Sequence[int], subtitle: str, label_name: str) -> Figure:
    """Draws a panel for each number of digits, with one point per state, coloured by its correct answer.

    Arguments:
        panels: at least one; their components are those of one projection.
        labels: the correct answer of each state.
        subtitle: what they have in common.
        label_name: what the correct answer is called.
    """
    figure = new_figure(12.0, _HEIGHT + 0.6)
    with styled():
        axes = list(figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False).flat)
        for axis, panel in zip(axes, panels, strict=True):
            x, y = np.asarray(panel.components, dtype=float).T
            points = axis.scatter(
                x, y, c=labels, cmap=SEQUENTIAL, s=26, edgecolors=GUIDE_COLOUR, linewidths=0.4, zorder=3
            )
            axis.set_title(f"after {panel.digits:,} digits")
        axes[0].set_ylabel("second principal component")
        axes[len(axes) // 2].set_xlabel("first principal component")
        bar = add_colour_bar(figure, points, axes, f"correct {label_name}", _HEIGHT)
        bar.ax.yaxis.set_major_locator(whole_numbers(7))
        set_title(figure, "Where the states go while only zeros follow", subtitle)
    return figure
