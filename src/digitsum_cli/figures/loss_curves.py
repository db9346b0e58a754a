"""Training curves: training and eval loss against the training step, one panel per length."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from digitsum_cli.figures.small_multiples import evenly_spread
from digitsum_cli.figures.style import (
    EVAL_COLOUR,
    GUIDE_COLOUR,
    TRAIN_COLOUR,
    add_legend,
    new_figure,
    set_title,
    styled,
)

Points = Sequence[tuple[float, float]]

MAXIMUM_PANELS = 16
MAXIMUM_LOSS = 6.0
"""The upper limit of the axis; a loss far above that of guessing would flatten everything else."""


@dataclass(frozen=True)
class LossCurve:
    """The losses of one training.

    Arguments:
        length: digits per row.
        train: (step, loss) at the end of each epoch, where the loss is the mean over its batches.
        eval: (step, loss) at each evaluation.
        diverged_at: the last (step, loss) of a training that diverged; None for others.
    """

    length: int
    train: Points
    eval: Points
    diverged_at: tuple[float, float] | None = None


def draw_loss_curves(curves: Sequence[LossCurve], subtitle: str, guess_loss: float) -> Figure:
    """Draws the curves, with all trainings at one length in one panel.

    Arguments:
        curves: the trainings; if there are more than 16 lengths, 16 evenly spaced ones are drawn.
        subtitle: what they have in common.
        guess_loss: the loss of always predicting the label frequencies, the best possible without memory.
    """
    every_length = sorted({curve.length for curve in curves})
    lengths = evenly_spread(every_length, MAXIMUM_PANELS)
    if len(lengths) < len(every_length):
        subtitle = f"{subtitle}; {len(lengths)} of {len(every_length)} lengths"
    columns = min(len(lengths), 4)
    rows = math.ceil(len(lengths) / columns)
    figure = new_figure(max(6.0, 3.0 * columns), 0.9 + 2.5 * rows)
    with styled():
        axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
        losses = [loss for curve in curves for _, loss in (*curve.train, *curve.eval)] or [guess_loss]
        highest = 1.04 * min(max(losses), max(MAXIMUM_LOSS, 2 * statistics.median(losses)))
        for panel, length in zip(axes.flat, lengths, strict=False):
            of_length = [curve for curve in curves if curve.length == length]
            _draw_panel(panel, length, of_length, guess_loss)
            _mark_divergence(panel, [curve.diverged_at for curve in of_length if curve.diverged_at], highest)
        for panel in axes.flat[len(lengths) :]:
            panel.remove()
        axes.flat[0].set_ylim(0, highest)
        axes.flat[0].set_xlim(left=0)
        _label_outer_axes(list(axes.flat[: len(lengths)]), columns)
        set_title(figure, "Training curves", subtitle)
        legend = {
            label: handle
            for panel in axes.flat[: len(lengths)]
            for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
        }
        add_legend(figure, legend.values(), legend)
    return figure


def _label_outer_axes(axes: Sequence[Axes], columns: int) -> None:
    """Labels the step below each column's last panel and the loss next to each row's first."""
    for index, panel in enumerate(axes):
        if index + columns >= len(axes):
            panel.set_xlabel("training step")
            panel.tick_params(labelbottom=True)
        if index % columns == 0:
            panel.set_ylabel("cross-entropy (nats)")


def _draw_panel(panel: Axes, length: int, curves: Sequence[LossCurve], guess_loss: float) -> None:
    """Draws one line per split; for several trainings the median, with each training faint behind it."""
    panel.axhline(guess_loss, color=GUIDE_COLOUR, linestyle=":", linewidth=1.2, label="guessing by label frequency")
    for name, colour, style in (("train", TRAIN_COLOUR, "-"), ("eval", EVAL_COLOUR, "--")):
        lines: list[Points] = [getattr(curve, name) for curve in curves]
        ends = [curve.diverged_at if name == "train" else None for curve in curves]
        to_the_end = [[*points, end] if end else points for points, end in zip(lines, ends, strict=True)]
        if len(lines) > 1:
            for points in to_the_end:
                panel.plot(*_coordinates(points), color=colour, alpha=max(0.08, 1 / len(lines)), linewidth=0.8)
        label = f"{name}: median over seeds" if len(lines) > 1 else name
        marker = "o" if max(map(len, lines)) == 1 else ""
        shown = _median(lines) if len(lines) > 1 else to_the_end[0]
        panel.plot(*_coordinates(shown), style, color=colour, linewidth=1.5, marker=marker, label=label)
    panel.set_title(f"length {length}")
    panel.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))


def _mark_divergence(panel: Axes, ends: Sequence[tuple[float, float]], highest: float) -> None:
    """Marks the last steps of trainings that diverged; a loss above the axis is marked at its upper end."""
    if ends:
        steps, losses = zip(*ends, strict=True)
        heights = [min(loss, highest) for loss in losses]
        panel.plot(steps, heights, "x", color=TRAIN_COLOUR, markersize=7, clip_on=False, zorder=4, label="diverged")


def _median(lines: Sequence[Points]) -> Points:
    """The median loss at each step, over the lines that include the step."""
    losses: dict[float, list[float]] = {}
    for points in lines:
        for step, loss in points:
            losses.setdefault(step, []).append(loss)
    return [(step, statistics.median(at_step)) for step, at_step in sorted(losses.items())]


def _coordinates(points: Points) -> tuple[list[float], list[float]]:
    return [step for step, _ in points], [loss for _, loss in points]
