"""Repetitions within and between splits: by hand, and counted row against row on the book's data."""

import numpy as np
import pytest

from digitsum_cli.core.audit import Audit, audit_splits, unseen
from digitsum_cli.core.generation import Rows, Splits, generate_splits

BOOK_LENGTHS = (5, 10, 15, 20, 25, 30, 35)


@pytest.fixture(scope="module")
def book_splits() -> dict[int, Splits]:
    return generate_splits(BOOK_LENGTHS)


def rows_of(*rows: str) -> Rows:
    """Rows by their digits: ``"6701"``."""
    digits = np.array([[int(digit) for digit in row] for row in rows], dtype=np.int8)
    return Rows(digits, digits[:, 0] + digits[:, 1])


def test_repetitions_are_counted_by_hand() -> None:
    splits = Splits(
        train=rows_of("1200", "1203", "1200", "4500", "1200", "4500"),
        eval=rows_of("4500", "4500", "9900"),
        test=rows_of("2100", "1203", "1230", "1200"),
    )
    assert audit_splits(splits) == Audit(
        length=4,
        train_rows=6,
        eval_rows=3,
        test_rows=4,
        train_duplicates=3,
        eval_duplicates=1,
        test_duplicates=0,
        eval_in_train=2,
        test_in_train=2,
        train_outside=0,
        eval_outside=0,
        test_outside=0,
    )


def test_splits_without_repetitions_have_none() -> None:
    audit = audit_splits(Splits(rows_of("120", "121"), rows_of("122"), rows_of("123", "124")))
    assert audit == Audit(3, 2, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0)


def test_rows_with_the_same_sum_are_different_rows() -> None:
    """As are those whose distractor stands elsewhere, or has another value."""
    audit = audit_splits(Splits(rows_of("2105", "1250", "1206"), rows_of("3000"), rows_of("1205")))
    assert (audit.train_duplicates, audit.eval_in_train, audit.test_in_train) == (0, 0, 0)


@pytest.mark.parametrize("length", BOOK_LENGTHS)
def test_audit_of_the_books_data_equals_comparing_every_row_with_every_other(
    length: int, book_splits: dict[int, Splits]
) -> None:
    splits = book_splits[length]
    train, eval_, test = (rows.digits.tolist() for _, rows in splits.items())
    assert audit_splits(splits) == Audit(
        length,
        300,
        100,
        100,
        *(sum(row in rows[:place] for place, row in enumerate(rows)) for rows in (train, eval_, test)),
        *(sum(row in train for row in rows) for rows in (eval_, test)),
        *(sum(sum(digit > 0 for digit in row[2:]) > 1 for row in rows) for rows in (train, eval_, test)),
    )


def test_one_in_ten_of_the_books_test_rows_of_length_5_was_trained_on(book_splits: dict[int, Splits]) -> None:
    in_train = [audit_splits(splits).test_in_train for splits in book_splits.values()]
    assert in_train[0] == 10
    assert max(in_train) == 10


def test_unseen_rows_are_those_that_do_not_stand_in_train() -> None:
    train = rows_of("1200", "1203", "4500", "4500")
    test = rows_of("1203", "2103", "4500", "4500", "4501")
    assert unseen(test, train).tolist() == [False, True, False, False, True]


def test_unseen_is_a_mask_even_of_no_rows() -> None:
    nothing = Rows(np.zeros((0, 4), np.int8), np.zeros(0, np.int8))
    mask = unseen(nothing, rows_of("1200"))
    assert mask.shape == (0,)
    assert mask.dtype == bool


def test_unseen_rows_can_be_chosen_from_a_split(book_splits: dict[int, Splits]) -> None:
    splits = book_splits[5]
    chosen = splits.test.where(unseen(splits.test, splits.train))
    train = splits.train.digits.tolist()
    expected = [row for row in splits.test.digits.tolist() if row not in train]
    assert chosen.digits.tolist() == expected
    assert chosen.labels.tolist() == [first + second for first, second, *_ in expected]
