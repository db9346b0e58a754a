"""The settings of trials as columns, and in words what sets trials apart."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from digitsum_cli.settings.schema import Settings
from digitsum_cli.trials.trial import Trial

Row = dict[str, Any]

SETTING_COLUMNS = (
    "cell",
    "impl",
    "embedding_size",
    "hidden_size",
    "lr",
    "epochs",
    "activation",
    "init",
    "init_scale",
    "forget_bias",
    "optimizer",
    "lr_schedule",
    "weight_decay",
    "clip_norm",
    "loss",
    "batch_size",
    "shuffle",
    "task",
    "rows",
    "early_stop",
    "eval_every",
    "device",
    "k_train",
    "k_eval",
    "k_test",
    "data_seed",
)
"""All that decides a training but its length and its seed."""


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


def setting_of(row: Row) -> tuple[Any, ...]:
    """The values of a row's settings: equal for rows that differ in length and seed alone."""
    return tuple(row[column] for column in SETTING_COLUMNS)


def varied_settings(rows: Iterable[Row]) -> list[str]:
    """The settings that differ between rows, in the order of the columns."""
    settings = {setting_of(row) for row in rows}
    return [column for index, column in enumerate(SETTING_COLUMNS) if len({setting[index] for setting in settings}) > 1]


def varied_values(trials: Sequence[Trial]) -> dict[str, list[str]]:
    """For the identity of each trial, in words, those of its settings that differ between the trials."""
    rows = {trial.identity: setting_row(trial) for trial in trials}
    varied = varied_settings(rows.values())
    return {identity: [_named_value(row, column) for column in varied] for identity, row in rows.items()}


def shared_settings(rows: Sequence[Row]) -> str:
    """In words, what all rows have in common: cell, implementation, hidden size, epochs, and what is not the book's.

    Arguments:
        rows: with the settings, one or more.
    """
    varied = varied_settings(rows)
    first = rows[0]
    words = {
        "cell": first["cell"].upper(),
        "impl": f"impl {first['impl']}",
        "hidden_size": f"hidden size {first['hidden_size']}",
        "epochs": f"{first['epochs']} epochs",
    }
    for column, of_the_book in _settings_of_the_book().items():
        if column != "eval_every" and first[column] is not None and first[column] != of_the_book:
            words.setdefault(column, _named_value(first, column))
    return ", ".join(text for column, text in words.items() if column not in varied)


@cache
def _settings_of_the_book() -> Row:
    settings = Settings()
    known = {
        **settings.model.model_dump(),
        **settings.train.model_dump(),
        **{f"k_{split}": k for split, k in settings.data.k.model_dump().items()},
        "data_seed": settings.data.seed,
        "rows": settings.data.rows,
        "task": settings.data.task,
    }
    return {column: known[column] for column in SETTING_COLUMNS}


def settings_and_seeds(rows: Sequence[Row], label: str, seeds: Iterable[int]) -> str:
    """In words, what a figure is of: what all rows have in common, what sets its own apart, and the seeds."""
    different = sorted(set(seeds))
    parts = [
        shared_settings(rows),
        label,
        f"{len(different)} seeds" if len(different) > 1 else f"seed {different[0]}",
    ]
    return ", ".join(part for part in parts if part)


def setting_label(row: Row, varied: Sequence[str]) -> str:
    """What sets a row apart, in words; empty if no setting varies."""
    return ", ".join(_named_value(row, column) for column in varied)


def value_in_words(value: object) -> str:
    """The value of a setting, as a table shows it."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "on", False: "off"}[value]
    return str(value).removesuffix(".0")


def _named_value(row: Row, column: str) -> str:
    return f"{column.replace('_', ' ')} {value_in_words(row[column])}"
