"""Lists of whole numbers as users write them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitsum_cli.settings.ranges import MAXIMUM_ITEMS, parse_whole_numbers

whole = st.integers(0, 10**6)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("5", (5,)),
        ("5,10,20", (5, 10, 20)),
        ("20,5,10", (20, 5, 10)),
        ("5, 10 ,20", (5, 10, 20)),
        ("5..7", (5, 6, 7)),
        ("5..35..10", (5, 15, 25, 35)),
        ("5..34..10", (5, 15, 25)),
        ("5..5", (5,)),
        ("0..9..3,20", (0, 3, 6, 9, 20)),
        ("007", (7,)),
    ],
)
def test_lists_and_ranges_are_read_in_the_order_given(text: str, numbers: tuple[int, ...]) -> None:
    assert parse_whole_numbers(text, default_step=1) == numbers


def test_the_books_lengths_are_5_to_35_in_steps_of_5() -> None:
    assert parse_whole_numbers("5..35", default_step=5) == (5, 10, 15, 20, 25, 30, 35)


@given(whole, st.integers(0, 500), st.integers(1, 50))
def test_a_range_includes_both_ends(first: int, steps: int, step: int) -> None:
    last = first + steps * step
    numbers = parse_whole_numbers(f"{first}..{last}..{step}", default_step=7)
    assert (numbers[0], numbers[-1], len(numbers)) == (first, last, steps + 1)


@given(whole, st.integers(0, 1000), st.integers(1, 50))
def test_the_default_step_is_that_of_ranges_without_one(first: int, reach: int, step: int) -> None:
    with_default = parse_whole_numbers(f"{first}..{first + reach}", default_step=step)
    assert with_default == parse_whole_numbers(f"{first}..{first + reach}..{step}", default_step=1)


@given(st.lists(whole, min_size=1))
def test_numbers_joined_by_commas_read_back(numbers: list[int]) -> None:
    assert parse_whole_numbers(",".join(map(str, numbers)), default_step=5) == tuple(numbers)


@pytest.mark.parametrize(
    "item",
    ["", "a", "-1", "+1", "1.5", "1e3", "1_0", "5..", "..5", "5...9", "5..9..", "5..9..2..1", "5 6", "5-9", "5 .. 9"],
)
def test_another_form_is_an_error_with_the_item_and_the_forms(item: str) -> None:
    with pytest.raises(ValueError, match="is not a number, a list such as 5,10,20, or a range") as caught:
        parse_whole_numbers(f"5,{item}", default_step=5)
    assert repr(item) in str(caught.value)


@pytest.mark.parametrize("text", ["٣", "٣..٥", "１０", "²"])
def test_digits_other_than_0_to_9_are_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        parse_whole_numbers(text, default_step=5)


def test_a_range_that_runs_backwards_is_an_error_with_the_right_one() -> None:
    with pytest.raises(ValueError, match=r"the range 35\.\.5 runs backwards; write 5\.\.35"):
        parse_whole_numbers("35..5", default_step=5)


def test_a_step_of_0_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"the step of 5\.\.9\.\.0 is 0; it must be 1 or more"):
        parse_whole_numbers("5..9..0", default_step=5)


def test_100_000_numbers_are_read() -> None:
    assert len(parse_whole_numbers("1..99999,5", default_step=1)) == MAXIMUM_ITEMS == 100_000


@pytest.mark.parametrize("text", ["0..100000", "1..100000,5", "5,1..100000", "0..999999999999999999"])
def test_over_100_000_numbers_are_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="over 100,000 numbers"):
        parse_whole_numbers(text, default_step=1)


@given(st.text("0123456789., ", max_size=8) | st.text(max_size=8))
def test_any_text_is_either_whole_numbers_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        numbers = parse_whole_numbers(text, default_step=5)
        assert numbers
        assert min(numbers) >= 0
