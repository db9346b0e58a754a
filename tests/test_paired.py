"""Paired comparisons against SciPy and by hand."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from digitsum_cli.stats.intervals import Interval, mean_bound, median_interval, share_interval
from digitsum_cli.stats.paired import compare_paired, holm_adjusted

# Few different values, so that ties are common.
tied_values = st.integers(0, 6).map(lambda sixth: sixth / 6)
pairs = st.lists(st.tuples(tied_values, tied_values), min_size=5, max_size=12)

ONE = [0.8, 0.9, 0.4, 0.7, 0.9, 0.6, 0.75]
OTHER = [0.5, 0.9, 0.6, 0.3, 0.7, 0.1, 0.65]


def test_the_median_and_the_mean_are_those_of_the_differences_seed_by_seed() -> None:
    differences = [0.3, 0.0, -0.2, 0.4, 0.2, 0.5, 0.1]
    assert compare_paired(ONE, OTHER).mean == pytest.approx(sum(differences) / 7)
    assert compare_paired(ONE, OTHER).median == pytest.approx(0.2)


def test_the_intervals_are_those_of_the_differences() -> None:
    differences = np.subtract(ONE, OTHER).tolist()
    comparison = compare_paired(ONE, OTHER)
    assert comparison.interval == median_interval(differences)
    assert comparison.mean_bound == mean_bound(differences, -1.0, 1.0)


def test_the_lowest_and_the_highest_are_those_of_the_differences() -> None:
    comparison = compare_paired(ONE, OTHER)
    assert (comparison.lowest, comparison.highest) == pytest.approx((-0.2, 0.5))


def test_seeds_that_improve_are_counted_apart_from_ties() -> None:
    comparison = compare_paired(ONE, OTHER)
    assert (comparison.seeds, comparison.improved, comparison.tied) == (7, 5, 1)
    assert comparison.improved_interval == share_interval(5, 7)
    assert comparison.p_value == pytest.approx(stats.binomtest(5, 6).pvalue)


@given(pairs)
def test_the_p_value_is_that_of_the_sign_test(pairs: list[tuple[float, float]]) -> None:
    values, reference = [list(side) for side in zip(*pairs, strict=True)]
    signs = np.sign(np.subtract(values, reference))
    better, worse = int((signs > 0).sum()), int((signs < 0).sum())
    expected = stats.binomtest(better, better + worse).pvalue if better + worse else 1.0
    assert compare_paired(values, reference).p_value == pytest.approx(expected)


def test_pairing_by_seed_is_narrower_than_the_spread_of_either_setting() -> None:
    """Seeds that are good for both settings cancel out."""
    reference = [0.1, 0.3, 0.5, 0.7, 0.9, 0.2]
    better = [0.12, 0.31, 0.53, 0.72, 0.92, 0.22]
    interval = compare_paired(better, reference).interval
    assert interval == pytest.approx((0.01, 0.03))


def test_holms_adjustment_by_hand() -> None:
    """The least times 4, the next times 3, and so on; never less than one before, never above 1."""
    assert holm_adjusted([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm_adjusted([0.5, 0.9]) == [1.0, 1.0]
    assert holm_adjusted([]) == []


def test_holms_adjustment_keeps_any_false_rejection_rare() -> None:
    """Twenty comparisons of equal settings, 1,000 times: unadjusted, most have a difference by chance."""
    stream = np.random.default_rng(0)
    rejected = []
    for _ in range(1000):
        better = stream.binomial(10, 0.5, 20)
        values = [stats_of_signs(int(each)) for each in better]
        rejected.append((min(values) <= 0.05, min(holm_adjusted(values)) <= 0.05))
    unadjusted, adjusted = np.mean(rejected, axis=0)
    assert unadjusted > 0.3
    assert adjusted <= 0.06


def stats_of_signs(better: int) -> float:
    return compare_paired([1.0] * better + [0.0] * (10 - better), [0.5] * 10).p_value


@given(pairs)
def test_probability_of_improvement_is_mann_whitneys_u_over_the_number_of_pairs(
    pairs: list[tuple[float, float]],
) -> None:
    values, reference = [list(side) for side in zip(*pairs, strict=True)]
    assume(len({*values, *reference}) > 1)
    u = stats.mannwhitneyu(values, reference, method="asymptotic").statistic
    probability = compare_paired(values, reference).probability_of_improvement
    assert probability == pytest.approx(u / len(pairs) ** 2, abs=1e-12)


@given(pairs)
def test_probabilities_of_improvement_both_ways_add_up_to_1(pairs: list[tuple[float, float]]) -> None:
    values, reference = [list(side) for side in zip(*pairs, strict=True)]
    there = compare_paired(values, reference).probability_of_improvement
    back = compare_paired(reference, values).probability_of_improvement
    assert there is not None
    assert back is not None
    assert there + back == pytest.approx(1.0, abs=1e-12)


def test_probability_of_improvement_by_hand() -> None:
    """Six seeds against six: a win against the lower three and a tie with the fourth: (3 + 1/2) / 6."""
    values = [0.5] * 6
    assert compare_paired(values, [0.1, 0.2, 0.3, 0.5, 0.8, 0.9]).probability_of_improvement == pytest.approx(3.5 / 6)


@pytest.mark.parametrize("seeds", [1, 2, 4])
def test_few_seeds_have_a_difference_and_claim_nothing_more(seeds: int) -> None:
    comparison = compare_paired([0.75] * seeds, [0.5] * seeds)
    assert (comparison.median, comparison.mean, comparison.lowest, comparison.highest) == (0.25, 0.25, 0.25, 0.25)
    assert (comparison.interval, comparison.mean_bound, comparison.improved_interval) == (None, None, None)
    assert comparison.probability_of_improvement is None


@pytest.mark.parametrize("seeds", [6, 20])
def test_equal_settings_differ_by_0_with_an_interval_of_0(seeds: int) -> None:
    values = np.linspace(0, 1, seeds).tolist()
    comparison = compare_paired(values, values)
    assert (comparison.mean, comparison.interval) == (0.0, Interval(0.0, 0.0))
    assert (comparison.improved, comparison.tied, comparison.p_value) == (0, seeds, 1.0)
    assert comparison.probability_of_improvement == 0.5


@given(pairs)
def test_differences_stay_between_minus_100_and_100_points(pairs: list[tuple[float, float]]) -> None:
    comparison = compare_paired(*[list(side) for side in zip(*pairs, strict=True)])
    for interval in (comparison.interval, comparison.mean_bound):
        assert interval is None or -1 - 1e-12 <= interval.low <= interval.high <= 1 + 1e-12
