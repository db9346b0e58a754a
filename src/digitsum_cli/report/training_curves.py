"""The data that the figures of a run need from each training, read from the store once."""

import math
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from digitsum_cli.core.audit import Audit
from digitsum_cli.core.record import Evaluation
from digitsum_cli.trials.outcome import Outcome
from digitsum_cli.trials.rows import TrialRow
from digitsum_cli.trials.setting import Setting, varied_columns
from digitsum_cli.trials.trial import Trial

MAXIMUM_SETTINGS = 12
"""The maximum number of settings to draw: the first ones."""


@dataclass(frozen=True)
class TrainingCurves:
    """The curves of one training.

    Arguments:
        trial: what was trained.
        setting: setting of the trial.
        train_rows: number of rows in its training set.
        epoch_losses, evaluations, gradient_norms: as in ``Outcome``.
        diverged_at: the last step of a training that diverged, and the last finite loss; None for others.
    """

    trial: Trial
    setting: Setting
    train_rows: int
    epoch_losses: tuple[float, ...]
    evaluations: tuple[Evaluation, ...]
    gradient_norms: Mapping[str, tuple[float, ...]]
    diverged_at: tuple[int, float] | None


def settings_to_draw(rows: Sequence[TrialRow]) -> set[Setting]:
    """The first 12 settings with at least one training that did not fail."""
    settings = list(dict.fromkeys(row.setting for row in rows if row.status != "failed"))
    return set(settings[:MAXIMUM_SETTINGS])


def training_curves(
    records: Iterable[tuple[Trial, Outcome]], settings: Container[Setting], audits: Mapping[str, Audit]
) -> Iterator[TrainingCurves]:
    """The curves of all trials that did not fail.

    Arguments:
        records: trials with complete outcomes, from the store.
        settings: the settings to draw.
        audits: audits of the data, by digest.
    """
    for trial, outcome in records:
        setting = Setting.of(trial)
        if outcome.status != "failed" and setting in settings:
            yield TrainingCurves(
                trial,
                setting,
                audits[trial.data_digest].train_rows,
                outcome.epoch_losses,
                outcome.evaluations,
                outcome.gradient_norms,
                _divergence(outcome) if outcome.status == "diverged" else None,
            )


def _divergence(outcome: Outcome) -> tuple[int, float] | None:
    """The last step, and the last finite loss; None if there is none."""
    finite = next((loss for loss in reversed(outcome.step_losses) if math.isfinite(loss)), None)
    return None if finite is None else (len(outcome.step_losses) - 1, finite)


def by_setting(curves: Sequence[TrainingCurves]) -> Iterator[tuple[str, list[TrainingCurves]]]:
    """The curves of each setting, with the label that distinguishes it."""
    groups: dict[Setting, list[TrainingCurves]] = {}
    for each in curves:
        groups.setdefault(each.setting, []).append(each)
    varied = varied_columns(groups)
    yield from ((setting.in_words(varied), group) for setting, group in groups.items())
