"""Summarises the trials of each length and setting in one row: their spread over seeds, and what the seeds do."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from digitsum_cli.core.accuracy_kind import AccuracyKind
from digitsum_cli.stats.groups import Group, two_groups
from digitsum_cli.stats.intervals import Interval, interquartile_mean, mean_bound, median_interval, share_interval
from digitsum_cli.trials.rows import TrialRow, common_kinds
from digitsum_cli.trials.setting import Setting

THRESHOLDS = (0.5, 0.9)
"""Accuracies that count as remembered (default)."""

ACCURACIES = (*(kind.column for kind in AccuracyKind), "best_eval_accuracy")
_OTHER_MEASURES = ("train_accuracy", "unseen_test_accuracy", "final_train_loss", "seconds")


@dataclass(frozen=True)
class Spread:
    """The spread of a measure over seeds; every field is None without seeds.

    Arguments:
        mean, lowest, highest, median, interquartile_mean: over the seeds.
        interval: 95 % interval of the median, of an accuracy; None with too few seeds.
        mean_bound: 95 % interval of the mean that holds for every distribution of accuracies; None with too few seeds.
    """

    mean: float | None
    lowest: float | None
    highest: float | None
    median: float | None
    interquartile_mean: float | None
    interval: Interval | None
    mean_bound: Interval | None


@dataclass(frozen=True)
class Reached:
    """How many trainings reach a threshold.

    Arguments:
        threshold: an accuracy, above 0 and up to 1.
        count: number of trainings with at least this accuracy.
        seeds: number of trainings; one that diverged counts as one that does not reach it.
    """

    threshold: float
    count: int
    seeds: int

    @property
    def interval(self) -> Interval | None:
        """The 95 % interval of the probability that a training reaches it; None with too few seeds."""
        return share_interval(self.count, self.seeds)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        low, high = self.interval or (None, None)
        return {"threshold": self.threshold, "count": self.count, "seeds": self.seeds, "low": low, "high": high}


@dataclass(frozen=True)
class SummaryRow:
    """The trials of one length and setting.

    Arguments:
        length: digits in a row.
        setting: their setting.
        kind: the kind of accuracy that describes all trials of the setting.
        seeds: seeds of the trials that are done.
        diverged, failed: number of trials that diverged, and that ended with an error.
        first: first trial that is done; None if there is none.
        first_seed: its seed, or that of the first trial if none is done.
        spreads: spread of each measure over the trials that are done.
        reached: how many reach each threshold with the accuracy of this kind.
        groups: the lower and the higher group, if these accuracies fall into two groups.
    """

    length: int
    setting: Setting
    kind: AccuracyKind
    seeds: tuple[int, ...]
    diverged: int
    failed: int
    first: TrialRow | None
    first_seed: int
    spreads: Mapping[str, Spread]
    reached: tuple[Reached, ...]
    groups: tuple[Group, Group] | None

    @property
    def lost(self) -> int:
        """Number of trials that ended without being done."""
        return self.diverged + self.failed

    @property
    def seeds_in_words(self) -> str:
        """How many trials are done: ``10``, or ``1 of 4, 3 diverged``."""
        return done_in_words(len(self.seeds), self.diverged, self.failed)

    @property
    def accuracy(self) -> Spread:
        """The spread of the accuracy of this kind."""
        return self.spreads[self.kind.column]

    @property
    def interval(self) -> Interval | None:
        """The 95 % interval of that accuracy: of the median over seeds or, for one seed, of the share of a sample."""
        if len(self.seeds) == 1 and self.kind is not AccuracyKind.EXACT:
            return Interval(*(self.first_column(f"{self.kind.column}_{end}") for end in ("low", "high")))
        return self.accuracy.interval

    def mean(self, measure: str) -> float | None:
        """The mean of a measure over the seeds."""
        return self.spreads[measure].mean

    def first_column(self, column: str) -> Any:
        """A value of ``results.csv`` of the first trial that is done; None if there is none."""
        return self.first.columns[column] if self.first else None

    def to_dict(self) -> dict[str, Any]:
        """One flat row for JSON.

        ``trials`` are those that are done; ``failed`` counts those that diverged, too.

        For each measure ``m``: the mean as ``m``, ``m_min`` and ``m_max``; for accuracies also ``m_median`` with its
        95 % interval, ``m_median_low`` and ``m_median_high``, ``m_iqm`` (interquartile mean), and ``m_low`` and
        ``m_high``, the interval of the mean that holds for every distribution.
        """
        row: dict[str, Any] = {
            "length": self.length,
            **self.setting.columns,
            "accuracy_kind": self.kind,
            "trials": len(self.seeds),
            "failed": self.lost,
            "diverged": self.diverged,
            "seeds": list(self.seeds),
            "first_seed": self.first_seed,
            "first_seed_test_accuracy": self.first_column("test_accuracy"),
            "first_seed_test_low": self.first_column("test_accuracy_low"),
            "first_seed_test_high": self.first_column("test_accuracy_high"),
            "first_seed_exact_accuracy": self.first_column("exact_accuracy"),
        }
        for measure, spread in self.spreads.items():
            row |= {measure: spread.mean, f"{measure}_min": spread.lowest, f"{measure}_max": spread.highest}
            if measure in ACCURACIES:
                row |= {f"{measure}_median": spread.median, f"{measure}_iqm": spread.interquartile_mean}
                for name, interval in (("_median", spread.interval), ("", spread.mean_bound)):
                    low, high = interval or (None, None)
                    row |= {f"{measure}{name}_low": low, f"{measure}{name}_high": high}
        row["reached"] = [each.to_dict() for each in self.reached]
        row["groups"] = [group._asdict() for group in self.groups] if self.groups else None
        return row


def done_in_words(done: int, diverged: int, failed: int) -> str:
    """How many of some trials are done, and what became of the others: ``10``, or ``1 of 4, 3 diverged``."""
    if not diverged and not failed:
        return str(done)
    lost = [f"{count} {status}" for count, status in ((diverged, "diverged"), (failed, "failed")) if count]
    return ", ".join([f"{done} of {done + diverged + failed}", *lost])


def summarise(rows: Sequence[TrialRow], thresholds: Sequence[float] = THRESHOLDS) -> list[SummaryRow]:
    """One row per length and setting.

    Arguments:
        rows: the finished trials.
        thresholds: accuracies that count as remembered, above 0 and up to 1.
    """
    groups: dict[tuple[int, Setting], list[TrialRow]] = {}
    for row in rows:
        groups.setdefault((row.length, row.setting), []).append(row)
    kinds = common_kinds(rows)
    return [
        _summary_row(length, setting, kinds[setting], group, thresholds) for (length, setting), group in groups.items()
    ]


def _summary_row(
    length: int, setting: Setting, kind: AccuracyKind, group: Sequence[TrialRow], thresholds: Sequence[float]
) -> SummaryRow:
    done = [row for row in group if row.done]
    diverged = sum(row.status == "diverged" for row in group)
    accuracies = [accuracy for row in done if (accuracy := row.accuracy(kind)) is not None]
    return SummaryRow(
        length,
        setting,
        kind,
        tuple(row.seed for row in done),
        diverged,
        sum(row.status == "failed" for row in group),
        done[0] if done else None,
        (done or group)[0].seed,
        {measure: _spread(measure, done) for measure in (*ACCURACIES, *_OTHER_MEASURES)},
        tuple(
            Reached(threshold, sum(each >= threshold for each in accuracies), len(accuracies) + diverged)
            for threshold in thresholds
        ),
        two_groups(accuracies),
    )


def _spread(measure: str, rows: Sequence[TrialRow]) -> Spread:
    values = [value for row in rows if (value := row.columns[measure]) is not None]
    if not values:
        return Spread(None, None, None, None, None, None, None)
    is_accuracy = measure in ACCURACIES
    return Spread(
        statistics.fmean(values),
        min(values),
        max(values),
        statistics.median(values),
        interquartile_mean(values),
        median_interval(values) if is_accuracy else None,
        mean_bound(values) if is_accuracy else None,
    )
