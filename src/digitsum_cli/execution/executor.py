"""The seam between work, such as training trials, and the place where it is done."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, Self, TypeVar

Piece = TypeVar("Piece")
Value = TypeVar("Value")

Send = Callable[[Any], None]
"""Sends a message about a piece of work that is being done, such as its progress."""

Work = Callable[[Piece, Send], Value]
"""Does a piece of work."""

OnMessage = Callable[[Piece, Any], None]


class Executor(ABC, Generic[Piece, Value]):
    """Does pieces of work; leaving its context stops those that are still running.

    Example:
        with TrialExecutor(plan, jobs=2, log_every=100) as executor:
            for trial, outcome in executor.submit(plan.trials, on_progress):
                save(trial, outcome)
    """

    @abstractmethod
    def submit(self, pieces: Sequence[Piece], on_message: OnMessage[Piece]) -> Iterator[tuple[Piece, Value]]:
        """Does a chunk of pieces; one chunk at a time.

        Arguments:
            pieces: what to work on.
            on_message: called in the caller's thread with each message; an exception that it raises is raised here.

        Yields:
            Each piece with its value as it ends, in any order. What the work raises is raised here.
        """

    @abstractmethod
    def drain(self) -> list[tuple[Piece, Value]]:
        """Stops what is running, promptly.

        Returns:
            What has ended and was not handed over. A value is handed over when the next one is asked for, so that an
            interruption loses none; the last one that was yielded may therefore be among them.
        """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stops what is running."""
        self.drain()
