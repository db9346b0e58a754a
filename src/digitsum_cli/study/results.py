"""Outcomes as rows: ``results.csv``, ``history.csv``, and the summary of each length and setting."""

import csv
import io
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from digitsum_cli.study.outcome import Outcome
from digitsum_cli.study.trial import Trial

Row = dict[str, Any]

RESULT_COLUMNS = (
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
    "init",
    "batch_size",
    "eval_every",
    "device",
    "k_train",
    "k_eval",
    "k_test",
    "data_seed",
    "reason",
)
HISTORY_COLUMNS = ("trial", "step", "epoch", "train_loss", "eval_loss", "eval_accuracy")
_MEASURES = ("best_eval_accuracy", "test_accuracy", "final_train_loss", "seconds")
_VARYING_BY_SEED = {"trial", "seed", "status", "best_step", "steps", "reason", *_MEASURES}
SETTING_COLUMNS = tuple(column for column in RESULT_COLUMNS if column not in _VARYING_BY_SEED and column != "length")


def result_row(trial: Trial, outcome: Outcome) -> Row:
    """The row of ``results.csv`` for one trial."""
    values = {**vars(trial), **vars(outcome), **setting_row(trial), "trial": trial.identity}
    return {column: values[column] for column in RESULT_COLUMNS}


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


def summarise(rows: Sequence[Row]) -> list[Row]:
    """One row for each length and setting: over its seeds, the mean of each measure, with its range.

    Arguments:
        rows: of ``results.csv``.

    Returns:
        Rows with ``length``, the settings, ``trials`` (those that are done), their ``seeds``, how many ``failed`` or
        diverged, the test accuracy of the first seed, and for each measure ``m`` the mean as ``m``, and ``m_min`` and
        ``m_max``; None where no trial is done.
    """
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["length"], *(row[column] for column in SETTING_COLUMNS)), []).append(row)
    return [
        {
            "length": length,
            **dict(zip(SETTING_COLUMNS, setting, strict=True)),
            "trials": sum(row["status"] == "done" for row in group),
            "failed": sum(row["status"] != "done" for row in group),
            "seeds": [row["seed"] for row in group if row["status"] == "done"],
            "first_seed": group[0]["seed"],
            "first_seed_test_accuracy": group[0]["test_accuracy"],
            **_spread([row for row in group if row["status"] == "done"]),
        }
        for (length, *setting), group in groups.items()
    ]


def varied_settings(summary: Sequence[Row]) -> list[str]:
    """The settings that differ between rows of a summary, in the order of the columns."""
    return [column for column in SETTING_COLUMNS if len({row[column] for row in summary}) > 1]


def setting_row(trial: Trial) -> Row:
    """The settings of a trial, by column."""
    data = trial.data
    values = {
        **vars(trial),
        "k_train": data.k_train if data else None,
        "k_eval": data.k_eval if data else None,
        "k_test": data.k_test if data else None,
        "data_seed": data.seed if data else None,
    }
    return {column: values[column] for column in SETTING_COLUMNS}


def varied_values(trials: Sequence[Trial]) -> dict[str, list[str]]:
    """For the identity of each trial, in words, those of its settings that differ between the trials."""
    rows = {trial.identity: setting_row(trial) for trial in trials}
    varied = varied_settings(list(rows.values()))
    return {
        identity: [f"{column.replace('_', ' ')} {row[column]}" for column in varied] for identity, row in rows.items()
    }


def setting_label(row: Row, varied: Sequence[str]) -> str:
    """What sets a row apart, in words; empty if no setting varies."""
    return ", ".join(f"{column.replace('_', ' ')} {row[column]}" for column in varied)


def _spread(rows: Sequence[Mapping[str, Any]]) -> Row:
    spread: Row = {}
    for measure in _MEASURES:
        values = [row[measure] for row in rows]
        spread[measure] = statistics.fmean(values) if values else None
        spread[f"{measure}_min"] = min(values, default=None)
        spread[f"{measure}_max"] = max(values, default=None)
    return spread
