"""The rows of an epoch: shuffled, drawn anew, and the same again for the same seed and epoch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from digitsum_cli.core.generation import Rows, generate_splits
from digitsum_cli.core.tasks import DIGIT_SUM
from digitsum_cli.core.training_rows import TrainingRows

TRAIN = generate_splits([7])[7].train


def as_tuples(rows: Rows) -> list[tuple[int, ...]]:
    return [tuple(digits) for digits in rows.digits.tolist()]


def test_fixed_rows_are_the_train_split_itself() -> None:
    rows = TrainingRows(TRAIN)
    assert rows.for_epoch(0) is rows.for_epoch(9) is TRAIN
    assert not rows.vary_by_epoch


def test_shuffled_rows_are_the_same_rows_with_their_labels_in_another_order() -> None:
    rows = TrainingRows(TRAIN, shuffle=True, seed=1)
    first, second = rows.for_epoch(0), rows.for_epoch(1)
    assert as_tuples(first) != as_tuples(second) != as_tuples(TRAIN)
    for shuffled in (first, second):
        assert sorted(as_tuples(shuffled)) == sorted(as_tuples(TRAIN))
        assert (shuffled.labels == shuffled.digits[:, 0] + shuffled.digits[:, 1]).all()


def test_every_order_is_equally_likely() -> None:
    """The place of the first row over many epochs."""
    few = Rows(TRAIN.digits[::50], TRAIN.labels[::50])
    rows = TrainingRows(few, shuffle=True, seed=2)
    places = [as_tuples(rows.for_epoch(epoch)).index(as_tuples(few)[0]) for epoch in range(3000)]
    assert chisquare(np.bincount(places, minlength=6)).pvalue > 0.001


def test_fresh_rows_have_as_many_of_each_pair_and_are_new_in_each_epoch() -> None:
    rows = TrainingRows(TRAIN, fresh=True, seed=1)
    first, second = rows.for_epoch(0), rows.for_epoch(1)
    assert as_tuples(first) != as_tuples(second)
    for fresh in (first, second):
        assert fresh.digits[:, :2].tolist() == TRAIN.digits[:, :2].tolist()
        assert (np.count_nonzero(fresh.digits[:, 2:], axis=1) <= 1).all()
        assert (fresh.labels == TRAIN.labels).all()


def test_fresh_rows_have_the_generators_distribution() -> None:
    """Position and value of the distractor, uniform over the 5 places and 10 values; 0 leaves no trace of a place."""
    drawn = DIGIT_SUM.draw(7, 200, np.random.RandomState(3))[:, 2:]
    rows = len(drawn)
    counts = [int((drawn[:, place] == value).sum()) for place in range(5) for value in range(1, 10)]
    without = int((drawn == 0).all(axis=1).sum())
    expected = [rows / 50] * 45 + [rows / 10]
    assert chisquare([*counts, without], expected).pvalue > 0.001


@given(st.integers(0, 2**32 - 1), st.integers(0, 1000), st.booleans())
def test_an_epoch_depends_on_the_seed_and_its_number_alone(seed: int, epoch: int, fresh: bool) -> None:
    rows = TrainingRows(TRAIN, shuffle=not fresh, fresh=fresh, seed=seed)
    again = TrainingRows(TRAIN, shuffle=not fresh, fresh=fresh, seed=seed)
    again.for_epoch(epoch + 1)
    assert as_tuples(rows.for_epoch(epoch)) == as_tuples(again.for_epoch(epoch))
    other = TrainingRows(TRAIN, shuffle=not fresh, fresh=fresh, seed=(seed + 1) % 2**32)
    assert as_tuples(rows.for_epoch(epoch)) != as_tuples(other.for_epoch(epoch))


@pytest.mark.parametrize("length", [3, 4])
def test_fresh_rows_of_the_shortest_lengths(length: int) -> None:
    assert DIGIT_SUM.draw(length, 2, np.random.RandomState(0)).shape == (200, length)
