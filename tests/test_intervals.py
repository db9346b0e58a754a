"""Confidence intervals against SciPy, against exact coverage and against simulated coverage."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from digitsum_cli.stats.intervals import (
    CONFIDENCE,
    Interval,
    interquartile_mean,
    mean_bound,
    median_interval,
    median_ranks,
    share_interval,
    wilson_interval,
)

accuracies = st.floats(0, 1)


def sample(size: int, seed: int = 0) -> list[float]:
    """Made-up accuracies: skewed, with a tail towards 0."""
    values: list[float] = np.random.default_rng(seed).beta(5, 2, size).tolist()
    return values


@pytest.mark.parametrize("rows", [1, 2, 7, 100, 3300])
def test_wilson_interval_equals_scipy(rows: int) -> None:
    for right in sorted({0, 1, rows // 3, rows // 2, rows - 1, rows}):
        expected = stats.binomtest(right, rows).proportion_ci(CONFIDENCE, method="wilson")
        assert wilson_interval(right, rows) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_interval_ends_at_exactly_0_and_1() -> None:
    assert all(wilson_interval(0, rows).low == 0.0 for rows in range(1, 200))
    assert all(wilson_interval(rows, rows).high == 1.0 for rows in range(1, 200))


def test_wilson_interval_of_100_rows_covers_95_percent() -> None:
    """Exactly, averaged over all accuracies: the probability of each count whose interval holds the accuracy."""
    intervals = np.array([wilson_interval(right, 100) for right in range(101)])
    accuracy = (np.arange(20_000)[:, None] + 0.5) / 20_000
    covered = (intervals[:, 0] <= accuracy) & (accuracy <= intervals[:, 1])
    coverage = (stats.binom.pmf(np.arange(101), 100, accuracy) * covered).sum(axis=1)
    assert coverage.mean() == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize("seeds", [5, 10, 20, 100])
def test_share_interval_equals_scipys_clopper_pearson(seeds: int) -> None:
    for count in range(seeds + 1):
        expected = stats.binomtest(count, seeds).proportion_ci(CONFIDENCE, method="exact")
        assert share_interval(count, seeds) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize("seeds", [5, 10, 20])
def test_share_interval_covers_at_least_95_percent_of_every_probability(seeds: int) -> None:
    intervals = np.array([share_interval(count, seeds) for count in range(seeds + 1)])
    probability = np.linspace(0, 1, 2001)[:, None]
    covered = (intervals[:, 0] <= probability) & (probability <= intervals[:, 1])
    coverage = (stats.binom.pmf(np.arange(seeds + 1), seeds, probability) * covered).sum(axis=1)
    assert coverage.min() >= 0.95


@pytest.mark.parametrize("seeds", range(5))
def test_fewer_than_five_seeds_have_no_interval(seeds: int) -> None:
    values = sample(seeds)
    assert (share_interval(seeds, seeds), mean_bound(values), median_interval(values)) == (None, None, None)


def test_median_interval_is_two_of_the_values() -> None:
    assert median_interval([0.9, 0.1, 0.4, 0.6, 0.2, 0.3]) == Interval(0.1, 0.9)
    assert median_interval(sample(5)) is None, "from the least to the greatest of five, coverage is 93.75 %"


def test_mean_bound_by_hand() -> None:
    """Of ten values, the one-sided band of 97.5 % is 0.4093 wide: this share of the best values may be 0, or of the
    worst 1."""
    width = float(stats.ksone.ppf(0.975, 10))
    assert width == pytest.approx(0.4093, abs=1e-4)
    assert mean_bound([1.0] * 10) == pytest.approx((1 - width, 1.0))
    assert mean_bound([0.0] * 10) == pytest.approx((0.0, width))
    assert mean_bound([0.0] * 5 + [1.0] * 5) == pytest.approx((0.5 - width, 0.5 + width))
    assert mean_bound([-1.0] * 5 + [1.0] * 5, -1.0, 1.0) == pytest.approx((-2 * width, 2 * width))


@given(st.lists(accuracies, min_size=5, max_size=25))
def test_mean_bound_holds_the_mean_and_stays_within_the_bounds(values: list[float]) -> None:
    bound = mean_bound(values)
    assert bound is not None
    assert -1e-12 <= bound.low <= np.mean(values) + 1e-12
    assert np.mean(values) - 1e-12 <= bound.high <= 1 + 1e-12


@given(st.lists(accuracies, min_size=6, max_size=25), st.randoms())
def test_intervals_depend_on_the_values_alone(values: list[float], random: Random) -> None:
    """No random numbers, and no order."""
    shuffled = random.sample(values, len(values))
    assert median_interval(values) == median_interval(shuffled)
    assert mean_bound(values) == pytest.approx(mean_bound(shuffled), abs=1e-12)


def coverage_of_the_median(size: int, low: int, high: int) -> float:
    """Of the interval from one sorted value to another: more than ``low`` values lie below the median, no more than
    ``high``; each does with probability 1/2."""
    return float(stats.binom.cdf(high, size, 0.5) - stats.binom.cdf(low, size, 0.5))


def test_median_ranks_are_the_innermost_that_cover_95_percent_of_all_medians() -> None:
    """Equally far from both ends; one further in would cover less."""
    for size in range(6, 61):
        ranks = median_ranks(size)
        assert ranks is not None, size
        assert ranks[0] == size - 1 - ranks[1], size
        assert coverage_of_the_median(size, *ranks) >= 0.95, size
        assert coverage_of_the_median(size, ranks[0] + 1, ranks[1] - 1) < 0.95, size


def test_fewer_than_six_values_have_no_median_ranks() -> None:
    """Even from the least to the greatest of five values, the coverage is 1 - 2/32."""
    assert [median_ranks(size) for size in range(1, 6)] == [None] * 5
    assert coverage_of_the_median(5, 0, 4) == 1 - 2 / 32 < 0.95


@pytest.mark.parametrize("size", [6, 10, 11, 20, 50])
def test_median_ranks_give_scipys_interval_of_a_sample(size: int) -> None:
    values, ranks = sample(size), median_ranks(size)
    expected = stats.quantile_test(values, p=0.5).confidence_interval(0.95)
    assert ranks is not None
    assert (sorted(values)[ranks[0]], sorted(values)[ranks[1]]) == (expected.low, expected.high)


def test_median_ranks_cover_98_percent_for_ten_and_96_percent_for_twenty_skewed_values() -> None:
    stream = np.random.default_rng(0)
    for size, expected in ((10, 0.9785), (20, 0.9586)):
        ranks = median_ranks(size)
        assert ranks is not None
        values = np.sort(stream.beta(5, 2, (40_000, size)), axis=1)
        median = stats.beta.median(5, 2)
        covered = (values[:, ranks[0]] <= median) & (median <= values[:, ranks[1]])
        assert covered.mean() == pytest.approx(expected, abs=0.005)


@given(st.lists(accuracies, min_size=1, max_size=25))
def test_interquartile_mean_equals_scipys_trimmed_mean(values: list[float]) -> None:
    assert interquartile_mean(values) == pytest.approx(stats.trim_mean(values, 0.25), abs=1e-12)


def test_interquartile_mean_leaves_out_a_quarter_at_each_end_rounded_down() -> None:
    assert interquartile_mean([9.0, 1.0, 3.0]) == pytest.approx(13 / 3)
    assert interquartile_mean([100.0, 2.0, -7.0, 4.0]) == 3.0
    assert interquartile_mean([100.0, 2.0, -7.0, 4.0, 6.0, 5.0, 3.0]) == 4.0
