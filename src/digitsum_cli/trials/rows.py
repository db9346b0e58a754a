"""Trials and their evaluations as rows: ``results.csv`` and ``history.csv``."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

from digitsum_cli.core.accuracy_kind import AccuracyKind, common_kind
from digitsum_cli.stats.intervals import wilson_interval
from digitsum_cli.trials.outcome import Outcome, Status
from digitsum_cli.trials.scores import Scores
from digitsum_cli.trials.setting import SETTING_COLUMNS, Setting
from digitsum_cli.trials.trial import Trial

HISTORY_COLUMNS = ("trial", "step", "epoch", "train_loss", "eval_loss", "eval_accuracy")

_FIRST_COLUMNS = (
    *("trial", "length", "cell", "impl", "seed", "embedding_size", "hidden_size", "lr", "epochs", "status"),
    *("best_eval_accuracy", "test_accuracy", "exact_accuracy", "final_train_loss", "best_step", "steps", "seconds"),
)
_SCORE_COLUMNS = (
    *(field.name for field in fields(Scores)),
    *("test_accuracy_low", "test_accuracy_high", "sampled_accuracy_low", "sampled_accuracy_high"),
)
RESULT_COLUMNS = tuple(dict.fromkeys((*_FIRST_COLUMNS, *_SCORE_COLUMNS, "accuracy_kind", *SETTING_COLUMNS, "reason")))


@dataclass(frozen=True)
class TrialRow:
    """A finished trial without its losses and weights: a row of ``results.csv``.

    Arguments:
        trial: the identity of the trial.
        others: as in ``Trial`` and ``Outcome``.
    """

    trial: str
    length: int
    seed: int
    accuracy_kind: AccuracyKind
    setting: Setting
    status: Status
    best_eval_accuracy: float | None
    scores: Scores | None
    final_train_loss: float | None
    best_step: int | None
    steps: int
    seconds: float
    reason: str | None

    @classmethod
    def of(cls, trial: Trial, outcome: Outcome) -> "TrialRow":
        """The row of a trial and its outcome."""
        return cls(
            trial.identity,
            trial.length,
            trial.seed,
            trial.accuracy_kind,
            Setting.of(trial),
            outcome.status,
            outcome.best_eval_accuracy,
            outcome.scores,
            outcome.final_train_loss,
            outcome.best_step,
            outcome.steps,
            outcome.seconds,
            outcome.reason,
        )

    @property
    def done(self) -> bool:
        """Whether the training neither failed nor diverged."""
        return self.status == "done"

    def accuracy(self, kind: AccuracyKind) -> float | None:
        """An accuracy of the best checkpoint; None if there is none."""
        return self.scores.of_kind(kind) if self.scores else None

    @cached_property
    def columns(self) -> dict[str, Any]:
        """The values in the order of ``RESULT_COLUMNS``; None if missing."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        scores = {} if self.scores is None else score_columns(self.scores)
        values = {**own, **self.setting.columns, **scores}
        return {column: values.get(column) for column in RESULT_COLUMNS}


def score_columns(scores: Scores) -> dict[str, Any]:
    """The scores by column, with the 95 % Wilson intervals of the accuracies on test rows and on drawn rows.

    These are ``test_accuracy_low``, ``test_accuracy_high`` and so on.
    """
    columns = asdict(scores)
    measured = {"test": (scores.test_accuracy, scores.test_rows)}
    if scores.sampled_accuracy is not None and scores.sampled_rows:
        measured["sampled"] = scores.sampled_accuracy, scores.sampled_rows
    for name, (accuracy, rows) in measured.items():
        low, high = wilson_interval(round(accuracy * rows), rows)
        columns |= {f"{name}_accuracy_low": low, f"{name}_accuracy_high": high}
    return columns


def common_kinds(rows: Iterable[TrialRow]) -> dict[Setting, AccuracyKind]:
    """The kind of accuracy that describes all trials of each setting, whatever their length."""
    kinds: dict[Setting, list[AccuracyKind]] = {}
    for row in rows:
        kinds.setdefault(row.setting, []).append(row.accuracy_kind)
    return {setting: common_kind(found) for setting, found in kinds.items()}


def history_rows(trial: Trial, outcome: Outcome) -> Iterator[dict[str, Any]]:
    """The rows of ``history.csv`` for one trial, one per evaluation."""
    return ({"trial": trial.identity, **asdict(evaluation)} for evaluation in outcome.evaluations)


def csv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The rows as CSV with a header; floats in full precision, missing values as empty fields."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
