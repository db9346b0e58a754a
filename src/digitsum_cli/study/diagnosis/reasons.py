"""The reasons in sentences: how far back training could reach, and which digit was lost."""

from collections.abc import Sequence
from statistics import fmean

from digitsum_cli.diagnostics.gradient_by_lag import reach
from digitsum_cli.study.diagnosis.averages import mean_over_seeds
from digitsum_cli.study.diagnosis.checkpoints import DiagnosedTrial
from digitsum_cli.study.setting_columns import setting_label, varied_settings

_IN_FULL, _NEXT_TO_NOTHING, _APART = 0.95, 0.15, 0.1
"""Slopes of the answer over a digit, and their difference."""


def reasons(trials: Sequence[DiagnosedTrial]) -> list[str]:
    """Sentences for each setting, on its longest length.

    Arguments:
        trials: one or more.
    """
    rows = [each.row for each in trials]
    varied = varied_settings(rows)
    longest: dict[str, list[DiagnosedTrial]] = {}
    for each in trials:
        label = setting_label(each.row, varied)
        if label not in longest or each.trial.length > longest[label][0].trial.length:
            longest[label] = []
        if not longest[label] or each.trial.length == longest[label][0].trial.length:
            longest[label].append(each)
    return [sentence for label, mine in longest.items() for sentence in _sentences(label, mine)]


def _sentences(label: str, trials: Sequence[DiagnosedTrial]) -> list[str]:
    diagnoses = [each.diagnosis for each in trials]
    length = diagnoses[0].length
    start = reach(mean_over_seeds([each.gradient_by_lag_start for each in diagnoses]))
    kept = reach(mean_over_seeds([each.gradient_by_lag_kept for each in diagnoses]))
    first = fmean(each.first_digit_slope for each in diagnoses)
    second = fmean(each.second_digit_slope for each in diagnoses)
    where = f"At length {length}" + (f" ({label})" if label else "")
    return [
        f"{where}, a first digit that is one higher raises the answer by {first:.2f} on average, a second one by "
        f"{second:.2f}, where 1 is right: {_verdict(first, second)}.",
        f"{where}, the gradient that reaches the first digit is {start:.2g} times that at the last before training, "
        f"and {kept:.2g} times with the kept weights.",
    ]


def _verdict(first: float, second: float) -> str:
    if min(first, second) >= _IN_FULL:
        return "neither digit was lost"
    if max(first, second) <= _NEXT_TO_NOTHING:
        return "both digits were lost"
    if abs(first - second) < _APART:
        return "both digits were lost in part, about alike"
    return f"the {'first' if first < second else 'second'} digit was lost more"
