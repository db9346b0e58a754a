"""What the figures of a run need of each training, read from the store once."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from digitsum_cli.core.audit import Audit
from digitsum_cli.core.record import Evaluation
from digitsum_cli.trials.outcome import Outcome
from digitsum_cli.trials.rows import TrialRow
from digitsum_cli.trials.setting import Setting, varied_columns
from digitsum_cli.trials.trial import Trial

MAXIMUM_SETTINGS = 12
"""That are drawn: the first."""


@dataclass(frozen=True)
class TrainingCurves:
    """How one training went.

    Arguments:
        trial: what was trained.
        setting: of the trial.
        train_rows: in its training split.
        epoch_losses, evaluations, gradient_norms: as in ``Outcome``.
    """

    trial: Trial
    setting: Setting
    train_rows: int
    epoch_losses: tuple[float, ...]
    evaluations: tuple[Evaluation, ...]
    gradient_norms: Mapping[str, tuple[float, ...]]


def settings_to_draw(rows: Sequence[TrialRow]) -> set[Setting]:
    """The first 12 settings that have a training which did not fail."""
    settings = list(dict.fromkeys(row.setting for row in rows if row.status != "failed"))
    return set(settings[:MAXIMUM_SETTINGS])


def training_curves(
    records: Iterable[tuple[Trial, Outcome]], settings: Container[Setting], audits: Mapping[str, Audit]
) -> Iterator[TrainingCurves]:
    """The curves of trials that did not fail.

    Arguments:
        records: whole outcomes, from the store.
        settings: those that are drawn.
        audits: of the data, by digest.
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
            )


def by_setting(curves: Sequence[TrainingCurves]) -> Iterator[tuple[str, list[TrainingCurves]]]:
    """The curves of each setting, with what sets it apart in words."""
    groups: dict[Setting, list[TrainingCurves]] = {}
    for each in curves:
        groups.setdefault(each.setting, []).append(each)
    varied = varied_columns(groups)
    yield from ((setting.in_words(varied), of_setting) for setting, of_setting in groups.items())
