"""Accuracy against length: the curve that shows how far back a network remembers."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from digitsum_cli.core.tasks.task import Floor
from digitsum_cli.figures.style import COLOURS, GUIDE_COLOUR, MARKERS, PAPER, add_legend, new_figure, set_title, styled
from digitsum_cli.figures.ticks import at_lengths
from digitsum_cli.table import short_percent

MAXIMUM_SERIES = 14
MANY_SETTINGS = 5
"""With more settings than this, bands and seeds are not drawn, as they would overlap."""

_HEIGHT = 4.1
"""The height in inches without the legend."""

_STYLES = {"accuracy": "-", "test": "--", "eval": ":"}


@dataclass(frozen=True)
class AccuracyPoint:
    """The accuracies at one length, 0 to 1.

    Arguments:
        length: digits per row.
        accuracy: the median over the seeds of the accuracy that describes the data best.
        interval: the interval of that median; None with too few seeds.
        seeds: that accuracy of each seed.
        test, eval: the median accuracies over the seeds.
        trained: the number of trainings, including those that diverged or failed.
        groups: the number of seeds, and the lowest and highest accuracy, of the two groups that the seeds fall into;
            empty if they do not.
    """

    length: int
    accuracy: float
    interval: tuple[float, float] | None
    seeds: tuple[float, ...]
    test: float
    eval: float
    trained: int
    groups: Sequence[tuple[int, float, float]] = ()


@dataclass(frozen=True)
class SpanMark:
    """A memory span, drawn as a marker on the curve.

    Arguments:
        threshold: the accuracy that defines it.
        length: of the medians over seeds.
        low, high: the ends of its interval; None if it has none.
    """

    threshold: float
    length: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class AccuracySeries:
    """One setting.

    Arguments:
        label: its label; may be empty.
        kind: the kind of its accuracy: ``exact``, ``sampled`` or ``test``.
        points: its accuracies.
        span: its memory span, if that lies within the lengths.
        all_lost: lengths at which all trainings diverged or failed, with their number.
    """

    label: str
    kind: str
    points: Sequence[AccuracyPoint]
    span: SpanMark | None
    all_lost: Sequence[tuple[int, int]] = ()


def draw_accuracy(series: Sequence[AccuracySeries], subtitle: str, floors: Sequence[Floor]) -> Figure:
    """Draws accuracy against length: every seed, their median with its interval, the memory span and the floor.

    Arguments:
        series: the settings; only the first 14 are drawn. The eval accuracy is drawn only for a single setting.
        subtitle: what the settings have in common.
        floors: the floors of their tasks.
    """
    drawn = series[:MAXIMUM_SERIES]
    if len(drawn) < len(series):
        subtitle = f"{subtitle}; {len(drawn)} of {len(series)} settings"
    figure = new_figure(7.5, _HEIGHT)
    with styled():
        panel = figure.subplots()
        if len(drawn) == 1:
            handles = _draw_single(panel, drawn[0])
        else:
            handles = [_draw_one_of_many(panel, index, each, len(drawn)) for index, each in enumerate(drawn)]
            kinds = " or ".join(dict.fromkeys(each.kind for each in drawn))
            handles += [
                panel.plot([], [], _STYLES[name], color=GUIDE_COLOUR, label=text)[0]
                for name, text in (("accuracy", f"{kinds}, median over seeds"), ("test", "test rows"))
            ]
        for floor in floors:
            label, style = f"floor: {floor}", (0, (1, 3))
            handles.append(
                panel.axhline(floor.accuracy, color=GUIDE_COLOUR, linestyle=style, linewidth=1.5, label=label)
            )
        set_title(figure, "How far back the network remembers", subtitle)
        panel.set_xlabel("sequence length (digits)")
        panel.set_ylabel("accuracy")
        panel.set_ylim(0, 1.02)
        panel.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
        lengths = {point.length for each in series for point in each.points}
        lengths |= {n for each in series for n, _ in each.all_lost}
        panel.xaxis.set_major_locator(at_lengths(lengths))
        legend = add_legend(figure, handles, [str(handle.get_label()) for handle in handles])
        figure.set_figheight(_HEIGHT + legend.get_window_extent().height / figure.dpi)
    return figure


def _draw_single(panel: Axes, series: AccuracySeries) -> list[Artist]:
    """Draws a single setting; returns the artists of the legend."""
    points = sorted(series.points, key=lambda point: point.length)
    colour = COLOURS[0]
    handles: list[Artist] = []
    several = any(len(point.seeds) > 1 for point in points)
    line = _draw_line(panel, points, "accuracy", colour, MARKERS[0])
    line.set_label(f"{series.kind}, median over seeds" if several else series.kind)
    handles.append(line)
    if several:
        band = _draw_band(panel, points, colour)
        band.set_label("95 % interval of the median")
        dots = _draw_seeds(panel, points, colour)
        dots.set_label("each seed")
        handles += [band, dots, *_draw_groups(panel, points, colour)]
    for split, split_colour, marker in (("test", COLOURS[1], MARKERS[1]), ("eval", COLOURS[2], MARKERS[2])):
        line = _draw_line(panel, points, split, split_colour, marker)
        line.set_label(f"{split} rows")
        handles.append(line)
    if series.span is not None:
        span_marker = _draw_span(panel, series.span, colour)
        whose = " of the medians" if several else ""
        span_marker.set_label(f"memory span{whose} at {short_percent(series.span.threshold)}")
        handles.append(span_marker)
    return [*handles, *_draw_lost(panel, series, colour)]


def _draw_one_of_many(panel: Axes, index: int, series: AccuracySeries, settings: int) -> Artist:
    """Draws one of several settings; with many, only the medians. Returns its artist in the legend."""
    points = sorted(series.points, key=lambda point: point.length)
    colour = COLOURS[index % len(COLOURS)]
    marker = MARKERS[(index + index // len(COLOURS)) % len(MARKERS)]
    line = _draw_line(panel, points, "accuracy", colour, marker)
    line.set_label(series.label)
    _draw_line(panel, points, "test", colour, "", linewidth=1.0)
    if settings <= MANY_SETTINGS and any(len(point.seeds) > 1 for point in points):
        _draw_band(panel, points, colour)
        _draw_seeds(panel, points, colour)
    if settings <= MANY_SETTINGS and series.span is not None:
        _draw_span(panel, series.span, colour)
    if settings <= MANY_SETTINGS:
        _draw_lost(panel, series, colour)
    return line


def _draw_lost(panel: Axes, series: AccuracySeries, colour: str) -> list[Artist]:
    """Says beside a point how many trainings it is made of, if some were lost, and marks lengths without any.

    Returns:
        The artist of the legend, if a length is marked.
    """
    notes = [(point.length, point.accuracy, len(point.seeds), point.trained) for point in series.points]
    notes += [(length, 0.0, 0, trained) for length, trained in series.all_lost]
    for length, height, done, trained in notes:
        if done < trained:
            place, text = (length, height), f"{done} of {trained}"
            panel.annotate(text, place, (0, 9), textcoords="offset points", ha="center", color=colour, fontsize=9)
    if not series.all_lost:
        return []
    lengths = [length for length, _ in series.all_lost]
    label = "all diverged or failed"
    return [*panel.plot(lengths, [0.0] * len(lengths), "x", color=colour, markersize=8, clip_on=False, label=label)]


def _draw_line(
    panel: Axes, points: Sequence[AccuracyPoint], name: str, colour: str, marker: str, linewidth: float = 1.8
) -> Artist:
    (line,) = panel.plot(
        [point.length for point in points],
        [getattr(point, name) for point in points],
        _STYLES[name],
        color=colour,
        marker=marker,
        markersize=6 if name == "accuracy" else 5,
        markerfacecolor=colour if name == "accuracy" else PAPER,
        linewidth=linewidth if name == "accuracy" else min(linewidth, 1.3),
        zorder=3,
    )
    return line


def _draw_band(panel: Axes, points: Sequence[AccuracyPoint], colour: str) -> Artist:
    """Draws the interval at every length that has one; a bar if there is a single length."""
    known = [(point.length, *point.interval) for point in points if point.interval is not None]
    lengths, lows, highs = zip(*known, strict=True) if known else ((), (), ())
    if len(known) == 1:
        return panel.vlines(lengths, lows, highs, color=colour, alpha=0.4, linewidth=5)
    return panel.fill_between(lengths, lows, highs, color=colour, alpha=0.2, linewidth=0)


def _draw_groups(panel: Axes, points: Sequence[AccuracyPoint], colour: str) -> list[Artist]:
    """Draws the ranges of both groups where the seeds fall into two, with the number of seeds of each.

    Returns:
        The artist of the legend, if there are such lengths.
    """
    drawn: list[Artist] = []
    for point in points:
        for seeds, low, high in point.groups:
            ends, middle = [low - 0.012, high + 0.012], (point.length, (low + high) / 2)
            (bar,) = panel.plot([point.length] * 2, ends, color=colour, alpha=0.45, linewidth=7, zorder=1)
            panel.annotate(
                str(seeds), middle, (7, 0), textcoords="offset points", va="center", color=colour, fontsize=9
            )
            bar.set_label("two groups of seeds and their sizes")
            drawn.append(bar)
    return drawn[:1]


def _draw_seeds(panel: Axes, points: Sequence[AccuracyPoint], colour: str) -> Artist:
    seeds = [(point.length, accuracy) for point in points for accuracy in point.seeds]
    lengths, accuracies = zip(*seeds, strict=True)
    (dots,) = panel.plot(lengths, accuracies, "o", color=colour, alpha=0.5, markersize=3.5, markeredgewidth=0)
    return dots


def _draw_span(panel: Axes, span: SpanMark, colour: str) -> Artist:
    panel.plot([span.length] * 2, [0, span.threshold], color=colour, linewidth=0.8, alpha=0.6)
    if span.low is not None and span.high is not None:
        panel.plot([span.low, span.high], [span.threshold] * 2, color=colour, linewidth=3, alpha=0.6)
    (marker,) = panel.plot(
        [span.length],
        [span.threshold],
        "D",
        color=PAPER,
        markeredgecolor=colour,
        markersize=8,
        markeredgewidth=1.8,
        zorder=4,
    )
    return marker
