"""Paired comparisons against SciPy and by hand."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from digitsum_cli.stats.intervals import Interval, mean_interval
from digitsum_cli.stats.paired import compare_paired

# Few different values, so that ties are common.
tied_values = st.integers(0, 6).map(lambda sixth: sixth / 6)
pairs = st.lists(st.tuples(tied_values, tied_values), min_size=1, max_size=12)

ONE = [0.8, 0.9, 0.4, 0.7, 0.9, 0.6, 0.75]
OTHER = [0.5, 0.9, 0.6, 0.3, 0.7, 0.1, 0.65]


def test_the_mean_is_that_of_the_differences_seed_by_seed() -> None:
    differences = [0.3, 0.0, -0.2, 0.4, 0.2, 0.5, 0.1]
    assert compare_paired(ONE, OTHER).mean == pytest.approx(sum(differences) / 7)


def test_the_interval_is_the_mean_interval_of_the_differences() -> None:
    assert compare_paired(ONE, OTHER).interval == mean_interval(np.subtract(ONE, OTHER).tolist())


def test_the_lowest_and_the_highest_are_those_of_the_differences() -> None:
    comparison = compare_paired(ONE, OTHER)
    assert (comparison.lowest, comparison.highest) == pytest.approx((-0.2, 0.5))


def test_pairing_by_seed_is_narrower_than_the_spread_of_either_setting() -> None:
    """Seeds that are good for both settings cancel out."""
    reference = [0.1, 0.3, 0.5, 0.7, 0.9]
    better = [0.12, 0.31, 0.53, 0.72, 0.92]
    interval = compare_paired(better, reference).interval
    assert interval is not None
    assert 0.01 <= interval.low < interval.high <= 0.03


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
    assert there + back == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("values", "reference", "probability"),
    [
        ([0.9, 0.8], [0.1, 0.2], 1.0),
        ([0.1, 0.2], [0.9, 0.8], 0.0),
        ([0.1, 0.9], [0.2, 0.8], 0.5),
        ([0.5, 0.9], [0.5, 0.8], 0.625),  # a tie and a loss, two wins: (1/2 + 0 + 1 + 1) / 4
        ([0.5, 0.5], [0.5, 0.5], 0.5),
    ],
)
def test_probability_of_improvement_by_hand(values: list[float], reference: list[float], probability: float) -> None:
    assert compare_paired(values, reference).probability_of_improvement == probability


def test_a_single_seed_has_a_difference_but_no_interval() -> None:
    comparison = compare_paired([0.75], [0.5])
    assert (comparison.mean, comparison.lowest, comparison.highest) == (0.25, 0.25, 0.25)
    assert comparison.interval is None
    assert comparison.probability_of_improvement == 1.0


@pytest.mark.parametrize("seeds", [2, 5, 20])
def test_equal_settings_differ_by_0_with_an_interval_of_0(seeds: int) -> None:
    values = np.linspace(0, 1, seeds).tolist()
    comparison = compare_paired(values, values)
    assert (comparison.mean, comparison.interval) == (0.0, Interval(0.0, 0.0))
    assert comparison.probability_of_improvement == 0.5
