"""Confidence intervals: of a share of rows, of a mean over seeds, of a median over seeds."""

import math
from collections.abc import Sequence
from statistics import NormalDist, fmean, stdev
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95
RESAMPLES = 9999
_FEWEST_TO_RESAMPLE = 8
_FEWEST_FOR_A_MEDIAN = 6


class Interval(NamedTuple):
    """Both ends of an interval."""

    low: float
    high: float


def wilson_interval(right: int, rows: int) -> Interval:
    """The 95 % interval of an accuracy, given the rows it was measured on.

    Arguments:
        right: rows answered rightly.
        rows: all rows, at least 1.

    Source: Wilson 1927; Brown, Cai and DasGupta 2001, section 3.1.1.
    """
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share = right / rows
    centre = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half_width = z / (1 + z**2 / rows) * math.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2))
    low = 0.0 if right == 0 else centre - half_width
    high = 1.0 if right == rows else centre + half_width
    return Interval(low, high)


def mean_interval(values: Sequence[float]) -> Interval | None:
    """The 95 % bootstrap interval of a mean.

    The percentile bootstrap is too narrow for small samples: of ten normal values it covers the mean 90 times in 100.
    The *expanded* percentile interval takes wider percentiles, those that make up for Student's t and for the divisor n
    of the resamples' variance; it covers 95 in 100. Below eight values no resample reaches that far, and Student's t
    stands in for the bootstrap. Where most accuracies crowd at 100 %, it covers fewer: 82
    in 100 for ten values of which eight in ten are 1.

    Arguments:
        values: one a seed.

    Returns:
        The interval; both ends are the value itself if all are equal; None for fewer than two values.

    Source: Hesterberg 2015, "What teachers should know about the bootstrap", section 4.2.
    """
    if len(values) < 2:
        return None
    if min(values) == max(values):
        return Interval(values[0], values[0])
    if len(values) < _FEWEST_TO_RESAMPLE:
        return _student_interval(values)
    from scipy.stats import bootstrap

    interval = bootstrap(
        (np.asarray(values),),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=_expanded_level(len(values)),
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return Interval(float(interval.low), float(interval.high))


def _student_interval(values: Sequence[float]) -> Interval:
    from scipy.special import stdtrit

    mean, error = fmean(values), stdev(values) / math.sqrt(len(values))
    half_width = float(stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2)) * error
    return Interval(mean - half_width, mean + half_width)


def _expanded_level(size: int) -> float:
    """The level of a percentile interval that is as wide as Student's t asks for."""
    from scipy.special import ndtr, stdtrit

    quantile = stdtrit(size - 1, (1 + CONFIDENCE) / 2) * math.sqrt(size / (size - 1))
    return float(2 * ndtr(quantile) - 1)


def median_ranks(size: int) -> tuple[int, int] | None:
    """Which of ``size`` sorted values are the ends of the 95 % interval of their distribution's median.

    It holds for every distribution and never covers less than promised: 98 % for ten values, 96 % for twenty.

    Returns:
        Both positions, counted from 0; None for fewer than six values, which cannot give 95 %.

    Source: Thompson 1936; ``scipy.stats.quantile_test``.
    """
    if size < _FEWEST_FOR_A_MEDIAN:
        return None
    from scipy.stats import quantile_test

    interval = quantile_test(np.arange(size), p=0.5).confidence_interval(CONFIDENCE)
    return int(interval.low), int(interval.high)


def interquartile_mean(values: Sequence[float]) -> float:
    """The mean of the middle half: a quarter of the values, rounded down, is left out at each end.

    Source: Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical precipice".
    """
    ordered: npt.NDArray[np.float64] = np.sort(values)
    cut = len(ordered) // 4
    return float(ordered[cut : len(ordered) - cut].mean())
