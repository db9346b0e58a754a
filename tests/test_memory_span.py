"""Memory spans and their medians: by hand, and what must hold for every curve."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from digitsum_cli.stats.memory_span import Bound, MedianSpan, Span, median_of_spans, median_span, memory_span

LENGTHS = [5, 10, 15, 20]
BOUNDS = [Bound.BELOW, Bound.KNOWN, Bound.BEYOND]
ROUNDING = 1e-9

accuracies = st.floats(0, 1)
thresholds = st.floats(0, 1, exclude_min=True)


@st.composite
def curves(draw: st.DrawFn) -> tuple[list[int], list[float]]:
    lengths = sorted(draw(st.sets(st.integers(3, 60), min_size=1, max_size=8)))
    return lengths, draw(st.lists(accuracies, min_size=len(lengths), max_size=len(lengths)))


def known(*lengths: float) -> list[Span]:
    return [Span(float(length), Bound.KNOWN) for length in lengths]


BELOW_5, BEYOND_35 = Span(5.0, Bound.BELOW), Span(35.0, Bound.BEYOND)


def test_between_two_lengths_the_accuracy_runs_straight() -> None:
    """The docstring's example: from 0.60 at 15 to 0.30 at 20, a third of the way down is 0.50."""
    span = memory_span(LENGTHS, [0.80, 0.70, 0.60, 0.30], 0.5)
    assert span.bound is Bound.KNOWN
    assert span.length == pytest.approx(15 + 5 / 3)
    assert str(span) == "16.7"


def test_a_first_accuracy_under_the_threshold_puts_the_span_below_the_first_length() -> None:
    assert memory_span(LENGTHS, [0.4, 0.3, 0.2, 0.1], 0.5) == Span(5.0, Bound.BELOW)


def test_accuracies_that_never_fall_under_the_threshold_put_the_span_beyond_the_last_length() -> None:
    assert memory_span(LENGTHS, [0.9, 0.8, 0.7, 0.6], 0.5) == Span(20.0, Bound.BEYOND)


@pytest.mark.parametrize(
    ("accuracies", "span"),
    [
        ([0.5, 0.25, 0.0, 0.0], Span(5.0, Bound.KNOWN)),
        ([0.75, 0.5, 0.25, 0.0], Span(10.0, Bound.KNOWN)),
        ([1.0, 1.0, 1.0, 0.5], Span(20.0, Bound.BEYOND)),
    ],
)
def test_an_accuracy_of_exactly_the_threshold_is_remembered(accuracies: list[float], span: Span) -> None:
    assert memory_span(LENGTHS, accuracies, 0.5) == span


@pytest.mark.parametrize("later", [[0.0, 0.0], [0.9, 0.9], [1.0, 0.3]])
def test_after_a_dip_a_recovery_does_not_count(later: list[float]) -> None:
    """From 0.75 to 0.25, half of the way down is 0.5, whatever follows."""
    assert memory_span(LENGTHS, [0.75, 0.25, *later], 0.5) == Span(7.5, Bound.KNOWN)


def test_a_recovery_from_below_the_first_length_does_not_count() -> None:
    assert memory_span(LENGTHS, [0.49, 1.0, 1.0, 1.0], 0.5) == Span(5.0, Bound.BELOW)


def test_a_dip_that_stays_above_the_threshold_does_not_end_the_span() -> None:
    assert memory_span(LENGTHS, [0.9, 0.6, 0.8, 0.7], 0.5) == Span(20.0, Bound.BEYOND)


@pytest.mark.parametrize(("accuracy", "bound"), [(0.4, Bound.BELOW), (0.5, Bound.BEYOND), (0.6, Bound.BEYOND)])
def test_a_single_length_says_below_or_beyond(accuracy: float, bound: Bound) -> None:
    assert memory_span([8], [accuracy], 0.5) == Span(8.0, bound)


@given(curves(), thresholds)
def test_a_span_lies_between_the_first_and_the_last_length(
    curve: tuple[list[int], list[float]], threshold: float
) -> None:
    span = memory_span(*curve, threshold)
    assert curve[0][0] <= span.length <= curve[0][-1]


@given(curves(), thresholds)
@pytest.mark.slow
def test_at_a_known_span_the_straight_line_between_the_lengths_has_the_thresholds_accuracy(
    curve: tuple[list[int], list[float]], threshold: float
) -> None:
    span = memory_span(*curve, threshold)
    assume(span.bound is Bound.KNOWN)
    assert np.interp(span.length, *curve) == pytest.approx(threshold, abs=ROUNDING)


@given(curves(), thresholds)
def test_every_length_within_a_span_is_remembered(curve: tuple[list[int], list[float]], threshold: float) -> None:
    span = memory_span(*curve, threshold)
    within = [accuracy for length, accuracy in zip(*curve, strict=True) if length < span.length - ROUNDING]
    assert all(accuracy >= threshold for accuracy in within)


def is_no_longer(one: Span, other: Span) -> bool:
    return one.length <= other.length + ROUNDING and BOUNDS.index(one.bound) <= BOUNDS.index(other.bound)


@given(curves(), thresholds, st.data())
def test_raising_an_accuracy_never_shortens_the_span(
    curve: tuple[list[int], list[float]], threshold: float, data: st.DataObject
) -> None:
    lengths, before = curve
    place = data.draw(st.integers(0, len(lengths) - 1))
    after = [*before]
    after[place] = data.draw(st.floats(before[place], 1))
    assert is_no_longer(memory_span(lengths, before, threshold), memory_span(lengths, after, threshold))


@given(curves(), thresholds, thresholds)
def test_a_higher_threshold_never_lengthens_the_span(
    curve: tuple[list[int], list[float]], threshold: float, other: float
) -> None:
    low, high = sorted([threshold, other])
    assert is_no_longer(memory_span(*curve, high), memory_span(*curve, low))


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (Span(16.66, Bound.KNOWN), "16.7"),
        (Span(25.0, Bound.KNOWN), "25"),
        (BELOW_5, "< 5"),
        (BEYOND_35, "≥ 35"),
    ],
)
def test_a_span_says_whether_it_is_known(span: Span, text: str) -> None:
    assert str(span) == text


@pytest.mark.parametrize(
    ("spans", "median"),
    [
        (known(12), "12"),
        (known(30, 10, 20), "20"),
        (known(30, 10, 20, 14), "17"),
        ([BELOW_5, *known(10, 20)], "10"),
        ([BELOW_5, BELOW_5, *known(20)], "< 5"),
        ([BEYOND_35, *known(10, 20)], "20"),
        ([BEYOND_35, BEYOND_35, *known(20)], "≥ 35"),
        ([BELOW_5, BEYOND_35, *known(20)], "20"),
        ([BELOW_5, BELOW_5], "< 5"),
        ([BEYOND_35, BEYOND_35], "≥ 35"),
        ([BELOW_5, BELOW_5, *known(9, 20)], "< 7"),
        ([BEYOND_35, BEYOND_35, *known(20, 9)], "≥ 27.5"),
        ([BELOW_5, *known(9, 11), BEYOND_35], "10"),
        ([BELOW_5, BELOW_5, BEYOND_35, BEYOND_35], "≥ 17.5"),
    ],
)
def test_the_median_of_spans_says_what_is_known_of_it(spans: Sequence[Span], median: str) -> None:
    assert str(median_of_spans(spans).median) == median


def test_a_known_span_at_the_first_length_is_longer_than_one_below_it() -> None:
    assert median_of_spans([*known(5), BELOW_5, *known(9)]).median == Span(5.0, Bound.KNOWN)


@pytest.mark.parametrize("seeds", range(1, 6))
def test_fewer_than_six_spans_have_a_median_but_no_interval(seeds: int) -> None:
    median = median_of_spans(known(*range(10, 10 + seeds)))
    assert (median.low, median.high) == (None, None)
    assert str(median) == (str(median.median) if seeds == 1 else f"{median.median} [–]")


def test_the_interval_of_six_spans_reaches_from_the_shortest_to_the_longest() -> None:
    spans = [*known(12, 14, 16, 18), BEYOND_35, BELOW_5]
    assert median_of_spans(spans) == MedianSpan(Span(15.0, Bound.KNOWN), BELOW_5, BEYOND_35, 6)


def test_the_interval_of_twenty_spans_reaches_from_the_6th_to_the_15th() -> None:
    median = median_of_spans(known(*range(20, 0, -1)))
    assert median == MedianSpan(Span(10.5, Bound.KNOWN), Span(6.0, Bound.KNOWN), Span(15.0, Bound.KNOWN), 20)
    assert str(median) == "10.5 [6, 15]"


def test_spans_out_of_reach_do_not_move_the_interval() -> None:
    reached = median_of_spans(known(*range(1, 21)))
    out_of_reach = median_of_spans([Span(1.0, Bound.BELOW)] * 5 + known(*range(6, 16)) + [Span(20.0, Bound.BEYOND)] * 5)
    assert out_of_reach == reached


def test_the_span_of_medians_takes_the_closest_curve_that_never_rises() -> None:
    """By hand: 0.6 and 0.7 are in the wrong order and share their mean."""
    found = median_span(LENGTHS, [[0.8], [0.6], [0.7], [0.3]], 0.5)
    assert found.median.length == pytest.approx(15 + 0.15 / 0.35 * 5)
    assert str(found) == "17.1"
    # Without it, the first length below 0.65 would end the span at 8.75.
    assert median_span(LENGTHS, [[0.8], [0.6], [0.7], [0.3]], 0.64).median.length > 15


def test_the_span_of_medians_is_that_of_the_median_seed_at_each_length() -> None:
    by_length = [[0.9, 0.8, 0.1], [0.2, 0.7, 0.6], [0.4, 0.4, 0.2], [0.3, 0.1, 0.2]]
    assert median_span(LENGTHS, by_length, 0.5).median == memory_span(LENGTHS, [0.8, 0.6, 0.4, 0.2], 0.5)
    assert str(median_span(LENGTHS, by_length, 0.5)).endswith("[–]"), "three seeds are too few"


def reaching(*counts: int, seeds: int = 10) -> list[list[float]]:
    """The accuracies of some seeds at each length, of which so many reach 0.5."""
    return [[0.9] * count + [0.1] * (seeds - count) for count in counts]


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ((10, 9, 5, 1), "15 [10, 20]"),  # nine of ten are surely most, eight are not
        ((10, 8, 5, 1), "15 [5, 20]"),
        ((10, 9, 2, 1), "12.5 [10, 20]"),
        ((10, 9, 1, 1), "12.5 [10, 15]"),
        ((10, 10, 9, 9), "≥ 20 [≥ 20]"),
        ((10, 10, 9, 8), "≥ 20 [15, ≥ 20]"),
        ((1, 0, 0, 0), "< 5 [< 5]"),
        ((2, 0, 0, 0), "< 5 [< 5, 10]"),
        ((8, 10, 10, 0), "17.5 [< 5, 20]"),  # a failure at the first length ends the sequence of tests
    ],
)
def test_the_interval_ends_where_sign_tests_in_order_first_fail(counts: tuple[int, ...], text: str) -> None:
    assert str(median_span(LENGTHS, reaching(*counts), 0.5)) == text


def test_a_span_beyond_the_lengths_differs_for_two_seeds_and_for_ten() -> None:
    assert str(median_span(LENGTHS, reaching(2, 2, 2, 2, seeds=2), 0.5)) == "≥ 20 [–]"
    assert str(median_span(LENGTHS, reaching(10, 10, 10, 10), 0.5)) == "≥ 20 [≥ 20]"


@pytest.mark.parametrize("size", [6, 10, 20])
def test_the_interval_of_the_span_covers_the_length_where_half_of_the_trainings_fail(size: int) -> None:
    """Trainings of two kinds, near 1 and at the floor; the share of those that fail rises with the length."""
    stream = np.random.default_rng(size)
    lengths = list(range(5, 40, 5))
    covered = []
    for _ in range(1000):
        half = stream.uniform(6, 39)  # at this length, half of the trainings fail
        steepness = stream.choice([1.0, 3.0, 8.0])
        shares = 1 / (1 + np.exp((np.array(lengths) - half) / steepness))
        succeeded = stream.random((len(lengths), size)) < shares[:, None]
        accuracies = np.where(succeeded, stream.uniform(0.9, 1.0, succeeded.shape), 0.1)
        found = median_span(lengths, accuracies.tolist(), 0.5)
        assert found.low is not None
        assert found.high is not None
        low = 0.0 if found.low.bound == Bound.BELOW else found.low.length
        high = math.inf if found.high.bound == Bound.BEYOND else found.high.length
        covered.append(low <= half <= high)
    assert np.mean(covered) >= 0.95
