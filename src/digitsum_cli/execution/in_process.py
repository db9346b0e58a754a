"""Processes pieces of work sequentially in this process."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from digitsum_cli.execution.executor import Executor, OnMessage, Piece, Value, Work


class InProcessExecutor(Executor[Piece, Value]):
    """Processes pieces of work in the caller's thread.

    Arguments:
        work: processes a piece.
    """

    def __init__(self, work: Work[Piece, Value]) -> None:
        self._work = work
        self._undelivered: list[tuple[Piece, Value]] = []

    def submit(self, pieces: Sequence[Piece], on_message: OnMessage[Piece]) -> Iterator[tuple[Piece, Value]]:
        """See ``Executor``."""

        def send(piece: Piece, content: Any) -> None:
            try:
                on_message(piece, content)
            except Exception as error:
                raise _CallbackFailed from error

        for piece in pieces:
            try:
                self._undelivered = [(piece, self._work(piece, partial(send, piece)))]
            except _CallbackFailed as failed:
                raise failed.__cause__ or failed from None
            yield from self._undelivered
            self._undelivered = []

    def drain(self) -> list[tuple[Piece, Value]]:
        """See ``Executor``."""
        undelivered, self._undelivered = self._undelivered, []
        return undelivered


class _CallbackFailed(BaseException):
    """Carries an exception of the callback through the work, so that it is not taken for a failure of the work."""
