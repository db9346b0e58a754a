"""How far back each setting remembers: the memory span of its medians over seeds, with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from digitsum_cli.analysis.summary import THRESHOLDS, done_in_words
from digitsum_cli.core.accuracy_kind import AccuracyKind
from digitsum_cli.stats.memory_span import MedianSpan, Span, median_span, memory_span
from digitsum_cli.trials.rows import TrialRow, common_kinds
from digitsum_cli.trials.setting import Setting, varied_columns


@dataclass(frozen=True)
class MemorySpanRow:
    """The memory spans of one setting at one threshold.

    Arguments:
        setting: setting of the trials.
        label: what distinguishes the setting, as text; empty if there is only one.
        kind: the kind of accuracy that they are computed from.
        threshold: the accuracy needed to count a length as remembered.
        lengths: measured lengths, in ascending order.
        seeds: seeds whose trials are done at all lengths.
        diverged, failed: number of seeds with a trial that diverged, and number of others with one that failed.
        spans: where each seed's own accuracies first fall below the threshold; these trainings share only the seed.
        median: the span of the medians over the seeds with its 95 % interval; None without a seed.
    """

    setting: Setting
    label: str
    kind: AccuracyKind
    threshold: float
    lengths: tuple[int, ...]
    seeds: tuple[int, ...]
    diverged: int
    failed: int
    spans: tuple[Span, ...]
    median: MedianSpan | None

    @property
    def seeds_in_words(self) -> str:
        """How many seeds have a span: ``10``, or ``1 of 4, 3 diverged``."""
        return done_in_words(len(self.seeds), self.diverged, self.failed)

    @property
    def text(self) -> str:
        """The span with its interval: ``22.3 [20, 25]``; a dash if there is none."""
        return str(self.median) if self.median else "–"

    def to_dict(self) -> dict[str, Any]:
        """One row for JSON: each span has a ``length`` and a ``bound`` (``known``, ``below`` or ``beyond``)."""
        median = self.median
        return {
            "setting": self.label,
            **self.setting.columns,
            "accuracy_kind": self.kind,
            "threshold": self.threshold,
            "lengths": list(self.lengths),
            "seeds": list(self.seeds),
            "diverged": self.diverged,
            "failed": self.failed,
            "spans": [plain_span(span) for span in self.spans],
            "median": plain_span(median.median) if median else None,
            "low": plain_span(median.low) if median and median.low else None,
            "high": plain_span(median.high) if median and median.high else None,
            "dips": list(median.dips) if median else [],
            "text": self.text,
        }


def memory_spans(
    rows: Sequence[TrialRow], thresholds: Sequence[float] = THRESHOLDS, planned_lengths: Sequence[int] = ()
) -> list[MemorySpanRow]:
    """Computes the memory spans of every setting at every threshold.

    Arguments:
        rows: the finished trials. A seed counts if its trials are done at all lengths.
        thresholds: accuracies needed to count a length as remembered, above 0 and up to 1.
        planned_lengths: all lengths of the sweep, including those without a finished trial.
    """
    settings = list(dict.fromkeys(row.setting for row in rows))
    varied = varied_columns(settings)
    lengths = tuple(sorted({row.length for row in rows} | set(planned_lengths)))
    accuracies: dict[Setting, dict[int, dict[int, float]]] = {setting: {} for setting in settings}
    kinds = common_kinds(rows)
    for row in rows:
        if row.done and (accuracy := row.accuracy(kinds[row.setting])) is not None:
            accuracies[row.setting].setdefault(row.seed, {})[row.length] = accuracy
    found = []
    for setting, by_seed in accuracies.items():
        curves = {
            seed: [by_length[length] for length in lengths]
            for seed, by_length in by_seed.items()
            if by_length.keys() == set(lengths)
        }
        lost = {
            status: {row.seed for row in rows if row.setting == setting and row.status == status}
            for status in ("diverged", "failed")
        }
        counts = len(lost["diverged"]), len(lost["failed"] - lost["diverged"])
        for threshold in thresholds:
            spans = tuple(memory_span(lengths, curve, threshold) for curve in curves.values())
            by_length = list(zip(*curves.values(), strict=True))
            median = median_span(lengths, by_length, threshold) if spans else None
            found.append(
                MemorySpanRow(
                    setting,
                    setting.in_words(varied),
                    kinds[setting],
                    threshold,
                    lengths,
                    tuple(curves),
                    *counts,
                    spans,
                    median,
                )
            )
    return found


def plain_span(span: Span) -> dict[str, Any]:
    """A span for JSON."""
    return {"length": span.length, "bound": span.bound.value}
