"""The analysis of a run: summary, differences between settings, memory spans, audit of the data."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from digitsum_cli.analysis.answer import answer
from digitsum_cli.analysis.differences import DifferenceRow, paired_differences
from digitsum_cli.analysis.memory_spans import MemorySpanRow, memory_spans
from digitsum_cli.analysis.summary import SummaryRow, summarise
from digitsum_cli.core.audit import Audit
from digitsum_cli.core.tasks import DIGIT_SUM, Task
from digitsum_cli.errors import DigitsumWarning
from digitsum_cli.settings.schema import DrawingSettings
from digitsum_cli.table import short_percent
from digitsum_cli.trials.rows import TrialRow
from digitsum_cli.trials.trial import Trial


@dataclass(frozen=True)
class DataAudit:
    """The audit of the data of one length.

    Arguments:
        data_seed: seed of the random stream; None for data read from files.
        distractors: how many they were drawn with, or are held against.
        audit: the audit.
    """

    data_seed: int | None
    distractors: int | str
    audit: Audit

    def to_dict(self) -> dict[str, Any]:
        """One flat row for JSON."""
        return {"data_seed": self.data_seed, "distractors": self.distractors, **asdict(self.audit)}


@dataclass(frozen=True)
class Analysis:
    """The analysis of all trials of a run; see the functions that compute each part.

    Arguments:
        summary: one row per length and setting.
        differences: differences of the settings from the first one.
        memory_spans: one row per setting and threshold; empty for a single length.
        audits: audits of the data.
        missing: number of trials that have not finished.
    """

    summary: list[SummaryRow]
    differences: list[DifferenceRow]
    memory_spans: list[MemorySpanRow]
    audits: list[DataAudit]
    missing: int

    @property
    def thresholds(self) -> tuple[float, ...]:
        """The accuracies that count as remembered."""
        return tuple(reached.threshold for reached in self.summary[0].reached)

    @property
    def several_seeds(self) -> bool:
        """Whether any length and setting was trained with more than one seed, successfully or not."""
        return max(len(row.seeds) + row.lost for row in self.summary) > 1

    @property
    def answer(self) -> list[str]:
        """How far back the networks remember, in sentences."""
        return answer(self.summary, self.memory_spans, self.missing)

    def to_dict(self) -> dict[str, Any]:
        """The analysis as plain values, for JSON."""
        return {
            "answer": self.answer,
            "missing": self.missing,
            "summary": [row.to_dict() for row in self.summary],
            "differences": [row.to_dict() for row in self.differences],
            "memory_spans": [row.to_dict() for row in self.memory_spans],
            "audit": [each.to_dict() for each in self.audits],
        }


def analyse(
    rows: Sequence[TrialRow], audits: Mapping[str, Audit], thresholds: Sequence[float], planned: Sequence[Trial] = ()
) -> Analysis:
    """Analyses the trials of a run.

    Arguments:
        rows: the finished trials.
        audits: audits of their data, by digest.
        thresholds: accuracies that count as remembered, above 0 and up to 1.
        planned: all trials of the run, finished or not.
    """
    for task in {trial.task: None for trial in planned if trial.drawing.task != DIGIT_SUM.name}:
        _warn_of_low_thresholds(task, thresholds)
    trials = {trial.data_digest: trial for trial in planned}
    planned_lengths = {trial.length for trial in planned} or {row.length for row in rows}
    return Analysis(
        summarise(rows, thresholds),
        paired_differences(rows),
        memory_spans(rows, thresholds, sorted(planned_lengths)) if len(planned_lengths) > 1 else [],
        [_data_audit(trials.get(digest), audit) for digest, audit in audits.items()],
        max(0, len(planned) - len(rows)),
    )


def _warn_of_low_thresholds(task: Task, thresholds: Sequence[float]) -> None:
    """Warns of thresholds that a network without memory reaches, such as the usual ones on a task of two classes."""
    low = [short_percent(threshold) for threshold in thresholds if threshold <= task.floor.accuracy]
    if low:
        warnings.warn(
            f"on the task {task.name}, {task.floor} is enough to reach {' and '.join(low)}; choose higher thresholds "
            "with --threshold",
            DigitsumWarning,
            stacklevel=3,
        )


def _data_audit(trial: Trial | None, audit: Audit) -> DataAudit:
    """The audit of the data of a trial, if it is planned."""
    drawing = trial.drawing if trial else DrawingSettings()
    return DataAudit(trial.data.seed if trial and trial.data else None, drawing.distractors, audit)
