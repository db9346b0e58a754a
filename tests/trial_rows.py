"""Rows of trials made by hand."""

from dataclasses import replace
from typing import Any

from digitsum_cli.core.accuracy_kind import AccuracyKind
from digitsum_cli.settings.schema import DrawingSettings, ModelSettings, TrainSettings
from digitsum_cli.trials.outcome import Status
from digitsum_cli.trials.rows import TrialRow
from digitsum_cli.trials.scores import Scores
from digitsum_cli.trials.setting import BOOK, Setting


def setting_with(**columns: Any) -> Setting:
    """The book's setting with other values in some columns."""
    model = {name: columns.pop(name) for name in ModelSettings.model_fields if name in columns}
    train = {name: columns.pop(name) for name in TrainSettings.model_fields if name in columns}
    drawing = {name: columns.pop(name) for name in DrawingSettings.model_fields if name in columns}
    return replace(
        BOOK,
        model=BOOK.model.model_copy(update=model),
        train=BOOK.train.model_copy(update=train),
        drawing=BOOK.drawing.model_copy(update=drawing),
        **columns,
    )


def trial_row(
    seed: int = 0,
    exact: float | None = 0.5,
    *,
    length: int = 5,
    status: Status = "done",
    test: float | None = None,
    best_eval: float | None = None,
    train: float | None = None,
    unseen: float | None = None,
    sampled: float | None = None,
    kind: AccuracyKind = AccuracyKind.EXACT,
    final_train_loss: float | None = 0.5,
    seconds: float = 1.0,
    reason: str | None = None,
    **columns: Any,
) -> TrialRow:
    """A trial all of whose accuracies are ``exact`` unless others are given; settings by column."""
    scores = None
    if exact is not None:
        test = exact if test is None else test
        scores = Scores(
            test,
            exact if kind is AccuracyKind.EXACT else None,
            exact if train is None else train,
            100,
            90,
            unseen,
            sampled,
            None if sampled is None else 1000,
        )
    return TrialRow(
        f"{length}-{seed}",
        length,
        seed,
        kind,
        setting_with(**columns),
        status,
        exact if best_eval is None else best_eval,
        scores,
        final_train_loss,
        None,
        19_000,
        seconds,
        reason,
    )
