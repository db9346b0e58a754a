"""The memory span: the length up to which a network that is trained anew at each length still remembers.

At each length, the accuracy is the median over the seeds. As memory cannot grow with the length, these medians are
replaced by the closest values that never rise (isotonic regression): neighbours in the wrong order share their mean.
The span is where this curve falls below a threshold, interpolated between two lengths::

    median      0.80  0.60  0.70  0.30        threshold 0.5
    monotone    0.80  0.65  0.65  0.30
    length         5    10    15    20   ->   15 + (0.65 - 0.50) / (0.65 - 0.30) * (20 - 15) = 17.1

The first length below the threshold, without this, comes the sooner the more lengths are measured: one of many dips.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import median

from digitsum_cli.stats.intervals import median_ranks


class Bound(StrEnum):
    """Whether a span is known or lies outside the measured lengths."""

    BELOW = "below"
    KNOWN = "known"
    BEYOND = "beyond"


@dataclass(frozen=True)
class Span:
    """A memory span.

    Arguments:
        length: in digits; the first measured length if the span lies below it, the last if it may lie beyond it.
        bound: whether the span is known, below or beyond.
    """

    length: float
    bound: Bound

    def __str__(self) -> str:
        """``16.7``, ``< 5`` or ``≥ 35``."""
        sign = {Bound.BELOW: "< ", Bound.KNOWN: "", Bound.BEYOND: "≥ "}[self.bound]
        return f"{sign}{self.length:.1f}".removesuffix(".0")


@dataclass(frozen=True)
class MedianSpan:
    """A span in the middle of several seeds, with its 95 % interval.

    Arguments:
        median: the span.
        low, high: the ends of its interval; None for fewer than six seeds.
        seeds: number of seeds.
        dips: measured lengths within the span at which the median alone is below the threshold.
    """

    median: Span
    low: Span | None
    high: Span | None
    seeds: int
    dips: tuple[int, ...] = ()

    def __str__(self) -> str:
        """``22.3 [20, 25]``, ``≥ 35 [≥ 35]``, ``22.3 [–]`` with too few seeds, and ``22.3`` of one seed."""
        if self.seeds == 1:
            return str(self.median)
        if self.low is None:
            return f"{self.median} [–]"
        return f"{self.median} [{self.low}]" if self.low == self.high else f"{self.median} [{self.low}, {self.high}]"


def memory_span(lengths: Sequence[int], accuracies: Sequence[float], threshold: float) -> Span:
    """The length at which a curve first falls below a threshold.

    Arguments:
        lengths: digits per row, in ascending order.
        accuracies: the accuracies at these lengths, 0 to 1.
        threshold: the accuracy needed to count a length as remembered.
    """
    measured = list(zip(lengths, accuracies, strict=True))
    if measured[0][1] < threshold:
        return Span(float(lengths[0]), Bound.BELOW)
    for (length, accuracy), (next_length, next_accuracy) in pairwise(measured):
        if next_accuracy < threshold:
            share = (accuracy - threshold) / (accuracy - next_accuracy)
            return Span(length + share * (next_length - length), Bound.KNOWN)
    return Span(float(lengths[-1]), Bound.BEYOND)


def median_span(lengths: Sequence[int], accuracies: Sequence[Sequence[float]], threshold: float) -> MedianSpan:
    """The memory span of the medians over seeds that were trained anew at each length, with a 95 % interval.

    The interval is exact, whatever the distribution over seeds. Its lower end tests length by length, from the shortest
    on and up to the first failure, whether the median is at least the threshold; its upper end, from the longest on
    downwards, whether the median is below it. Each test is the one-sided sign test at 2.5 %. In such a fixed order, no
    correction for several tests is needed (Maurer, Hothorn and Lehmacher 1995). The ends are measured lengths, so the
    interval does not rest on interpolation.

    Arguments:
        lengths: digits per row, in ascending order.
        accuracies: for each length, one accuracy per seed, 0 to 1; at least one, and as many at every length.
        threshold: the accuracy needed to count a length as remembered.
    """
    seeds = len(accuracies[0])
    medians = [median(by_seed) for by_seed in accuracies]
    span = memory_span(lengths, _never_rising(medians), threshold)
    within = [] if span.bound == Bound.BELOW else zip(lengths, medians, strict=True)
    dips = tuple(length for length, accuracy in within if length <= span.length and accuracy < threshold)
    ranks = median_ranks(seeds)
    if ranks is None:
        return MedianSpan(span, None, None, seeds, dips)
    ends = [tuple(sorted(by_seed)[rank] for rank in ranks) for by_seed in accuracies]
    remembered, forgotten = 0, len(lengths)
    while remembered < len(lengths) and ends[remembered][0] >= threshold:
        remembered += 1
    while forgotten and ends[forgotten - 1][1] < threshold:
        forgotten -= 1
    first, last = float(lengths[0]), float(lengths[-1])
    beyond, below = Span(last, Bound.BEYOND), Span(first, Bound.BELOW)
    low = below if remembered == 0 else beyond if remembered == len(lengths) else _at(lengths[remembered - 1])
    high = beyond if forgotten == len(lengths) else below if forgotten == 0 else _at(lengths[forgotten])
    return MedianSpan(span, low, high, seeds, dips)


def median_of_spans(spans: Sequence[Span]) -> MedianSpan:
    """The median of the spans of several networks, with its interval from order statistics.

    Arguments:
        spans: one per network, at least one.
    """
    order = list(Bound)
    ordered = sorted(spans, key=lambda span: (span.length, order.index(span.bound)))
    lower, upper = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    bounds = {lower.bound, upper.bound} - {Bound.KNOWN}
    # Halfway between a known span and one beyond is a lower bound of the median. Between one below, which may be as
    # short as 0, and one beyond, the lower bound is half of the latter.
    if bounds == {Bound.BELOW, Bound.BEYOND}:
        middle = Span(upper.length / 2, Bound.BEYOND)
    else:
        middle = Span(math.fsum((lower.length, upper.length)) / 2, bounds.pop() if bounds else Bound.KNOWN)
    ranks = median_ranks(len(ordered))
    low, high = (None, None) if ranks is None else (ordered[rank] for rank in ranks)
    return MedianSpan(middle, low, high, len(ordered))


def _never_rising(accuracies: Sequence[float]) -> list[float]:
    """The closest values, by least squares, that never rise."""
    from scipy.optimize import isotonic_regression

    values: list[float] = isotonic_regression(accuracies, increasing=False).x.tolist()
    return values


def _at(length: int) -> Span:
    return Span(float(length), Bound.KNOWN)
