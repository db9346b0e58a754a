"""Paired comparison of two settings trained with the same seeds: how much they differ, and how often one is better."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

import numpy as np

from digitsum_cli.stats.intervals import MINIMUM_SEEDS, Interval, mean_bound, median_interval, share_interval


@dataclass(frozen=True)
class PairedComparison:
    """The differences between two settings, seed by seed.

    Arguments:
        median, mean, lowest, highest: of the differences.
        interval: the 95 % interval of the median; None for fewer than six seeds.
        mean_bound: a 95 % interval of the mean that holds for differences between -1 and 1; None for fewer than five.
        seeds: number of seeds.
        improved, tied: with how many of them the first setting is better, or both are equal.
        probability_of_improvement: how often a training of the first setting beats one of the second, any seed against
            any seed; a tie counts half. None for fewer than five seeds.
        p_value: of the sign test that neither setting tends to be better.
    """

    median: float
    mean: float
    lowest: float
    highest: float
    interval: Interval | None
    mean_bound: Interval | None
    seeds: int
    improved: int
    tied: int
    probability_of_improvement: float | None
    p_value: float

    @property
    def improved_interval(self) -> Interval | None:
        """The 95 % interval of the probability that a seed improves; None for fewer than five seeds."""
        return share_interval(self.improved, self.seeds)


def compare_paired(values: Sequence[float], reference: Sequence[float]) -> PairedComparison:
    """Compares accuracies with a reference, seed by seed.

    Arguments:
        values, reference: one accuracy per seed, with the seeds in the same order; at least one.

    Source: for the probability of improvement, Agarwal et al. 2021, "Deep reinforcement learning at the edge of the
    statistical precipice", section 4.3; it is the Mann-Whitney U statistic divided by the number of pairs.
    """
    differences = [value - other for value, other in zip(values, reference, strict=True)]
    improved, tied = sum(each > 0 for each in differences), differences.count(0.0)
    signs = np.sign(np.subtract.outer(np.asarray(values), np.asarray(reference)))
    enough = len(differences) >= MINIMUM_SEEDS
    return PairedComparison(
        median(differences),
        fmean(differences),
        min(differences),
        max(differences),
        median_interval(differences),
        mean_bound(differences, -1.0, 1.0),
        len(differences),
        improved,
        tied,
        float((signs.mean() + 1) / 2) if enough else None,
        _sign_test(improved, len(differences) - tied - improved),
    )


def _sign_test(better: int, worse: int) -> float:
    """The two-sided p-value, if both are equally likely."""
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(better, worse), better + worse, 0.5)))


def holm_adjusted(p_values: Sequence[float]) -> list[float]:
    """The p-values of several tests, so adjusted that any false rejection among all of them is as rare as with one.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    ascending = sorted(range(len(p_values)), key=lambda index: p_values[index])
    stepped = (min(1.0, (len(p_values) - rank) * p_values[index]) for rank, index in enumerate(ascending))
    adjusted = dict(zip(ascending, itertools.accumulate(stepped, max), strict=True))
    return [adjusted[index] for index in range(len(p_values))]
