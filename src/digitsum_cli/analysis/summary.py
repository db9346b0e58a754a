"""The trials of each length and setting in one row: their spread over the seeds."""

import statistics
from collections.abc import Sequence
from typing import Any

from digitsum_cli.stats.intervals import interquartile_mean, mean_interval
from digitsum_cli.trials.setting_columns import SETTING_COLUMNS, Row, setting_of

ACCURACIES = ("exact_accuracy", "test_accuracy", "best_eval_accuracy")
_OTHER_MEASURES = ("train_accuracy", "unseen_test_accuracy", "final_train_loss", "seconds")
_OF_FIRST_SEED = {
    "first_seed": "seed",
    "first_seed_test_accuracy": "test_accuracy",
    "first_seed_test_low": "test_accuracy_low",
    "first_seed_test_high": "test_accuracy_high",
    "first_seed_exact_accuracy": "exact_accuracy",
}


def summarise(rows: Sequence[Row]) -> list[Row]:
    """One row for each length and setting: how its measures spread over its seeds.

    Arguments:
        rows: of ``results.csv``.

    Returns:
        Rows with ``length``, the settings, ``trials`` (those that are done), their ``seeds``, how many ``failed`` or
        diverged, the exact and the test accuracy of the first seed that is done (``first_seed_…``), Wilson's 95 %
        interval of the latter (``first_seed_test_low``, ``first_seed_test_high``), and for each measure ``m`` the
        mean as ``m``, ``m_min`` and ``m_max``. Accuracies have ``m_median``, ``m_iqm`` (interquartile mean), and
        ``m_low`` and ``m_high``, the 95 % interval of the mean, as well. None where there is nothing to say.
    """
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["length"], *setting_of(row)), []).append(row)
    return [
        {
            "length": length,
            **dict(zip(SETTING_COLUMNS, setting, strict=True)),
            "trials": sum(row["status"] == "done" for row in group),
            "failed": sum(row["status"] != "done" for row in group),
            "seeds": [row["seed"] for row in group if row["status"] == "done"],
            **_first_seed(group),
            **_spreads([row for row in group if row["status"] == "done"]),
        }
        for (length, *setting), group in groups.items()
    ]


def _first_seed(group: Sequence[Row]) -> Row:
    nothing = {**dict.fromkeys(_OF_FIRST_SEED.values()), "seed": group[0]["seed"]}
    first = next((row for row in group if row["status"] == "done"), nothing)
    return {name: first[column] for name, column in _OF_FIRST_SEED.items()}


def _spreads(rows: Sequence[Row]) -> Row:
    spreads: Row = {}
    for measure in (*ACCURACIES, *_OTHER_MEASURES):
        values = [row[measure] for row in rows if row[measure] is not None]
        spreads[measure] = statistics.fmean(values) if values else None
        spreads[f"{measure}_min"] = min(values, default=None)
        spreads[f"{measure}_max"] = max(values, default=None)
        if measure in ACCURACIES:
            interval = mean_interval(values)
            spreads[f"{measure}_median"] = statistics.median(values) if values else None
            spreads[f"{measure}_iqm"] = interquartile_mean(values) if values else None
            spreads[f"{measure}_low"] = max(0.0, interval.low) if interval else None
            spreads[f"{measure}_high"] = min(1.0, interval.high) if interval else None
    return spreads
