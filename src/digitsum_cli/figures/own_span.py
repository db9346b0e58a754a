"""How far back single networks remember, against the length that they were trained at."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from matplotlib.figure import Figure

from digitsum_cli.figures.style import COLOURS, GUIDE_COLOUR, MARKERS, add_legend, new_figure, set_title, styled
from digitsum_cli.figures.ticks import at_lengths
from digitsum_cli.stats.memory_span import Bound, Span
from digitsum_cli.table import short_percent

_MARKERS = {Bound.BELOW: "v", Bound.KNOWN: "o", Bound.BEYOND: "^"}


@dataclass(frozen=True)
class OwnSpanPoint:
    """The own spans of the networks trained at one length.

    Arguments:
        threshold: the accuracy that counts as remembered.
        train_length: digits per row in training.
        spans: one per network.
        median: their median.
    """

    threshold: float
    train_length: int
    spans: Sequence[Span]
    median: Span


def draw_own_span(points: Sequence[OwnSpanPoint], subtitle: str) -> Figure:
    """Draws each network's span as a point, and the medians that lie within the lengths as lines.

    Arguments:
        points: in ascending order of the training length; at least one.
        subtitle: what they have in common.
    """
    figure = new_figure(7.5, 4.8)
    train_lengths = sorted({point.train_length for point in points})
    gap = min((after - before for before, after in pairwise(train_lengths)), default=1)
    with styled():
        panel = figure.subplots()
        for index, threshold in enumerate(dict.fromkeys(point.threshold for point in points)):
            of_threshold = [point for point in points if point.threshold == threshold]
            colour, offset = COLOURS[index % len(COLOURS)], 0.06 * gap * (index - 0.5)
            for bound, marker in _MARKERS.items():
                seeds = [(p.train_length + offset, s.length) for p in of_threshold for s in p.spans if s.bound == bound]
                panel.plot(
                    *zip(*seeds, strict=True) if seeds else ([], []), marker, color=colour, alpha=0.5, markersize=5
                )
            medians = [point.median.length if point.median.bound == Bound.KNOWN else math.nan for point in of_threshold]
            panel.plot(
                [point.train_length for point in of_threshold],
                medians,
                color=colour,
                marker=MARKERS[index % len(MARKERS)],
                markersize=7,
                label=f"at least {short_percent(threshold)}, median",
            )
        for bound, label in ((Bound.BELOW, "below even at the training length"), (Bound.BEYOND, "beyond all lengths")):
            if any(span.bound == bound for point in points for span in point.spans):
                panel.plot([], [], _MARKERS[bound], color=GUIDE_COLOUR, markersize=5, label=label)
        panel.plot(
            train_lengths, train_lengths, color=GUIDE_COLOUR, linestyle="--", linewidth=1.2, label="the training length"
        )
        panel.set_xlabel("training length (digits)")
        panel.set_ylabel("own span (digits)")
        panel.set_ylim(bottom=0)
        panel.xaxis.set_major_locator(at_lengths(train_lengths))
        set_title(figure, "How far back one network remembers", subtitle)
        add_legend(figure, *panel.get_legend_handles_labels())
    return figure
