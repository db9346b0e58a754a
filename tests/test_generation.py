"""The digit-sum rows: the book's bytes, the form of a row, and the one random stream."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitsum_cli.core.data_files import format_rows
from digitsum_cli.core.generation import Rows, Splits, generate_rows, generate_splits
from digitsum_cli.errors import InputError
from tests.book_facts import BOOK

BOOK_LENGTHS = (5, 10, 15, 20, 25, 30, 35)
PAIRS = [[first, second] for first in range(10) for second in range(10)]

lengths_in_order = st.lists(st.integers(3, 40), min_size=1, max_size=4, unique=True)
rows_per_pair = st.integers(1, 3)
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def book_splits() -> dict[int, Splits]:
    return generate_splits(BOOK_LENGTHS)


def rows_of(splits: Splits) -> list[list[list[int]]]:
    return [rows.digits.tolist() for _, rows in splits.items()]


def drawn_by_the_specification(lengths: Sequence[int], ks: Sequence[int], seed: int) -> list[list[int]]:
    """Every row in the order of drawing: one stream; lengths, splits, first digit, second digit, k; position, value."""
    stream = np.random.RandomState(seed)
    rows = []
    for length in lengths:
        for k in ks:
            for first, second in PAIRS:
                for _ in range(k):
                    row = [first, second] + [0] * (length - 2)
                    position = stream.randint(2, length)
                    row[position] = stream.randint(0, 10)
                    rows.append(row)
    return rows


@pytest.mark.parametrize("name", BOOK["datasets_sha256"])
def test_generated_bytes_are_the_books(name: str, book_splits: dict[int, Splits]) -> None:
    length, file = name.split("/")
    rows = dict(book_splits[int(length)].items())[file.removesuffix(".txt")]
    assert hashlib.sha256(format_rows(rows)).hexdigest() == BOOK["datasets_sha256"][name]


def test_the_facts_cover_every_split_of_every_length() -> None:
    expected = {f"{length}/{name}.txt" for length in BOOK_LENGTHS for name in ("train", "eval", "test")}
    assert set(BOOK["datasets_sha256"]) == expected


def test_the_books_splits_have_300_100_and_100_rows_at_every_length(book_splits: dict[int, Splits]) -> None:
    sizes = {length: [len(rows) for _, rows in splits.items()] for length, splits in book_splits.items()}
    assert sizes == {length: [300, 100, 100] for length in BOOK_LENGTHS}


def test_splits_know_their_length(book_splits: dict[int, Splits]) -> None:
    assert [splits.length for splits in book_splits.values()] == list(BOOK_LENGTHS)


@settings(max_examples=30)
@given(lengths_in_order, rows_per_pair, rows_per_pair, rows_per_pair, seeds)
@pytest.mark.slow
def test_one_stream_runs_through_lengths_splits_and_rows_in_order(
    lengths: list[int], k_train: int, k_eval: int, k_test: int, seed: int
) -> None:
    splits = generate_splits(lengths, k_train, k_eval, k_test, seed)
    assert list(splits) == lengths
    drawn = [row for length in lengths for rows in rows_of(splits[length]) for row in rows]
    assert drawn == drawn_by_the_specification(lengths, (k_train, k_eval, k_test), seed)


@given(st.integers(3, 60), rows_per_pair, seeds)
def test_the_label_is_the_sum_of_the_first_two_digits(length: int, k: int, seed: int) -> None:
    rows = generate_rows(length, k, np.random.RandomState(seed))
    assert rows.labels.tolist() == [first + second for first, second, *_ in rows.digits.tolist()]


@given(st.integers(3, 60), rows_per_pair, seeds)
def test_at_most_one_digit_after_the_second_is_not_zero(length: int, k: int, seed: int) -> None:
    rows = generate_rows(length, k, np.random.RandomState(seed))
    assert np.count_nonzero(rows.digits[:, 2:], axis=1).max() <= 1


@given(st.integers(3, 60), rows_per_pair, seeds)
def test_every_digit_is_0_to_9(length: int, k: int, seed: int) -> None:
    rows = generate_rows(length, k, np.random.RandomState(seed))
    assert rows.digits.shape == (100 * k, length)
    assert rows.digits.min() >= 0
    assert rows.digits.max() <= 9


@given(st.integers(3, 60), rows_per_pair, seeds)
def test_the_first_digit_is_the_outer_loop_and_the_second_the_inner(length: int, k: int, seed: int) -> None:
    rows = generate_rows(length, k, np.random.RandomState(seed))
    assert rows.digits[:, :2].tolist() == [pair for pair in PAIRS for _ in range(k)]


def test_the_distractor_stands_at_every_position_after_the_second() -> None:
    rows = generate_rows(6, 10, np.random.RandomState(0))
    assert (np.count_nonzero(rows.digits[:, 2:], axis=0) > 0).all()


@settings(max_examples=30)
@given(lengths_in_order, seeds, st.data())
@pytest.mark.slow
def test_a_prefix_of_the_lengths_gives_the_same_rows(lengths: list[int], seed: int, data: st.DataObject) -> None:
    prefix = lengths[: data.draw(st.integers(1, len(lengths)))]
    whole = generate_splits(lengths, seed=seed)
    part = generate_splits(prefix, seed=seed)
    assert [rows_of(part[length]) for length in prefix] == [rows_of(whole[length]) for length in prefix]


def test_a_lengths_rows_depend_on_the_lengths_before_it() -> None:
    assert rows_of(generate_splits([5, 10])[10]) != rows_of(generate_splits([10])[10])


def test_rows_depend_on_the_seed() -> None:
    assert rows_of(generate_splits([8], seed=0)[8]) != rows_of(generate_splits([8], seed=1)[8])


def test_each_k_is_that_of_its_split() -> None:
    splits = generate_splits([4], k_train=2, k_eval=3, k_test=1)[4]
    assert [(name, len(rows)) for name, rows in splits.items()] == [("train", 200), ("eval", 300), ("test", 100)]


def test_the_length_of_rows_is_their_number() -> None:
    assert len(Rows(np.zeros((7, 3), np.int8), np.zeros(7, np.int8))) == 7


@pytest.mark.parametrize("length", [2, 1, 0, -5])
def test_a_length_below_3_is_an_input_error(length: int) -> None:
    with pytest.raises(InputError, match=rf"length {length}\b.*allowed: 3 or more"):
        generate_splits([5, length])


@pytest.mark.parametrize("k", [0, -1])
@pytest.mark.parametrize("name", ["k_train", "k_eval", "k_test"])
def test_a_k_below_1_is_an_input_error(name: str, k: int) -> None:
    sizes: dict[str, Any] = {name: k}
    with pytest.raises(InputError, match=f"k is {k}; allowed: 1 or more"):
        generate_splits([5], **sizes)


def test_a_length_that_stands_twice_is_an_input_error() -> None:
    with pytest.raises(InputError, match=r"a length is repeated in \[5, 10, 5\]"):
        generate_splits([5, 10, 5])


def test_numpys_global_random_state_is_not_changed() -> None:
    before = np.random.get_state(legacy=False)
    generate_splits([5])
    after = np.random.get_state(legacy=False)
    assert repr(before) == repr(after)
    assert np.array_equal(before["state"]["key"], after["state"]["key"])


def test_numpys_global_random_state_is_not_read() -> None:
    saved = np.random.get_state()
    drawn = []
    for seed in (1, 2):
        np.random.seed(seed)
        drawn.append(rows_of(generate_splits([5])[5]))
    np.random.set_state(saved)
    assert drawn[0] == drawn[1]
