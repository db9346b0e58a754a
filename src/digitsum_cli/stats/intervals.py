"""Confidence intervals of an accuracy on rows, of a mean over seeds and of a median over seeds."""

import math
from collections.abc import Sequence
from statistics import NormalDist, fmean, stdev
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95
RESAMPLES = 9999
_MINIMUM_FOR_BOOTSTRAP = 8
_MINIMUM_FOR_MEDIAN = 6


class Interval(NamedTuple):
    """The ends of an interval."""

    low: float
    high: float


def wilson_interval(correct: int, rows: int) -> Interval:
    """The 95 % Wilson interval of an accuracy.

    Written out, since SciPy's differs in the last digit, and loading it would delay the table of a stopped sweep.

    Arguments:
        correct: number of rows answered correctly.
        rows: number of rows, at least 1.

    Source: Wilson 1927; Brown, Cai and DasGupta 2001, section 3.1.1.
    """
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share = correct / rows
    centre = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half_width = z / (1 + z**2 / rows) * math.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2))
    low = 0.0 if correct == 0 else centre - half_width
    high = 1.0 if correct == rows else centre + half_width
    return Interval(low, high)


def mean_interval(values: Sequence[float]) -> Interval | None:
    """The 95 % bootstrap interval of a mean.

    The percentile bootstrap is too narrow for small samples: for ten normal values, its coverage is 90 %. The
    *expanded* percentile interval uses wider percentiles, which correct for Student's t and for the divisor n in the
    variance of the resamples; its coverage is 95 %. Below eight values, resamples do not spread that far, and Student's
    t interval is used instead. Where most accuracies are close to 100 %, the coverage is lower: 82 % for ten values of
    which 80 % are 1.

    Arguments:
        values: one per seed.

    Returns:
        The interval; if all values are equal, both ends are that value; None for fewer than two values.

    Source: Hesterberg 2015, "What teachers should know about the bootstrap", section 4.2.
    """
    if len(values) < 2:
        return None
    if min(values) == max(values):
        return Interval(values[0], values[0])
    if len(values) < _MINIMUM_FOR_BOOTSTRAP:
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
    """The level at which a percentile interval is as wide as Student's t interval."""
    from scipy.special import ndtr, stdtrit

    quantile = stdtrit(size - 1, (1 + CONFIDENCE) / 2) * math.sqrt(size / (size - 1))
    return float(2 * ndtr(quantile) - 1)


def median_ranks(size: int) -> tuple[int, int] | None:
    """The ranks, among ``size`` sorted values, of the ends of the 95 % interval of the distribution's median.

    The interval is valid for every distribution, with a coverage of at least 95 %: 98 % for ten values, 96 % for
    twenty.

    Returns:
        Both ranks, counted from 0; None for fewer than six values, which cannot reach 95 %.

    Source: Thompson 1936; ``scipy.stats.quantile_test``.
    """
    if size < _MINIMUM_FOR_MEDIAN:
        return None
    from scipy.stats import quantile_test

    interval = quantile_test(np.arange(size), p=0.5).confidence_interval(CONFIDENCE)
    return int(interval.low), int(interval.high)


def interquartile_mean(values: Sequence[float]) -> float:
    """The mean of the middle half: a quarter of the values, rounded down, is dropped at each end.

    Source: Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical precipice".
    """
    ordered: npt.NDArray[np.float64] = np.sort(values)
    cut = len(ordered) // 4
    return float(ordered[cut : len(ordered) - cut].mean())
