"""The gradients' norms while training, on a logarithmic scale: where they explode, vanish, and are clipped."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from digitsum_cli.figures.small_multiples import MAXIMUM_PANELS, add_panels, evenly_spread, grid_shape
from digitsum_cli.figures.style import COLOURS, GUIDE_COLOUR, INK, add_legend, new_figure, set_title, styled

MATRICES = {
    "E": "E: embedding",
    "W": "W: input to state",
    "U": "U: state to state",
    "b": "b: bias of the state",
    "V": "V: state to answer",
    "c": "c: bias of the answer",
}
"""The experiment's symbols in words; of a gated cell, the gates of a matrix together."""

MAXIMUM_POINTS = 500
"""Of more steps, the largest norm in each of so many stretches is drawn."""

Norms = Sequence[float]


@dataclass(frozen=True)
class GradientNorms:
    """One training.

    Arguments:
        length: digits in a row.
        by_matrix: the norms of each of ``MATRICES``, one a step, before clipping.
    """

    length: int
    by_matrix: Mapping[str, Norms]

    @property
    def total(self) -> list[float]:
        """The norm of all gradients together, one a step."""
        return [math.hypot(*norms) for norms in zip(*self.by_matrix.values(), strict=True)]


def share_clipped(trainings: Sequence[GradientNorms], clip_norm: float) -> float:
    """The share of all steps whose gradients were scaled down."""
    totals = [norm for training in trainings for norm in training.total]
    return sum(norm > clip_norm for norm in totals) / len(totals)


def draw_gradient_norms(trainings: Sequence[GradientNorms], clip_norm: float | None, subtitle: str) -> Figure:
    """Draws the norm of all gradients of each training, and medians over the trainings, one panel for each length.

    Arguments:
        trainings: one or more; of over 8 lengths, 8 are drawn, evenly spread.
        clip_norm: from which norm on they are scaled down; None for never.
        subtitle: what they have in common.
    """
    every_length = sorted({training.length for training in trainings})
    lengths = evenly_spread(every_length, MAXIMUM_PANELS)
    if len(lengths) < len(every_length):
        subtitle = f"{subtitle}; {len(lengths)} of {len(every_length)} lengths"
    rows, columns = grid_shape(len(lengths))
    figure = new_figure(max(7.5, 3.0 * columns), 1.9 + 2.6 * rows)
    with styled():
        panels = add_panels(figure, len(lengths), "training step", "norm of the gradient", share_x=True)
        panels[0].set_yscale("log")
        for panel, length in zip(panels, lengths, strict=True):
            _draw_panel(panel, [each for each in trainings if each.length == length], clip_norm)
        panels[0].yaxis.set_major_locator(LogLocator(numticks=8))
        panels[0].yaxis.set_minor_formatter(NullFormatter())
        panels[0].set_xlim(left=0)
        set_title(figure, "How large the gradients are", subtitle)
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
        title += f": {100 * share_clipped(trainings, clip_norm):.0f} % of the steps clipped"
    for (matrix, label), colour in zip(MATRICES.items(), COLOURS, strict=False):
        steps, norms = _median([training.by_matrix[matrix] for training in trainings])
        panel.plot(steps, norms, color=colour, linewidth=0.9, label=label)
    for training in trainings if several else ():
        panel.plot(*_thinned(training.total), color=INK, linewidth=0.5, alpha=max(0.1, 1 / len(trainings)))
    label = "all together" + (" (faint: each seed)" if several else "")
    panel.plot(*_median([training.total for training in trainings]), color=INK, linewidth=1.6, label=label)
    panel.set_title(title)
    panel.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))


def _median(lines: Sequence[Norms]) -> tuple[list[int], list[float]]:
    """The median at each step over the trainings that came so far."""
    longest = max(map(len, lines))
    return _thinned([median(line[step] for line in lines if step < len(line)) for step in range(longest)])


def _thinned(norms: Norms) -> tuple[list[int], list[float]]:
    """The largest of each stretch, at its first step; what has no logarithm is left out."""
    stretch = math.ceil(len(norms) / MAXIMUM_POINTS)
    steps = range(0, len(norms), stretch)
    largest = (max(norms[step : step + stretch]) for step in steps)
    return list(steps), [norm if 0 < norm < math.inf else math.nan for norm in largest]
