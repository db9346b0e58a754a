"""The completed trials of a study, those still missing, and the results table."""

import contextlib
import time
import warnings
from collections.abc import Sequence
from types import MappingProxyType

from digitsum_cli.core.checkpoint import read_checkpoint, write_checkpoint
from digitsum_cli.errors import DigitsumError, DigitsumWarning, InputError
from digitsum_cli.execution.state_keeper import StateKeeper
from digitsum_cli.rundir.directory import RunDirectory
from digitsum_cli.rundir.resume import Predecessors
from digitsum_cli.rundir.store import Store
from digitsum_cli.trials.outcome import Outcome
from digitsum_cli.trials.rows import TrialRow
from digitsum_cli.trials.trial import Trial

_SECONDS_BETWEEN_TABLES = 5.0
_SHARE_OF_TIME = 0.05
"""The share of time that writing tables may take."""


class CompletedTrials:
    """The trials of a study that have finished so far.

    Arguments:
        trials: all trials, in table order.
        store: the store of their outcomes.
        run: the run directory.
        keeper: saves the state of a single trial.
        predecessors: finished trials that missing ones continue; each is replaced once that has ended.
        retry_failed: treat failed and diverged trials as missing.
    """

    def __init__(
        self,
        trials: Sequence[Trial],
        store: Store,
        run: RunDirectory,
        keeper: StateKeeper | None = None,
        predecessors: Predecessors = MappingProxyType({}),
        *,
        retry_failed: bool = False,
    ) -> None:
        self._trials, self._store, self._run, self._keeper = trials, store, run, keeper
        self._predecessors, self._retry_failed = predecessors, retry_failed
        ended = store.ended()
        self._rows = {
            trial.identity: TrialRow.of(trial, ended[trial.identity]) for trial in trials if trial.identity in ended
        }
        self.missing = [trial for trial in trials if self._is_missing(trial)]
        """The trials that still have to run."""
        self._next_table = time.monotonic() + _SECONDS_BETWEEN_TABLES

    def _is_missing(self, trial: Trial) -> bool:
        row = self._rows.get(trial.identity)
        if row is None or (self._retry_failed and not row.done):
            return True
        return row.scores is not None and not self._has_weights(trial)

    def _has_weights(self, trial: Trial) -> bool:
        """Whether the trial's checkpoint is there, undamaged, and its own."""
        path = self._run.checkpoint(trial.name)
        if not path.is_file():
            return False
        try:
            problem = None if Trial.from_dict(read_checkpoint(path).settings) == trial else "is another trial's"
        except InputError:
            problem = "is damaged"
        if problem:
            warnings.warn(f"{path} {problem}, so this trial runs again", DigitsumWarning, stacklevel=2)
        return problem is None

    def save(self, trial: Trial, outcome: Outcome) -> None:
        """Saves an outcome, weights first, and the last state of the training, from which it can be continued.

        Raises:
            RunRemovedError: the run was deleted or moved.
            DigitsumError: a file cannot be written.
        """
        self._run.check_present()
        if outcome.weights is not None:
            write_checkpoint(self._run.checkpoint(trial.name), outcome.weights, trial.to_dict())
        replaced = () if outcome.status == "failed" else self._predecessors.get(trial.identity, ())
        self._store.add(trial, outcome, replaced)
        for other in replaced:
            self._run.checkpoint(other.name).unlink(missing_ok=True)
        self._rows[trial.identity] = TrialRow.of(trial, outcome)
        if self._keeper:
            with contextlib.suppress(DigitsumError):  # without it, the training is repeated to continue it
                self._keeper.flush()

    def rows(self) -> list[TrialRow]:
        """One row per finished trial, in the order of the trials."""
        return [self._rows[trial.identity] for trial in self._trials if trial.identity in self._rows]

    def write_table(self) -> None:
        """Writes ``results.csv``.

        Raises:
            DigitsumError: the file cannot be written.
        """
        start = time.monotonic()
        self._run.write_results(self.rows())
        end = time.monotonic()
        self._next_table = end + max(_SECONDS_BETWEEN_TABLES, (end - start) / _SHARE_OF_TIME)

    def write_table_if_due(self) -> None:
        """Writes ``results.csv`` if it was last written long enough ago."""
        if time.monotonic() >= self._next_table:
            self.write_table()
