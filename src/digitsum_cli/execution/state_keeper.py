"""Saves the state of a single training to disk, so that it can be resumed."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from digitsum_cli.core.training_state import TrainingState, read_training_state, write_training_state
from digitsum_cli.errors import DigitsumError, InputError, RunRemovedError
from digitsum_cli.trials.ram import state_bytes
from digitsum_cli.trials.trial import Trial, check_continuation

_SHARE_OF_TIME = 0.05
"""The share of time that writing may take."""

_SECONDS_BETWEEN_TRIES = 10.0

_START_OVER = "Or start over: overwrite the run with --force"


class StateKeeper:
    """Saves the state of one trial's training.

    A state is written immediately, or a little later if writing would take more than a twentieth of the time. The state
    that stays is from before the last step, since the evaluation after that would not happen in a longer training.

    Arguments:
        path: the file; it stays when the training has ended, so that it can be continued for more epochs.
        trial: what is trained.
        rows: number of rows in its training set.
    """

    def __init__(self, path: Path, trial: Trial, rows: int) -> None:
        self._path, self._trial, self._rows = path, trial, rows
        self._read: TrainingState | None = None
        self._pending: tuple[TrainingState, float] | None = None
        self.seconds_before = 0.0
        """How long the training had run when it was interrupted."""
        self._next_write = 0.0

    def saved(self) -> TrainingState | None:
        """The saved state of the training, or of the same one with fewer epochs; None if there is none.

        Raises:
            InputError: the file is damaged, or belongs to a training with different settings.
        """
        if self._read is None and self._path.exists():
            self._read = self._read_state()
        return self._read

    def _read_state(self) -> TrainingState:
        try:
            state, metadata = read_training_state(self._path, state_bytes(self._trial, self._rows))
        except InputError as error:
            raise InputError(f"cannot read the saved training state: {error}", next_step=_START_OVER) from error
        try:
            trial = Trial.from_dict(metadata["trial"])
            self.seconds_before = max(0.0, float(metadata["seconds"]))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise InputError(f"{self._path} does not say which trial it belongs to", next_step=_START_OVER) from error
        if self._trial.continues(trial):
            check_continuation(self._trial, trial, self._path.parent)
            return state
        before, now = (_dotted(each.to_dict()) for each in (trial, self._trial))
        changes = [f"{key} was {before[key]} and is now {now[key]}" for key in now if before[key] != now[key]]
        if changes:
            raise InputError(
                f"{self._path.parent} contains a training with different settings: {'; '.join(changes)}",
                next_step="Resume it with its own settings, or overwrite it with --force",
            )
        return state

    def offer(self, state: TrainingState, seconds: float) -> None:
        """Takes the latest state, in place of the previous one.

        Arguments:
            state: the state of the training.
            seconds: how long the training has run.

        Raises:
            RunRemovedError: the folder of the file was deleted or moved.
        """
        self._pending = state, seconds
        if time.monotonic() >= self._next_write:
            try:
                self.flush()
            except RunRemovedError:
                raise
            except DigitsumError:  # a full disk may get space again; the training continues
                self._next_write = time.monotonic() + _SECONDS_BETWEEN_TRIES

    def flush(self) -> None:
        """Writes the latest state if it has not been written yet.

        Raises:
            RunRemovedError: the folder of the file was deleted or moved.
            DigitsumError: the file cannot be written.
        """
        if self._pending is None:
            return
        if not self._path.parent.is_dir():
            raise RunRemovedError(self._path.parent)
        start = time.monotonic()
        state, seconds = self._pending
        write_training_state(self._path, state, {"trial": self._trial.to_dict(), "seconds": seconds})
        self._pending = None
        end = time.monotonic()
        self._next_write = end + (end - start) / _SHARE_OF_TIME


def _dotted(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a trial by dotted key."""
    sections = {section: values[section] for section in ("model", "train")}
    others = {key: value for key, value in values.items() if key not in sections}
    return others | {f"{name}.{key}": value for name, section in sections.items() for key, value in section.items()}
