"""The memory span: the largest length that is still remembered.

A length is remembered if the accuracy is at least a threshold at this length and at every shorter measured length.
Between the last length that is remembered and the first that is not, the accuracy is interpolated linearly::

    accuracy    0.80  0.70  0.60  0.30        threshold 0.5
    length         5    10    15    20   ->   15 + (0.60 - 0.50) / (0.60 - 0.30) * (20 - 15) = 16.7
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from digitsum_cli.stats.intervals import median_ranks


class Bound(StrEnum):
    """Whether a span is known exactly or lies outside the measured lengths."""

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
    """The median of several spans with its 95 % interval, whose ends are None for fewer than six spans."""

    median: Span
    low: Span | None
    high: Span | None

    @property
    def has_interval(self) -> bool:
        """Whether there is an interval that is wider than the median itself."""
        return self.low is not None and not self.low == self.median == self.high

    def __str__(self) -> str:
        """``22.3 [20.1, 25]``; an interval that equals the median is omitted."""
        return f"{self.median} [{self.low}, {self.high}]" if self.has_interval else str(self.median)


def memory_span(lengths: Sequence[int], accuracies: Sequence[float], threshold: float) -> Span:
    """The memory span of one seed's accuracies over lengths.

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


def median_span(spans: Sequence[Span]) -> MedianSpan:
    """The median over seeds with its interval from order statistics, which allow for spans outside the lengths.

    Arguments:
        spans: one per seed, at least one.
    """
    order = list(Bound)
    ordered = sorted(spans, key=lambda span: (span.length, order.index(span.bound)))
    lower, upper = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    bounds = {lower.bound, upper.bound} - {Bound.KNOWN}
    # Halfway between a known span and one beyond is a lower bound of the median. Between one below, which may be as
    # short as 0, and one beyond, the lower bound is half of the latter.
    if bounds == {Bound.BELOW, Bound.BEYOND}:
        median = Span(upper.length / 2, Bound.BEYOND)
    else:
        median = Span(math.fsum((lower.length, upper.length)) / 2, bounds.pop() if bounds else Bound.KNOWN)
    ranks = median_ranks(len(ordered))
    low, high = (None, None) if ranks is None else (ordered[rank] for rank in ranks)
    return MedianSpan(median, low, high)
