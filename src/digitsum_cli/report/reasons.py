"""The reasons in sentences: which digit was lost, how far back gradients reach, and where the states go."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from digitsum_cli.core.tasks.two_digits import TwoDigitTask
from digitsum_cli.diagnostics.answers import digit_slopes
from digitsum_cli.diagnostics.diagnosis import known_dynamics
from digitsum_cli.diagnostics.gradient_by_lag import reach
from digitsum_cli.diagnostics.state_dynamics import PROJECTED_STEPS, STEPS_AFTER_DISTRACTOR, StateDynamics
from digitsum_cli.evaluation.diagnosis import DiagnosedTrial
from digitsum_cli.report.averages import mean_over_seeds, median_over_seeds
from digitsum_cli.table import significant
from digitsum_cli.trials.setting import Setting, varied_columns

_FULL, _NEGLIGIBLE = 0.9, 0.15
"""Slopes of the answer over a digit, as shares of the correct slope."""

_HIGH_ACCURACY = 0.9
"""The exact accuracy that needs no explanation."""

_AT_REST = 1e-6
"""A state that moves by less per step has come to rest."""


def reasons(trials: Sequence[DiagnosedTrial]) -> list[str]:
    """Explains the answers of each setting at its longest length.

    Arguments:
        trials: one or more diagnosed trials.
    """
    varied = varied_columns(each.setting for each in trials)
    longest: dict[Setting, list[DiagnosedTrial]] = {}
    for each in trials:
        group = longest.setdefault(each.setting, [])
        if group and each.trial.length > group[0].trial.length:
            group.clear()
        if not group or each.trial.length == group[0].trial.length:
            group.append(each)
    return [sentence for setting, group in longest.items() for sentence in _sentences(setting.in_words(varied), group)]


def _sentences(label: str, trials: Sequence[DiagnosedTrial]) -> list[str]:
    diagnoses = [each.diagnosis for each in trials]
    length = diagnoses[0].length
    initial = reach(mean_over_seeds([each.digit_gradient_by_lag_start for each in diagnoses]))
    best = reach(mean_over_seeds([each.digit_gradient_by_lag_kept for each in diagnoses]))
    exact = fmean(each.accuracy_by_length[length] for each in diagnoses)
    where = f"At length {length}" + (f" ({label})" if label else "")
    task = trials[0].trial.task
    correct_slopes = digit_slopes(task.labels_by_pair) if isinstance(task, TwoDigitTask) else (0.0, 0.0)
    slopes = [fmean(each.first_digit_slope for each in diagnoses), fmean(each.second_digit_slope for each in diagnoses)]
    relevant = [
        _Digit(name, slope, correct)
        for name, slope, correct in zip(("the first digit", "the second"), slopes, correct_slopes, strict=True)
        if correct > _NEGLIGIBLE
    ]
    sentences = [
        f"{where}, the gradient at the first digit, relative to that at the last, is {significant(initial, 2)} before "
        f"training and {significant(best, 2)} with the best checkpoint.",
        *_where_states_go(where, known_dynamics(diagnoses)),
    ]
    if relevant:
        first, *others = relevant
        effects = [
            f"{first.name} {first.effect} the answer (slope {_slope(first.slope)}, ideally {first.correct:.2g})",
            *(f"{other.name} {other.effect} it ({_slope(other.slope)})" for other in others),
        ]
        conclusion = _conclusion([digit.share for digit in relevant], exact, task.label_name)
        sentences.insert(0, f"{where}, {' and '.join(effects)}{conclusion}.")
    return sentences


def _where_states_go(where: str, dynamics: Sequence[StateDynamics]) -> list[str]:
    """What the states do while only zeros follow, and after a distractor: medians over seeds."""
    if not dynamics:
        return []
    growing = sum(not math.isfinite(each.last_movement) for each in dynamics)
    if 2 * growing > len(dynamics):
        return [f"{where}, the states grow without limit while only zeros follow."]
    movement = median_over_seeds(each.last_movement for each in dynamics)
    groups = median_over_seeds(each.groups for each in dynamics)
    different = "a single state" if groups == 1 else f"{groups:.0f} different states"
    end = f"after {PROJECTED_STEPS[-1]:,} digits"
    rest = (
        f"come to rest while only zeros follow: {end}, the pairs of first digits end in {different}"
        if movement < _AT_REST
        else f"keep moving while only zeros follow: {end} still {significant(movement, 2)} per digit, in {different}"
    )
    radius = significant(median_over_seeds(each.jacobian_radius for each in dynamics), 2)
    moved = significant(median_over_seeds(each.first_displacement for each in dynamics), 2)
    remains = significant(median_over_seeds(each.last_displacement for each in dynamics), 2)
    other = significant(median_over_seeds(each.answer_distance for each in dynamics), 2)
    nearest = (
        "most answers share their state with another by then"
        if other == "0"
        else f"the nearest state of another answer is {other} away"
    )
    return [
        f"{where}, the states {rest} (spectral radius of the Jacobian {radius}).",
        f"{where}, a distractor moves a state by {moved}; {STEPS_AFTER_DISTRACTOR} zeros later it is {remains} away "
        f"from where it would be without it, and {nearest}.",
    ]


@dataclass(frozen=True)
class _Digit:
    """A digit that the correct answer depends on: the slope of the given and of the correct answers over it."""

    name: str
    slope: float
    correct: float

    @property
    def share(self) -> float:
        return self.slope / self.correct

    @property
    def effect(self) -> str:
        if self.share >= _FULL:
            return "fully affects"
        return "hardly affects" if self.share <= _NEGLIGIBLE else "only partly affects"


def _slope(slope: float) -> str:
    return f"{round(slope, 2) + 0.0:.2f}"  # no minus sign before zero


def _conclusion(shares: Sequence[float], exact: float, label_name: str) -> str:
    both = len(shares) > 1
    if max(shares) <= _NEGLIGIBLE:
        return ": both were lost" if both else ": it was lost"
    not_lost = ": neither was lost" if both else ": it was not lost"
    if min(shares) >= _FULL and exact < _HIGH_ACCURACY:
        return f"{not_lost}, and wrong answers scatter around the correct {label_name}"
    return not_lost if min(shares) >= _FULL else ""
