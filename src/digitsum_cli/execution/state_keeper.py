"""Keeps on disk where a single training stands, so that it can be taken up again."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from digitsum_cli.core.training_state import TrainingState, read_training_state, write_training_state
from digitsum_cli.errors import DigitsumError, InputError
from digitsum_cli.trials.ram import state_bytes
from digitsum_cli.trials.trial import Trial

_SHARE_OF_TIME = 0.05
"""That writing may take."""

_SECONDS_BETWEEN_TRIES = 10.0

_BEGIN_ANEW = "Or begin anew: replace the run with --force"


class StateKeeper:
    """The state of one trial's training.

    A state is written as soon as it is offered, or a moment later if writing would take over a twentieth of the time.

    Arguments:
        path: the file; it is there only while the training has not ended.
        trial: what is trained.
        rows: in its train split.
    """

    def __init__(self, path: Path, trial: Trial, rows: int) -> None:
        self._path, self._trial, self._rows = path, trial, rows
        self._read: TrainingState | None = None
        self._pending: tuple[TrainingState, float] | None = None
        self.seconds_before = 0.0
        """How long the training had run when it was left."""
        self._next_write = 0.0

    def saved(self) -> TrainingState | None:
        """Where the training was left; None if it was not begun.

        Raises:
            InputError: the file is damaged, or of a training with other settings.
        """
        if self._read is None and self._path.exists():
            self._read = self._read_state()
        return self._read

    def _read_state(self) -> TrainingState:
        try:
            state, kept_with = read_training_state(self._path, state_bytes(self._trial, self._rows))
        except InputError as error:
            raise InputError(f"where the training stands cannot be read: {error}", next_step=_BEGIN_ANEW) from error
        try:
            before, now = (_dotted(trial.to_dict()) for trial in (Trial.from_dict(kept_with["trial"]), self._trial))
            self.seconds_before = max(0.0, float(kept_with["seconds"]))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise InputError(f"{self._path} does not say what it is the state of", next_step=_BEGIN_ANEW) from error
        changes = [f"{key} was {before[key]} and is {now[key]}" for key in now if before[key] != now[key]]
        if changes:
            raise InputError(
                f"{self._path.parent} holds a training with other settings: {'; '.join(changes)}",
                next_step="Go on with its own settings, or replace it with --force",
            )
        return state

    def offer(self, state: TrainingState, seconds: float) -> None:
        """Takes a state in place of the one before.

        Arguments:
            state: where the training stands.
            seconds: how long it has run.
        """
        self._pending = state, seconds
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
        state, seconds = self._pending
        write_training_state(self._path, state, {"trial": self._trial.to_dict(), "seconds": seconds})
        self._pending = None
        end = time.monotonic()
        self._next_write = end + (end - start) / _SHARE_OF_TIME

    def discard(self) -> None:
        """Deletes the file: the training has ended, and its outcome is saved."""
        self._pending = None
        self._path.unlink(missing_ok=True)


def _dotted(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a trial by dotted key."""
    sections = {section: values[section] for section in ("model", "train")}
    others = {key: value for key, value in values.items() if key not in sections}
    return others | {f"{name}.{key}": value for name, section in sections.items() for key, value in section.items()}
