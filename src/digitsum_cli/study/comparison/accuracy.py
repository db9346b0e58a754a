"""Trained from the same seeds: how accurate is each implementation, and by how much do they differ?"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from digitsum_cli.study.results import SETTING_COLUMNS, Row


@dataclass(frozen=True)
class PairedDifference:
    """Test accuracies of one implementation less those of the reference, seed by seed, in one setting.

    Arguments:
        setting: the length and every setting but the implementation.
        seeds: those that both have.
        mean, lowest, highest: of the differences, in shares of 1; None where no seed is common.
    """

    impl: str
    reference: str
    setting: Row
    seeds: tuple[int, ...]
    mean: float | None
    lowest: float | None
    highest: float | None


def paired_differences(rows: Sequence[Row], impls: Sequence[str]) -> list[PairedDifference]:
    """Pairs trials that differ in the implementation alone.

    Arguments:
        rows: of ``results.csv``; only those that are done count.
        impls: the names; the first is the reference.
    """
    columns = ["length", *(column for column in SETTING_COLUMNS if column != "impl")]
    accuracies: dict[tuple[object, ...], dict[tuple[str, int], float]] = {}
    for row in rows:
        by_trial = accuracies.setdefault(tuple(row[column] for column in columns), {})
        if row["status"] == "done":
            by_trial[row["impl"], row["seed"]] = row["test_accuracy"]
    found = []
    for values, by_trial in accuracies.items():
        for impl in impls[1:]:
            seeds = [seed for name, seed in by_trial if name == impl and (impls[0], seed) in by_trial]
            differences = [by_trial[impl, seed] - by_trial[impls[0], seed] for seed in seeds]
            found.append(
                PairedDifference(
                    impl,
                    impls[0],
                    dict(zip(columns, values, strict=True)),
                    tuple(seeds),
                    statistics.fmean(differences) if differences else None,
                    min(differences, default=None),
                    max(differences, default=None),
                )
            )
    return found
