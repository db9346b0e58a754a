"""Outcomes as rows: ``results.csv`` and ``history.csv``."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from digitsum_cli.stats.intervals import wilson_interval
from digitsum_cli.trials.outcome import Outcome
from digitsum_cli.trials.setting_columns import SETTING_COLUMNS, Row, setting_row
from digitsum_cli.trials.trial import Trial

_FIRST_COLUMNS = (
    "trial",
    "length",
    "cell",
    "impl",
    "seed",
    "embedding_size",
    "hidden_size",
    "lr",
    "epochs",
    "status",
    "best_eval_accuracy",
    "test_accuracy",
    "final_train_loss",
    "best_step",
    "steps",
    "seconds",
    "exact_accuracy",
    "train_accuracy",
    "test_rows",
    "test_accuracy_low",
    "test_accuracy_high",
    "unseen_test_rows",
    "unseen_test_accuracy",
)
RESULT_COLUMNS = (*_FIRST_COLUMNS, *(column for column in SETTING_COLUMNS if column not in _FIRST_COLUMNS), "reason")
HISTORY_COLUMNS = ("trial", "step", "epoch", "train_loss", "eval_loss", "eval_accuracy")


def result_row(trial: Trial, outcome: Outcome) -> Row:
    """The row of ``results.csv`` for one trial; ``test_accuracy_low`` and ``_high`` are Wilson's 95 % interval."""
    kept = outcome.kept
    values = {
        **vars(trial),
        **vars(outcome),
        **setting_row(trial),
        "trial": trial.identity,
        **({} if kept is None else asdict(kept)),
    }
    if kept is not None:
        values |= wilson_columns(kept.test_accuracy, kept.test_rows)
    return {column: values.get(column) for column in RESULT_COLUMNS}


def wilson_columns(accuracy: float, rows: int) -> Row:
    """Wilson's 95 % interval of a test accuracy, by column.

    Arguments:
        accuracy: 0 to 1.
        rows: how many test rows there are.
    """
    low, high = wilson_interval(round(accuracy * rows), rows)
    return {"test_accuracy_low": low, "test_accuracy_high": high}


def history_rows(trial: Trial, outcome: Outcome) -> Iterable[Row]:
    """The rows of ``history.csv`` for one trial, one an evaluation."""
    return ({"trial": trial.identity, **asdict(evaluation)} for evaluation in outcome.evaluations)


def csv_bytes(columns: Sequence[str], rows: Iterable[Row]) -> bytes:
    """The rows as CSV with a header; floats in full precision, what is not there as an empty field."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
