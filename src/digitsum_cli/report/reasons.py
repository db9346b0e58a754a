"""The reasons in sentences: how far back training could reach, and which digit was lost."""

from collections.abc import Sequence
from statistics import fmean

from digitsum_cli.diagnostics.gradient_by_lag import reach
from digitsum_cli.evaluation.diagnosis import DiagnosedTrial
from digitsum_cli.report.averages import mean_over_seeds
from digitsum_cli.table import significant
from digitsum_cli.trials.setting import Setting, varied_columns

_IN_FULL, _HARDLY, _OFTEN_RIGHT = 0.9, 0.15, 0.9
"""Slopes of the answer over a digit; the exact accuracy from which on there is nothing to explain."""


def reasons(trials: Sequence[DiagnosedTrial]) -> list[str]:
    """Sentences for each setting, on its longest length.

    Arguments:
        trials: one or more.
    """
    varied = varied_columns(each.setting for each in trials)
    longest: dict[Setting, list[DiagnosedTrial]] = {}
    for each in trials:
        mine = longest.setdefault(each.setting, [])
        if mine and each.trial.length > mine[0].trial.length:
            mine.clear()
        if not mine or each.trial.length == mine[0].trial.length:
            mine.append(each)
    return [sentence for setting, mine in longest.items() for sentence in _sentences(setting.in_words(varied), mine)]


def _sentences(label: str, trials: Sequence[DiagnosedTrial]) -> list[str]:
    diagnoses = [each.diagnosis for each in trials]
    length = diagnoses[0].length
    start = reach(mean_over_seeds([each.gradient_by_lag_start for each in diagnoses]))
    kept = reach(mean_over_seeds([each.gradient_by_lag_kept for each in diagnoses]))
    first = fmean(each.first_digit_slope for each in diagnoses)
    second = fmean(each.second_digit_slope for each in diagnoses)
    exact = fmean(each.accuracy_by_length[length] for each in diagnoses)
    where = f"At length {length}" + (f" ({label})" if label else "")
    return [
        f"{where}, the first digit counts {_extent(first)} in the answer (slope {_slope(first)}, where 1 is right), "
        f"the second {_extent(second)} ({_slope(second)}){_conclusion(first, second, exact)}.",
        f"{where}, the gradient that reaches the first digit is {significant(start, 2)} times that at the last before "
        f"training, and {significant(kept, 2)} times with the kept weights.",
    ]


def _extent(slope: float) -> str:
    if slope >= _IN_FULL:
        return "in full"
    return "hardly at all" if slope <= _HARDLY else "in part"


def _slope(slope: float) -> str:
    return f"{round(slope, 2) + 0.0:.2f}"  # no minus before a zero


def _conclusion(first: float, second: float, exact: float) -> str:
    if max(first, second) <= _HARDLY:
        return ": both were lost"
    if min(first, second) >= _IN_FULL and exact < _OFTEN_RIGHT:
        return ": neither was lost, and wrong answers scatter around the right sum"
    if min(first, second) >= _IN_FULL:
        return ": neither was lost"
    return ""
