"""Confidence intervals that hold for every distribution: of an accuracy, a share of seeds, a median and a mean.

The accuracies of trainings that differ by seed often fall into two groups, most close to 100 % and some at the floor.
The usual intervals of a mean do not hold there: when one training in ten stays at the floor, ten seeds show none of
these one time in three, and every interval computed from their spread is then too narrow. What holds for any
distribution is the interval of the median and that of the share of seeds that reach a threshold; for the mean there is
only a wide bound.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95
MINIMUM_SEEDS = 5
"""With fewer seeds, no interval is given: it would be as wide as what is known beforehand."""


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


def share_interval(count: int, seeds: int) -> Interval | None:
    """The 95 % interval of the probability that a training does what ``count`` of ``seeds`` trainings did.

    Returns:
        The interval, with a coverage of at least 95 % for every probability; None for fewer than five seeds.

    Source: Clopper and Pearson 1934.
    """
    if seeds < MINIMUM_SEEDS:
        return None
    from scipy.special import betaincinv

    tail = (1 - CONFIDENCE) / 2
    low = float(betaincinv(count, seeds - count + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, seeds - count, 1 - tail)) if count < seeds else 1.0
    return Interval(low, high)


def median_interval(values: Sequence[float]) -> Interval | None:
    """The 95 % interval of the median of the distribution that some values come from: two of these values.

    Arguments:
        values: one per seed.

    Returns:
        The interval; None for fewer than six values, which cannot reach 95 %.
    """
    ranks = median_ranks(len(values))
    if ranks is None:
        return None
    ordered = sorted(values)
    return Interval(*(ordered[rank] for rank in ranks))


def median_ranks(size: int) -> tuple[int, int] | None:
    """The ranks, among ``size`` sorted values, of the ends of the 95 % interval of the distribution's median.

    The interval is valid for every distribution, with a coverage of at least 95 %: 98 % for ten values, 96 % for
    twenty.

    Returns:
        Both ranks, counted from 0; None for fewer than six values, which cannot reach 95 %.

    Source: Thompson 1936.
    """
    from scipy.special import bdtr

    # The interval from rank r on misses the median if at most r values lie below it, or at most r above it.
    tails = bdtr(np.arange(size), size, 0.5)
    within = int((tails <= (1 - CONFIDENCE) / 2).sum())
    return (within - 1, size - within) if within else None


def mean_bound(values: Sequence[float], lowest: float = 0.0, highest: float = 1.0) -> Interval | None:
    """A 95 % interval of the mean of a bounded distribution, whatever its shape.

    With a probability of at least 95 %, the distribution function lies within a band around that of the values; the
    interval holds the means of all distributions in the band. It is wide: about 50 points for ten accuracies.

    Arguments:
        values: one per seed.
        lowest, highest: the bounds of the distribution.

    Returns:
        The interval; None for fewer than five values.

    Source: Anderson 1969; the width of the band is the exact quantile of Smirnov's one-sided statistic.
    """
    if len(values) < MINIMUM_SEEDS:
        return None
    from scipy.special import smirnovi

    width = float(smirnovi(len(values), (1 - CONFIDENCE) / 2))
    shares = (np.asarray(values, np.float64) - lowest) / (highest - lowest)
    low, high = _lowest_mean(shares, width), 1 - _lowest_mean(1 - shares, width)
    return Interval(lowest + low * (highest - lowest), lowest + high * (highest - lowest))


def _lowest_mean(shares: npt.NDArray[np.float64], width: float) -> float:
    """The lowest mean, 0 to 1, of a distribution whose function is at most ``width`` above that of the values."""
    steps = np.minimum(1.0, np.arange(len(shares) + 1) / len(shares) + width)
    return float(np.diff(steps) @ np.sort(shares))


def interquartile_mean(values: Sequence[float]) -> float:
    """The mean of the middle half: a quarter of the values, rounded down, is dropped at each end.

    Source: Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical precipice".
    """
    ordered: npt.NDArray[np.float64] = np.sort(values)
    cut = len(ordered) // 4
    return float(ordered[cut : len(ordered) - cut].mean())
