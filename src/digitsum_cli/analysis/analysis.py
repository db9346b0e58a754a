"""What the trials of a run say together: summary, differences between settings, memory spans, audit of the data."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from digitsum_cli.analysis.answer import answer
from digitsum_cli.analysis.differences import paired_differences
from digitsum_cli.analysis.memory_spans import memory_spans
from digitsum_cli.analysis.summary import summarise
from digitsum_cli.core.audit import Audit
from digitsum_cli.trials.setting_columns import Row
from digitsum_cli.trials.trial import Trial


@dataclass(frozen=True)
class Analysis:
    """What the trials of a run say together; see the functions that make each part.

    Arguments:
        summary: a row for each length and setting.
        differences: of the settings from the first.
        memory_spans: a row for each setting and threshold; empty for a single length.
        audits: of the data, each with its ``data_seed`` (None for data read from files).
        missing: how many trials have not ended.
    """

    summary: list[Row]
    differences: list[Row]
    memory_spans: list[Row]
    audits: list[Row]
    missing: int

    @property
    def answer(self) -> list[str]:
        """How far back it remembers, in sentences."""
        return answer(self.summary, self.memory_spans, self.missing)

    def to_dict(self) -> dict[str, Any]:
        """The analysis as plain values, for JSON."""
        return {
            "answer": self.answer,
            "missing": self.missing,
            "summary": self.summary,
            "differences": self.differences,
            "memory_spans": self.memory_spans,
            "audit": self.audits,
        }


def analyse(
    rows: Sequence[Row], audits: Mapping[str, Audit], thresholds: Sequence[float], planned: Sequence[Trial] = ()
) -> Analysis:
    """Puts trials together.

    Arguments:
        rows: of ``results.csv``.
        audits: of their data, by digest.
        thresholds: of the memory span, above 0 and up to 1.
        planned: the trials of the run, ended or not.
    """
    seeds = {trial.data_digest: trial.data.seed for trial in planned if trial.data is not None}
    planned_lengths = {trial.length for trial in planned} or {row["length"] for row in rows}
    return Analysis(
        summarise(rows),
        paired_differences(rows),
        memory_spans(rows, thresholds, sorted(planned_lengths)) if len(planned_lengths) > 1 else [],
        [{"data_seed": seeds.get(digest), **asdict(audit)} for digest, audit in audits.items()],
        max(0, len(planned) - len(rows)),
    )
