"""The result of a study."""

from dataclasses import dataclass

from digitsum_cli.analysis.analysis import Analysis
from digitsum_cli.errors import TrialsFailedError
from digitsum_cli.rundir.directory import RunDirectory
from digitsum_cli.trials.rows import TrialRow


@dataclass(frozen=True)
class StudyResult:
    """The run directory, one row per finished trial, and their analysis."""

    run: RunDirectory
    rows: list[TrialRow]
    analysis: Analysis

    @property
    def failures(self) -> list[TrialRow]:
        """The rows of trials that failed or diverged."""
        return [row for row in self.rows if not row.done]

    def raise_failures(self, next_step: str) -> None:
        """Raises an error if any trial failed or diverged.

        Arguments:
            next_step: what the user can do about it.

        Raises:
            TrialsFailedError: a trial failed or diverged.
        """
        if not self.failures:
            return
        first = self.failures[0]
        raise TrialsFailedError(
            f"{len(self.failures)} of {len(self.rows)} trials failed or diverged; the others are saved. "
            f"First: length {first.length}, seed {first.seed} {first.status}: {first.reason}",
            next_step=next_step,
        )
