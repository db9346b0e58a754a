"""The memory span: the largest length that is still remembered.

A length is remembered if the accuracy is at least a threshold there and at every shorter length that was measured.
Between the last length that is remembered and the first that is not, the accuracy is taken to run straight::

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
    """Whether a span is known, or only that it lies beyond what was measured."""

    BELOW = "below"
    KNOWN = "known"
    BEYOND = "beyond"


@dataclass(frozen=True)
class Span:
    """A memory span.

    Arguments:
        length: in digits; the first measured length if the span lies below it, the last if it may lie beyond.
        bound: which of these it is.
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
        """Whether there is an interval, and it is wider than the median alone."""
        return self.low is not None and not self.low == self.median == self.high

    def __str__(self) -> str:
        """``22.3 [20.1, 25]``; an interval that is no wider than the median is not repeated."""
        return f"{self.median} [{self.low}, {self.high}]" if self.has_interval else str(self.median)


def memory_span(lengths: Sequence[int], accuracies: Sequence[float], threshold: float) -> Span:
    """The span of one training curve over lengths.

    Arguments:
        lengths: digits in a row, rising.
        accuracies: at these lengths, 0 to 1.
        threshold: the accuracy from which on a length counts as remembered.
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
    """The median over seeds, and its interval by order statistics, which spans out of reach do not disturb.

    Arguments:
        spans: one a seed, at least one.
    """
    order = list(Bound)
    ordered = sorted(spans, key=lambda span: (span.length, order.index(span.bound)))
    lower, upper = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    bounds = {lower.bound, upper.bound} - {Bound.KNOWN}
    # Half way between a known span and one beyond, the median is at least that. Between one below, which may be as
    # short as nothing, and one beyond, it is at least half of the latter.
    if bounds == {Bound.BELOW, Bound.BEYOND}:
        median = Span(upper.length / 2, Bound.BEYOND)
    else:
        median = Span(math.fsum((lower.length, upper.length)) / 2, bounds.pop() if bounds else Bound.KNOWN)
    ranks = median_ranks(len(ordered))
    low, high = (None, None) if ranks is None else (ordered[rank] for rank in ranks)
    return MedianSpan(median, low, high)
