"""Gradient norms during training, on a logarithmic scale: where they explode, vanish and are clipped."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from digitsum_cli.figures.small_multiples import MAXIMUM_PANELS, add_panels, evenly_spread, grid_shape
from digitsum_cli.figures.style import COLOURS, GUIDE_COLOUR, INK, add_legend, new_figure, set_title, styled

OTHERS = "others"
"""The parameters of a cell of the user's that the experiment has no symbol for."""

MATRICES = {
    "E": "E: embedding",
    "W": "W: input to state",
    "U": "U: state to state",
    "b": "b: state bias",
    "V": "V: state to output",
    "c": "c: output bias",
    OTHERS: "other parameters of the cell",
}
"""The experiment's symbols in words; in a gated cell, all gates of a matrix together."""

MAXIMUM_POINTS = 500
"""Longer trainings are divided into this many intervals, and the largest norm in each is drawn."""

Norms = npt.NDArray[np.float64]


class GradientNorms:
    """The gradient norms of one training.

    Arguments:
        length: digits per row.
        by_matrix: the norms of those of ``MATRICES`` that there are, one per step, before clipping.
    """

    def __init__(self, length: int, by_matrix: Mapping[str, Norms]) -> None:
        self.length, self.by_matrix = length, by_matrix
        self.total: Norms = np.sqrt(sum(norms**2 for norms in by_matrix.values()))
        """The norm of all gradients together, one per step."""


def percent_clipped(trainings: Sequence[GradientNorms], clip_norm: float) -> str:
    """The share of all steps whose gradients were scaled down; "100 %" only if there are no others."""
    clipped = sum(int((training.total > clip_norm).sum()) for training in trainings)
    steps = sum(len(training.total) for training in trainings)
    return "100 %" if clipped == steps else f"{min(99.9, 100 * clipped / steps):.1f} %"


def draw_gradient_norms(trainings: Sequence[GradientNorms], clip_norm: float | None, subtitle: str) -> Figure:
    """Draws the norm of all gradients of each training, and the medians over the trainings, one panel per length.

    Arguments:
        trainings: at least one; if there are more than 8 lengths, 8 evenly spaced ones are drawn.
        clip_norm: the norm above which gradients are scaled down; None for no clipping.
        subtitle: what they have in common.
    """
    every_length = sorted({training.length for training in trainings})
    lengths = evenly_spread(every_length, MAXIMUM_PANELS)
    if len(lengths) < len(every_length):
        subtitle = f"{subtitle}; {len(lengths)} of {len(every_length)} lengths"
    rows, columns = grid_shape(len(lengths))
    figure = new_figure(max(7.5, 3.0 * columns), 1.9 + 2.6 * rows)
    with styled():
        panels = add_panels(figure, len(lengths), "training step", "gradient norm", share_x=True)
        panels[0].set_yscale("log")
        for panel, length in zip(panels, lengths, strict=True):
            _draw_panel(panel, [each for each in trainings if each.length == length], clip_norm)
        panels[0].yaxis.set_major_locator(LogLocator(numticks=8))
        panels[0].yaxis.set_minor_formatter(NullFormatter())
        panels[0].set_xlim(left=0)
        set_title(figure, "Gradient norms during training", subtitle)
        handles, labels = panels[0].get_legend_handles_labels()
        add_legend(figure, handles, labels)
    return figure


def _draw_panel(panel: Axes, trainings: Sequence[GradientNorms], clip_norm: float | None) -> None:
    several = len(trainings) > 1
    title = f"length {trainings[0].length}"
    if clip_norm is not None:
        panel.axhline(
            clip_norm, color=GUIDE_COLOUR, linestyle="--", linewidth=1.4, label=f"clipped above {clip_norm:g}"
        )
        title += f": {percent_clipped(trainings, clip_norm)} of steps clipped"
    for training in trainings if several else ():
        _draw_line(panel, training.total, color=INK, linewidth=0.5, alpha=max(0.1, 1 / len(trainings)))
    label = "all parameters" + (" (faint: each seed)" if several else "")
    _draw_line(panel, _median([training.total for training in trainings]), color=INK, linewidth=2.2, label=label)
    for (matrix, label), colour in zip(MATRICES.items(), COLOURS, strict=False):
        if matrix not in trainings[0].by_matrix:
            continue
        norms = _median([training.by_matrix[matrix] for training in trainings])
        _draw_line(panel, norms, color=colour, linewidth=0.9, label=label)
    panel.set_title(title)
    panel.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))


def _median(lines: Sequence[Norms]) -> Norms:
    """The median at each step over the trainings that reached it."""
    longest = max(map(len, lines))
    padded = np.array([np.pad(line, (0, longest - len(line)), constant_values=np.nan) for line in lines])
    median: Norms = np.nanmedian(padded, axis=0)
    return median


def _draw_line(panel: Axes, norms: Norms, **style: Any) -> None:
    """Draws the largest norm of each interval at its first step; norms without a logarithm are left out."""
    interval = math.ceil(len(norms) / MAXIMUM_POINTS)
    steps = np.arange(0, len(norms), interval)
    largest = np.maximum.reduceat(norms, steps)
    largest[~np.isfinite(largest) | (largest == 0)] = np.nan
    panel.plot(steps, largest, **style)
    gap = np.isnan(np.pad(largest, 1, constant_values=np.nan))
    isolated = ~gap[1:-1] & gap[:-2] & gap[2:]
    if isolated.any():
        panel.plot(steps[isolated], largest[isolated], ".", markersize=2, **{**style, "label": None})
