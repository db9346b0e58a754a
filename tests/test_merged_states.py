"""Merging branches in the same state, on states made by hand."""

import numpy as np
import pytest

from digitsum_cli.fused import scoring
from digitsum_cli.fused.arrays import States

DIGITS = 3  # rows 0 to 2 are trunks; each has two kinds of branches


def merged(h: list[float], kinds: list[int]) -> tuple[list[float], list[int], list[int]]:
    """The states, kinds and draws of the rows that are left; the trunks have the states 0, 1 and 2."""
    values = np.array([[0.0], [1.0], [2.0], *[[each] for each in h]])
    states = States(values, np.zeros((len(values), 0)))
    kind_of_row = np.array([-1] * DIGITS + kinds)
    draws = np.array([0] * DIGITS + [1] * len(h))
    rows = scoring._merge_equal_states(states, kind_of_row, draws, np.empty((6, 2), np.int64), DIGITS, len(values))
    assert draws[:rows].sum() == len(h)
    return values[:rows, 0].tolist(), kind_of_row[DIGITS:rows].tolist(), draws[:rows].tolist()


@pytest.mark.parametrize(
    ("h", "kinds", "left"),
    [
        ([5, 6], [0, 1], ([0, 1, 2, 5, 6], [0, 1], [0, 0, 0, 1, 1])),
        ([0, 6], [0, 0], ([0, 1, 2, 6], [0], [1, 0, 0, 1])),  # into its trunk
        ([1, 6], [0, 0], ([0, 1, 2, 1, 6], [0, 0], [0, 0, 0, 1, 1])),  # not into another trunk
        ([5, 5, 5], [0, 0, 0], ([0, 1, 2, 5], [0], [0, 0, 0, 3])),
        ([5, 5], [0, 1], ([0, 1, 2, 5, 5], [0, 1], [0, 0, 0, 1, 1])),  # of another kind
        ([5, 6, 5, 6], [2, 2, 2, 2], ([0, 1, 2, 5, 6], [2, 2], [0, 0, 0, 2, 2])),  # alternating
        ([5, 7, 5, 8, 7], [0, 1, 0, 2, 1], ([0, 1, 2, 5, 7, 8], [0, 1, 2], [0, 0, 0, 2, 2, 1])),
        ([1, 8, 1], [2, 0, 3], ([0, 1, 2, 8], [0], [0, 2, 0, 1])),
        ([], [], ([0, 1, 2], [], [0, 0, 0])),
    ],
)
def test_equal_states_are_merged_in_order(h: list[float], kinds: list[int], left: object) -> None:
    assert merged(h, kinds) == left


def test_states_that_are_no_numbers_stay_apart() -> None:
    _, kinds, draws = merged([np.nan, np.nan], [0, 0])
    assert kinds == [0, 0]
    assert draws == [0, 0, 0, 1, 1]
