"""Confidence intervals against SciPy, against exact coverage and against simulated coverage."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from digitsum_cli.stats.intervals import (
    CONFIDENCE,
    Interval,
    interquartile_mean,
    mean_interval,
    median_ranks,
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


Draw = Callable[[np.random.Generator, int], npt.NDArray[np.float64]]


@pytest.mark.parametrize(
    ("draw", "mean", "size"),
    [
        pytest.param(lambda stream, size: stream.normal(size=size), 0.0, 10, id="10 normal values"),
        pytest.param(lambda stream, size: stream.normal(size=size), 0.0, 20, id="20 normal values"),
        pytest.param(lambda stream, size: stream.beta(5, 2, size), 5 / 7, 10, id="10 skewed accuracies"),
        pytest.param(lambda stream, size: stream.beta(5, 2, size), 5 / 7, 20, id="20 skewed accuracies"),
    ],
)
@pytest.mark.slow
def test_mean_interval_covers_95_percent(draw: Draw, mean: float, size: int) -> None:
    """In 1,500 samples; their standard error is 0.6 %. The plain percentile bootstrap covers 90 % of ten."""
    stream = np.random.default_rng(1)
    covered = 0
    for _ in range(1500):
        interval = mean_interval(draw(stream, size).tolist())
        assert interval is not None
        covered += interval.low <= mean <= interval.high
    assert covered / 1500 == pytest.approx(0.95, abs=0.015)


@pytest.mark.slow
def test_mean_interval_covers_less_where_accuracies_crowd_at_one() -> None:
    """Eight in ten at 1, the rest uniform, in 1,000 samples of ten: what docs/measures.md warns of."""
    stream = np.random.default_rng(3)
    covered = 0
    for _ in range(1000):
        values = np.where(stream.random(10) < 0.8, 1.0, stream.random(10))
        interval = mean_interval(values.tolist())
        assert interval is not None
        covered += interval.low <= 0.9 <= interval.high
    assert 0.78 < covered / 1000 < 0.86


@pytest.mark.parametrize("size", [10, 20])
def test_mean_interval_is_as_wide_as_students_for_normal_values(size: int) -> None:
    """On average over 50 samples. The divisor n of the resamples' variance alone would take 5 % or 2.5 % away."""
    stream = np.random.default_rng(2)
    shares = []
    for values in stream.normal(size=(50, size)):
        interval = mean_interval(values.tolist())
        assert interval is not None
        students_width = 2 * stats.t.ppf(0.975, size - 1) * stats.sem(values)
        shares.append((interval.high - interval.low) / students_width)
    assert np.mean(shares) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("size", [2, 3, 4, 7])
def test_mean_interval_of_fewer_than_eight_values_is_students(size: int) -> None:
    values = sample(size)
    expected = stats.t.interval(0.95, df=size - 1, loc=np.mean(values), scale=stats.sem(values))
    assert mean_interval(values) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("values", [[], [0.4]])
def test_fewer_than_two_values_have_no_mean_interval(values: list[float]) -> None:
    assert mean_interval(values) is None


@pytest.mark.parametrize("size", [2, 3, 5, 6, 20])
def test_mean_interval_of_equal_values_is_that_value(size: int) -> None:
    assert mean_interval([0.1] * size) == Interval(0.1, 0.1)


@pytest.mark.parametrize("size", [5, 6, 20])
def test_one_value_apart_from_equal_others_gives_an_interval_that_holds_the_mean(size: int) -> None:
    values = [0.5] * (size - 1) + [0.9]
    interval = mean_interval(values)
    assert interval is not None
    assert interval.low < np.mean(values) < interval.high


@given(st.lists(accuracies, min_size=8, max_size=12))
def test_mean_interval_stays_within_the_values_from_eight_values_on(values: list[float]) -> None:
    interval = mean_interval(values)
    assert interval is not None
    rounding = 1e-12
    assert min(values) - rounding <= interval.low <= interval.high <= max(values) + rounding


@given(st.lists(accuracies, min_size=2, max_size=12))
def test_mean_interval_is_the_same_every_time(values: list[float]) -> None:
    assert mean_interval(values) == mean_interval(values)


def test_mean_interval_neither_reads_nor_changes_numpys_global_random_state() -> None:
    saved = np.random.get_state()
    intervals = []
    for seed in (1, 2):
        np.random.seed(seed)
        before = np.random.get_state(legacy=False)["state"]
        intervals.append(mean_interval(sample(10)))
        after = np.random.get_state(legacy=False)["state"]
        assert (before["pos"], before["key"].tobytes()) == (after["pos"], after["key"].tobytes())
    np.random.set_state(saved)
    assert intervals[0] == intervals[1]


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
