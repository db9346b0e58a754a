"""The reasons in sentences: how far back training could reach, and which digit was lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from digitsum_cli.diagnostics.answers import digit_slopes
from digitsum_cli.diagnostics.gradient_by_lag import reach
from digitsum_cli.evaluation.diagnosis import DiagnosedTrial
from digitsum_cli.report.averages import mean_over_seeds
from digitsum_cli.table import significant
from digitsum_cli.trials.setting import Setting, varied_columns

_IN_FULL, _HARDLY, _OFTEN_RIGHT = 0.9, 0.15, 0.9
"""Shares of the right slope of the answer over a digit; the exact accuracy that needs no explanation."""


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
    exact = fmean(each.accuracy_by_length[length] for each in diagnoses)
    where = f"At length {length}" + (f" ({label})" if label else "")
    task = trials[0].trial.task
    slopes = [fmean(each.first_digit_slope for each in diagnoses), fmean(each.second_digit_slope for each in diagnoses)]
    counting = [
        _Digit(name, slope, right)
        for name, slope, right in zip(
            ("the first digit", "the second"), slopes, digit_slopes(task.every_draw(length).labels), strict=True
        )
        if right > _HARDLY
    ]
    sentences = [
        f"{where}, the gradient that reaches the first digit is {significant(start, 2)} times that at the last before "
        f"training, and {significant(kept, 2)} times with the kept weights.",
    ]
    if counting:
        first, *others = counting
        counts = [
            f"{first.name} counts {first.extent} in the answer "
            f"(slope {_slope(first.slope)}, where {first.right:.2g} is right)",
            *(f"{other.name} {other.extent} ({_slope(other.slope)})" for other in others),
        ]
        conclusion = _conclusion([digit.share for digit in counting], exact, task.label_name)
        sentences.insert(0, f"{where}, {', '.join(counts)}{conclusion}.")
    return sentences


@dataclass(frozen=True)
class _Digit:
    """A digit on which the right answer depends: the slope of the answer over it, and that of right answers."""

    name: str
    slope: float
    right: float

    @property
    def share(self) -> float:
        return self.slope / self.right

    @property
    def extent(self) -> str:
        if self.share >= _IN_FULL:
            return "in full"
        return "hardly at all" if self.share <= _HARDLY else "in part"


def _slope(slope: float) -> str:
    return f"{round(slope, 2) + 0.0:.2f}"  # no minus before a zero


def _conclusion(shares: Sequence[float], exact: float, label_name: str) -> str:
    both = len(shares) > 1
    if max(shares) <= _HARDLY:
        return ": both were lost" if both else ": it was lost"
    kept = ": neither was lost" if both else ": it was not lost"
    if min(shares) >= _IN_FULL and exact < _OFTEN_RIGHT:
        return f"{kept}, and wrong answers scatter around the right {label_name}"
    return kept if min(shares) >= _IN_FULL else ""
