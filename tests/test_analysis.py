"""What the trials of a run say together, from rows made by hand."""

import json
from collections.abc import Sequence
from statistics import fmean
from typing import Any

import pytest

from digitsum_cli.analysis.analysis import DataAudit, analyse
from digitsum_cli.analysis.differences import paired_differences
from digitsum_cli.analysis.memory_spans import memory_spans
from digitsum_cli.analysis.summary import THRESHOLDS, summarise
from digitsum_cli.core.accuracy_kind import AccuracyKind
from digitsum_cli.core.audit import Audit
from digitsum_cli.stats.intervals import mean_bound, median_interval, share_interval, wilson_interval
from digitsum_cli.trials.rows import TrialRow
from digitsum_cli.trials.setting import BOOK, SETTING_COLUMNS
from tests.trial_rows import trial_row as result


def summary_of(rows: list[TrialRow]) -> list[dict[str, Any]]:
    return [row.to_dict() for row in summarise(rows)]


def differences_of(rows: list[TrialRow]) -> list[dict[str, Any]]:
    return [row.to_dict() for row in paired_differences(rows)]


def spans_of(rows: list[TrialRow], thresholds: Sequence[float] = THRESHOLDS) -> list[dict[str, Any]]:
    return [row.to_dict() for row in memory_spans(rows, thresholds)]


ACCURACIES = [0.5, 0.9, 0.25, 0.75, 0.7, 0.4]


def failed(seed: int = 0, **others: Any) -> TrialRow:
    return result(seed, None, **{"status": "failed", "seconds": 0.0, "final_train_loss": None, **others})


def diverged(seed: int = 0, **others: Any) -> TrialRow:
    """It has scores, those of its best checkpoint before."""
    return result(seed, 1.0, **{"status": "diverged", "reason": "the loss was not finite", **others})


def with_accuracies(accuracies: list[float], **others: Any) -> list[TrialRow]:
    return [result(seed, accuracy, **others) for seed, accuracy in enumerate(accuracies)]


def test_summary_has_a_row_for_each_length_and_setting_in_the_order_of_the_results() -> None:
    rows = [result(seed, length=length, hidden_size=size) for size in (32, 8) for length in (10, 5) for seed in (0, 1)]
    found = [(row["length"], row["hidden_size"], row["trials"]) for row in summary_of(rows)]
    assert found == [(10, 32, 2), (5, 32, 2), (10, 8, 2), (5, 8, 2)]


ANOTHER: dict[str, Any] = {
    **{column: value + 1 for column, value in BOOK.columns.items() if isinstance(value, int | float)},
    **{column: "another" for column, value in BOOK.columns.items() if isinstance(value, str)},
    **{column: 7 for column, value in BOOK.columns.items() if value is None},
    "forget_bias": 1.0,
    "clip_norm": 1.0,
    "shuffle": True,
    "distractors": 2,
    "start_from": "another",
    "scoring_rows": 1000,
    "options": (("rate", 1),),
}


@pytest.mark.parametrize("column", SETTING_COLUMNS)
def test_trials_that_differ_in_any_setting_are_summarised_apart(column: str) -> None:
    rows = [result(0, 0.2), result(0, 0.4, **{column: ANOTHER[column]})]
    assert [row["exact_accuracy"] for row in summary_of(rows)] == [0.2, 0.4]


@pytest.mark.parametrize("measure", ["exact_accuracy", "test_accuracy", "best_eval_accuracy"])
def test_summary_says_how_each_accuracy_spreads_over_the_seeds(measure: str) -> None:
    name = measure.removesuffix("_accuracy")
    columns: list[dict[str, Any]] = [{"exact": 0.1, name: value} for value in ACCURACIES]
    [row] = summary_of([result(seed, **of_seed) for seed, of_seed in enumerate(columns)])
    assert row[measure] == pytest.approx(3.5 / 6)
    assert (row[f"{measure}_min"], row[f"{measure}_max"]) == (0.25, 0.9)
    assert row[f"{measure}_median"] == pytest.approx(0.6)
    assert row[f"{measure}_iqm"] == pytest.approx((0.4 + 0.5 + 0.7 + 0.75) / 4)
    assert (row[f"{measure}_median_low"], row[f"{measure}_median_high"]) == median_interval(ACCURACIES)
    assert (row[f"{measure}_low"], row[f"{measure}_high"]) == mean_bound(ACCURACIES)
    assert row["seeds"] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("measure", ["unseen_test_accuracy", "final_train_loss", "seconds"])
def test_summary_says_the_mean_and_the_range_of_other_measures(measure: str) -> None:
    name = {"unseen_test_accuracy": "unseen"}.get(measure, measure)
    columns: list[dict[str, Any]] = [{name: value} for value in (3.0, 1.0, 8.0)]
    [row] = summary_of([result(seed, **of_seed) for seed, of_seed in enumerate(columns)])
    assert (row[measure], row[f"{measure}_min"], row[f"{measure}_max"]) == (4.0, 1.0, 8.0)


def test_a_measure_that_a_trial_lacks_is_summarised_over_the_others() -> None:
    [row] = summary_of([result(0, unseen=None), result(1, unseen=0.75)])
    assert (row["trials"], row["unseen_test_accuracy"]) == (2, 0.75)


def test_summary_counts_the_seeds_that_reach_each_threshold() -> None:
    """Also those that diverged, which do not; a training that failed says nothing."""
    rows = [*with_accuracies([0.25, 0.5, 0.5, 0.9, 0.95]), diverged(5), failed(6)]
    [row] = summary_of(rows)
    low, high = share_interval(4, 6) or (None, None)
    assert row["reached"][0] == {"threshold": 0.5, "count": 4, "seeds": 6, "low": low, "high": high}
    assert [each["count"] for each in row["reached"]] == [4, 2]
    [row] = summary_of(with_accuracies([0.25, 0.5]))
    assert row["reached"][0] == {"threshold": 0.5, "count": 1, "seeds": 2, "low": None, "high": None}


def test_summary_says_whether_the_seeds_fall_into_two_groups() -> None:
    [row] = summary_of(with_accuracies([0.1, 0.12, 0.95, 0.97, 0.99, 1.0]))
    assert row["groups"] == [{"seeds": 2, "low": 0.1, "high": 0.12}, {"seeds": 4, "low": 0.95, "high": 1.0}]
    [row] = summary_of(with_accuracies([0.5, 0.55, 0.6, 0.65, 0.7, 0.75]))
    assert row["groups"] is None


def test_trials_that_failed_or_diverged_are_counted_and_nothing_more() -> None:
    [row] = summary_of([result(0, 0.2), failed(1), diverged(2), result(3, 0.4)])
    assert (row["trials"], row["failed"], row["diverged"], row["seeds"]) == (2, 2, 1, [0, 3])
    assert row["exact_accuracy"] == fmean([0.2, 0.4])
    assert row["exact_accuracy_max"] == 0.4


def test_a_length_where_all_trials_failed_has_counts_and_no_figures() -> None:
    [row] = summary_of([failed(0), failed(1)])
    counts = {"length": 5, "trials": 0, "failed": 2, "seeds": [], "first_seed": 0}
    counts |= {"diverged": 0, "accuracy_kind": "exact"}
    assert [(each["count"], each["seeds"]) for each in row.pop("reached")] == [(0, 0), (0, 0)]
    assert {key: value for key, value in row.items() if value is not None and key not in SETTING_COLUMNS} == counts


def test_a_single_seed_has_a_mean_but_no_interval() -> None:
    [row] = summary_of([result(7, 0.5)])
    figures = {name.removeprefix("exact_accuracy"): row[name] for name in row if name.startswith("exact_accuracy")}
    known = {"": 0.5, "_min": 0.5, "_max": 0.5, "_median": 0.5, "_iqm": 0.5}
    assert figures == {**known, "_median_low": None, "_median_high": None, "_low": None, "_high": None}


def test_first_seed_is_one_that_is_done() -> None:
    [row] = summary_of([diverged(0), result(1, 0.5, test=0.6)])
    assert (row["first_seed"], row["first_seed_test_accuracy"]) == (1, 0.6)


def test_summary_repeats_the_first_seeds_scores_and_interval() -> None:
    rows = [result(4, 0.5, test=0.6), result(5, 0.9)]
    [row] = summary_of(rows)
    assert (row["first_seed"], row["first_seed_exact_accuracy"], row["first_seed_test_accuracy"]) == (4, 0.5, 0.6)
    assert (row["first_seed_test_low"], row["first_seed_test_high"]) == wilson_interval(60, 100)


def test_every_setting_is_compared_with_the_first_at_each_length() -> None:
    rows = [result(0, length=length, impl=impl) for impl in ("torch", "fused", "manual") for length in (10, 5)]
    found = [(row["length"], row["setting"], row["reference"], row["measure"]) for row in differences_of(rows)]
    assert found == [
        (length, f"impl {impl}", "impl torch", measure)
        for length in (10, 5)
        for impl in ("fused", "manual")
        for measure in ("exact_accuracy", "test_accuracy")
    ]


def test_differences_are_taken_seed_by_seed_whatever_the_order_of_the_trials() -> None:
    reference = with_accuracies([0.125, 0.25, 0.5, 0.75, 0.875, 0.625])
    others = with_accuracies([0.25, 0.5, 0.5, 0.875, 0.875, 0.75], hidden_size=64)
    row = differences_of([*reference, *reversed(others)])[0]
    differences = [0.125, 0.0, 0.125, 0.0, 0.25, 0.125]
    assert (row["measure"], row["hidden_size"], row["seeds"]) == ("exact_accuracy", 64, [5, 4, 3, 2, 1, 0])
    assert (row["mean"], row["lowest"], row["highest"]) == (pytest.approx(fmean(differences)), 0.0, 0.25)
    assert (row["low"], row["high"]) == mean_bound(differences, -1.0, 1.0)
    assert (row["median"], (row["median_low"], row["median_high"])) == (0.125, median_interval(differences))
    assert (row["improved"], row["tied"]) == (4, 2)
    assert (row["improved_low"], row["improved_high"]) == share_interval(4, 6)


def test_p_values_are_adjusted_for_all_comparisons_in_the_same_measure() -> None:
    reference = [trial for length in (5, 10) for trial in with_accuracies([0.5] * 10, length=length)]
    better = [trial for length in (5, 10) for trial in with_accuracies([0.75] * 10, length=length, lr=0.01)]
    equal = [trial for length in (5, 10) for trial in with_accuracies([0.5] * 10, length=length, lr=0.1)]
    rows = differences_of([*reference, *better, *equal])
    exact = [row for row in rows if row["measure"] == "exact_accuracy"]
    once = 2 / 2**10
    assert [row["p_value"] for row in exact] == pytest.approx([once, 1.0, once, 1.0])
    assert [row["adjusted_p_value"] for row in exact] == pytest.approx([4 * once, 1.0, 4 * once, 1.0])


def test_each_measure_has_its_own_difference() -> None:
    rows = [result(0, 0.5, test=0.25), result(0, 0.75, test=0.25, lr=0.01)]
    assert [(row["measure"], row["mean"]) for row in differences_of(rows)] == [
        ("exact_accuracy", 0.25),
        ("test_accuracy", 0.0),
    ]


def test_only_seeds_that_both_settings_finished_are_compared() -> None:
    reference = [result(0, 0.5), result(1, 0.5), failed(2), result(3, 0.5), diverged(5)]
    made = [(1, 0.75), (2, 0.0), (4, 0.0), (5, 0.0)]
    others = [*(result(seed, exact, lr=0.01) for seed, exact in made), diverged(3, lr=0.01)]
    row = differences_of([*reference, *others])[0]
    assert (row["seeds"], row["mean"], row["low"], row["high"]) == ([1], 0.25, None, None)


def test_settings_without_a_common_seed_have_no_difference() -> None:
    row = differences_of([result(0), result(1, lr=0.01)])[0]
    assert row["seeds"] == []
    figures = ("mean", "low", "high", "lowest", "highest", "probability_of_improvement")
    assert [row[figure] for figure in figures] == [None] * 6
    assert row["adjusted_p_value"] is None


def test_a_setting_that_failed_throughout_still_stands_among_the_differences() -> None:
    rows = differences_of([result(0), failed(0, lr=0.01)])
    assert [(row["setting"], row["seeds"]) for row in rows] == [("lr 0.01", [])] * 2


def test_a_single_setting_has_no_differences() -> None:
    assert differences_of(with_accuracies(ACCURACIES)) == []


def curve(seed: int, *accuracies: float, **others: Any) -> list[TrialRow]:
    """A seed's rows at the lengths 5, 10, 15, …, the longest first."""
    rows = [result(seed, value, length=5 * place, **others) for place, value in enumerate(accuracies, 1)]
    return rows[::-1]


def test_the_memory_span_is_that_of_the_median_seed_at_each_length() -> None:
    rows = [*curve(0, 0.75, 0.25, 0.0), *curve(1, 0.25, 0.0, 0.0), *curve(2, 1.0, 0.75, 0.5)]
    [row] = spans_of(rows, [0.5])
    assert (row["setting"], row["threshold"], row["lengths"], row["seeds"]) == ("", 0.5, [5, 10, 15], [0, 1, 2])
    assert row["spans"] == [
        {"length": 7.5, "bound": "known"},
        {"length": 5.0, "bound": "below"},
        {"length": 15.0, "bound": "beyond"},
    ]
    assert row["median"] == {"length": 7.5, "bound": "known"}
    assert (row["low"], row["high"], row["text"]) == (None, None, "7.5 [–]")


def test_the_text_of_six_memory_spans_has_the_interval() -> None:
    """All six reach the threshold at 5, and none at 15; at 10 it is neither sure to be reached nor sure not to be."""
    rows = [row for seed in range(5) for row in curve(seed, 1.0, 0.6, 0.2)]
    [row] = spans_of([*rows, *curve(5, 0.5, 0.4, 0.0)], [0.5])
    assert row["text"] == "11.2 [5, 15]"
    assert (row["low"], row["high"]) == ({"length": 5.0, "bound": "known"}, {"length": 15.0, "bound": "known"})


def test_a_setting_with_foreign_rows_at_one_length_is_described_by_its_test_rows_at_all() -> None:
    rows = [
        result(0, 0.9, length=5, test=0.4, unseen=0.4),
        result(0, 0.9, length=10, test=0.3, unseen=0.3, kind=AccuracyKind.TEST),
    ]
    assert [(row["accuracy_kind"], row["test_accuracy"]) for row in summary_of(rows)] == [("test", 0.4), ("test", 0.3)]
    assert [(row["accuracy_kind"], row["text"]) for row in spans_of(rows, [0.35])] == [("test", "7.5")]


def test_settings_of_different_kinds_are_compared_in_their_own_accuracies() -> None:
    rows = [
        result(0, 0.5, test=0.25),
        result(0, 0.0, test=0.25, sampled=0.75, kind=AccuracyKind.SAMPLED, distractors=2),
    ]
    assert [(row["measure"], row["mean"]) for row in differences_of(rows)] == [
        ("accuracy", 0.25),
        ("test_accuracy", 0.0),
    ]


def test_memory_spans_go_by_exact_accuracy() -> None:
    rows = [result(0, 1.0, length=length, test=0.0, best_eval=0.0) for length in (5, 10)]
    assert spans_of(rows, [0.5])[0]["text"] == "≥ 10"


def test_memory_spans_are_found_for_every_setting_and_threshold() -> None:
    rows = [*curve(0, 1.0, 0.75), *curve(0, 0.75, 0.25, hidden_size=64)]
    found = [(row["setting"], row["hidden_size"], row["threshold"], row["text"]) for row in spans_of(rows)]
    assert THRESHOLDS == (0.5, 0.9)
    assert found == [
        ("hidden size 32", 32, 0.5, "≥ 10"),
        ("hidden size 32", 32, 0.9, "7"),
        ("hidden size 64", 64, 0.5, "7.5"),
        ("hidden size 64", 64, 0.9, "< 5"),
    ]


def test_a_seed_that_lacks_a_length_has_no_memory_span() -> None:
    """Its trial failed, diverged, or was not made at all."""
    rows = [*curve(0, 1.0, 0.0), result(1, 1.0), failed(1, length=10), result(2, 1.0), diverged(2, length=10)]
    [row] = spans_of([*rows, result(3, 1.0)], [0.5])
    assert (row["seeds"], row["text"]) == ([0], "7.5")


def test_a_setting_without_a_whole_seed_has_a_dash_for_a_memory_span() -> None:
    [row] = spans_of([result(0, 1.0), failed(0, length=10)], [0.5])
    assert (row["spans"], row["median"], row["low"], row["high"], row["text"]) == ([], None, None, None, "–")


AUDIT = Audit(5, 300, 100, 100, 11, 0, 0, 10, 10)


def test_analysis_puts_all_parts_together() -> None:
    rows = [*curve(0, 1.0, 0.75), *curve(0, 0.75, 0.25, hidden_size=64)]
    analysis = analyse(rows, {"digest": AUDIT}, [0.7])
    assert analysis.summary == summarise(rows, [0.7])
    assert analysis.differences == paired_differences(rows)
    assert analysis.memory_spans == memory_spans(rows, [0.7])
    assert analysis.audits == [DataAudit(None, 1, AUDIT)]


def test_a_single_length_has_no_memory_span() -> None:
    assert analyse(with_accuracies(ACCURACIES), {}, [0.5]).memory_spans == []


def test_an_analysis_is_json_as_it_stands() -> None:
    plain = analyse([*curve(0, 1.0, 0.75), *curve(0, 0.5, 0.25, lr=0.01)], {"digest": AUDIT}, [0.5]).to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["audit"][0]["test_in_train"] == 10
