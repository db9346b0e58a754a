"""Two groups of seeds: by hand, and how often they are seen where there is one."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitsum_cli.stats.groups import Group, two_groups

Draw = Callable[[np.random.Generator, int], npt.NDArray[np.float64]]


def test_seeds_that_succeed_and_seeds_that_fail_are_two_groups() -> None:
    assert two_groups([0.95, 0.1, 0.99, 0.97, 0.12]) == (Group(2, 0.1, 0.12), Group(3, 0.95, 0.99))
    assert two_groups([1.0, 1.0, 0.1, 1.0, 1.0]) == (Group(1, 0.1, 0.1), Group(4, 1.0, 1.0))


@pytest.mark.parametrize(
    "accuracies",
    [
        [0.1, 0.9, 0.9, 0.9],  # four are too few
        [0.5] * 10,
        [0.6, 0.62, 0.8, 0.82, 0.81],  # apart, but close
        [0.1, 0.3, 0.5, 0.7, 0.9],  # far, but not apart
    ],
)
def test_others_are_one(accuracies: list[float]) -> None:
    assert two_groups(accuracies) is None


@given(st.lists(st.floats(0, 1), min_size=5, max_size=20))
def test_both_groups_hold_all_seeds_in_order(accuracies: list[float]) -> None:
    groups = two_groups(accuracies)
    if groups:
        low, high = groups
        assert (low.seeds + high.seeds, low.low, high.high) == (len(accuracies), min(accuracies), max(accuracies))
        assert low.low <= low.high < high.low <= high.high


@pytest.mark.parametrize(
    ("draw", "seen_in_5", "seen_in_20"),
    [
        pytest.param(lambda stream, size: stream.beta(5, 2, size), (0, 0.08), (0, 0.01), id="Beta(5, 2)"),
        pytest.param(lambda stream, size: stream.normal(0.5, 0.1, size), (0, 0.01), (0, 0.01), id="normal"),
        pytest.param(
            lambda stream, size: np.where(stream.random(size) < 0.8, 1.0, 0.1), (0.6, 0.75), (0.97, 1), id="80:20"
        ),
    ],
)
def test_how_often_two_groups_are_seen(
    draw: Draw, seen_in_5: tuple[float, float], seen_in_20: tuple[float, float]
) -> None:
    """Of 80:20, five seeds are all alike one time in three."""
    stream = np.random.default_rng(0)
    for size, (least, most) in ((5, seen_in_5), (20, seen_in_20)):
        share = np.mean([two_groups(draw(stream, size).tolist()) is not None for _ in range(1000)])
        assert least <= share <= most, size
