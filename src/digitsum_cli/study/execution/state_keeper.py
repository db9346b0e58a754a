"""Keeps on disk where a single training stands, so that it can be taken up again."""

import time
from pathlib import Path

from digitsum_cli.core.training_state import TrainingState, read_training_state, write_training_state
from digitsum_cli.errors import DigitsumError, InputError
from digitsum_cli.study.trial import Trial

_SHARE_OF_TIME = 0.05
"""That writing may take."""

_SECONDS_BETWEEN_TRIES = 10.0


class StateKeeper:
    """The state of one trial's training.

    A state is written as soon as it is offered, or a moment later if writing would take over a twentieth of the time.

    Arguments:
        path: the file; it is there only while the training has not ended.
        trial: what is trained.
    """

    def __init__(self, path: Path, trial: Trial) -> None:
        self._path, self._trial = path, trial
        self._pending: TrainingState | None = None
        self._next_write = 0.0

    def saved(self) -> TrainingState | None:
        """Where the training was left; None if it was not begun.

        Raises:
            InputError: the file is damaged, or of a training with other settings.
        """
        if not self._path.exists():
            return None
        state, settings = read_training_state(self._path)
        before, now = Trial.from_dict(settings).to_dict(), self._trial.to_dict()
        changes = [f"{key} was {before[key]} and is {now[key]}" for key in now if before[key] != now[key]]
        if changes:
            raise InputError(
                f"{self._path.parent} holds a training with other settings: {'; '.join(changes)}",
                next_step="Go on with its own settings, or replace it with --force",
            )
        return state

    def offer(self, state: TrainingState) -> None:
        """Takes a state in place of the one before."""
        self._pending = state
        if time.monotonic() >= self._next_write:
            try:
                self.flush()
            except DigitsumError:  # a full disk may have room again; a training is not given up for it
                self._next_write = time.monotonic() + _SECONDS_BETWEEN_TRIES

    def flush(self) -> None:
        """Writes what has not been written.

        Raises:
            DigitsumError: the file cannot be written.
        """
        if self._pending is None:
            return
        start = time.monotonic()
        write_training_state(self._path, self._pending, self._trial.to_dict())
        self._pending = None
        end = time.monotonic()
        self._next_write = end + (end - start) / _SHARE_OF_TIME

    def discard(self) -> None:
        """Deletes the file: the training has ended, and its outcome is saved."""
        self._pending = None
        self._path.unlink(missing_ok=True)
