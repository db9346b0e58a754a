"""Paired comparison of two settings trained with the same seeds: how much they differ, and how often one is better."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digitsum_cli.stats.intervals import Interval, mean_interval


@dataclass(frozen=True)
class PairedComparison:
    """The differences between two settings.

    Arguments:
        mean: the mean of the per-seed differences.
        interval: the 95 % bootstrap interval of that mean; None for fewer than two seeds.
        lowest, highest: the extremes of the differences.
        probability_of_improvement: the probability that a training of the first setting beats one of the second, over
            all pairs of seeds; a tie counts half.
    """

    mean: float
    interval: Interval | None
    lowest: float
    highest: float
    probability_of_improvement: float


def compare_paired(values: Sequence[float], reference: Sequence[float]) -> PairedComparison:
    """Compares values with a reference, seed by seed.

    Arguments:
        values, reference: one value per seed, with the seeds in the same order; at least one.

    Source: for the probability of improvement, Agarwal et al. 2021, "Deep reinforcement learning at the edge of the
    statistical precipice", section 4.3; it is the Mann-Whitney U statistic divided by the number of pairs.
    """
    differences = [value - other for value, other in zip(values, reference, strict=True)]
    signs = np.sign(np.subtract.outer(np.asarray(values), np.asarray(reference)))
    return PairedComparison(
        float(np.mean(differences)),
        mean_interval(differences),
        min(differences),
        max(differences),
        float((signs.mean() + 1) / 2),
    )
