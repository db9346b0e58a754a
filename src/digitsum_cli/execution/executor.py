"""The interface between work, such as training trials, and where it runs."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, Self, TypeVar

Piece = TypeVar("Piece")
Value = TypeVar("Value")

Send = Callable[[Any], None]
"""Sends a message, such as progress, about the current piece of work."""

Work = Callable[[Piece, Send], Value]
"""Processes a piece of work."""

OnMessage = Callable[[Piece, Any], None]


class Executor(ABC, Generic[Piece, Value]):
    """Processes pieces of work; leaving its context stops those still running.

    Example:
        with TrialExecutor(plan, jobs=2, log_every=100) as executor:
            for trial, outcome in executor.submit(plan.trials, on_progress):
                save(trial, outcome)
    """

    @abstractmethod
    def submit(self, pieces: Sequence[Piece], on_message: OnMessage[Piece]) -> Iterator[tuple[Piece, Value]]:
        """Processes a batch of pieces, one batch at a time.

        Arguments:
            pieces: the pieces of work.
            on_message: called in the caller's thread with each message; its exceptions propagate from here.

        Yields:
            Each piece with its value as soon as it is done, in any order. Exceptions in the work propagate from here.
        """

    @abstractmethod
    def drain(self) -> list[tuple[Piece, Value]]:
        """Stops the running work promptly.

        Returns:
            The finished pieces that were not delivered yet. A value counts as delivered once the next one is requested,
            so that no interruption loses a value; the last value yielded may therefore be returned again.
        """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stops the running work."""
        self.drain()
