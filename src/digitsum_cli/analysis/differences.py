"""Settings against the first one, trained from the same seeds."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from digitsum_cli.stats.paired import compare_paired
from digitsum_cli.trials.setting_columns import SETTING_COLUMNS, Row, setting_label, setting_of, varied_settings

MEASURES = ("exact_accuracy", "test_accuracy")


def paired_differences(rows: Sequence[Row]) -> list[Row]:
    """Compares every setting with the first, length by length.

    Arguments:
        rows: of ``results.csv``; only those that are done count.

    Returns:
        For each length and setting but the first, and for the exact and the test accuracy: ``length``, ``measure``, the
        settings, ``setting`` and ``reference`` in words, the ``seeds`` that both have, and the fields of
        ``PairedComparison``, None where no seed is common.
    """
    varied = varied_settings(rows)
    settings = list(dict.fromkeys(setting_of(row) for row in rows))
    lengths = list(dict.fromkeys(row["length"] for row in rows))
    done: dict[tuple[Any, ...], dict[int, Row]] = {}
    for row in rows:
        if row["status"] == "done":
            done.setdefault((row["length"], setting_of(row)), {})[row["seed"]] = row
    labels = {setting_of(row): setting_label(row, varied) for row in rows}
    return [
        {
            "length": length,
            "measure": measure,
            **dict(zip(SETTING_COLUMNS, setting, strict=True)),
            "setting": labels[setting],
            "reference": labels[settings[0]],
            **_compared(done.get((length, setting), {}), done.get((length, settings[0]), {}), measure),
        }
        for length in lengths
        for setting in settings[1:]
        for measure in MEASURES
    ]


def _compared(by_seed: dict[int, Row], reference_by_seed: dict[int, Row], measure: str) -> Row:
    seeds = [seed for seed in by_seed if seed in reference_by_seed]
    if not seeds:
        nothing = ("mean", "low", "high", "lowest", "highest", "probability_of_improvement")
        return {"seeds": [], **dict.fromkeys(nothing)}
    compared = asdict(
        compare_paired(
            [by_seed[seed][measure] for seed in seeds],
            [reference_by_seed[seed][measure] for seed in seeds],
        )
    )
    low, high = compared.pop("interval") or (None, None)
    return {"seeds": seeds, "low": low, "high": high, **compared}
