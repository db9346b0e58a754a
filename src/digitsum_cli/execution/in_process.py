"""Does pieces of work in this process, one after the other."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from digitsum_cli.execution.executor import Executor, OnMessage, Piece, Value, Work


class InProcessExecutor(Executor[Piece, Value]):
    """Works in the caller's thread.

    Arguments:
        work: does a piece.
    """

    def __init__(self, work: Work[Piece, Value]) -> None:
        self._work = work
        self._in_hand: list[tuple[Piece, Value]] = []

    def submit(self, pieces: Sequence[Piece], on_message: OnMessage[Piece]) -> Iterator[tuple[Piece, Value]]:
        """See ``Executor``."""

        def send(piece: Piece, content: Any) -> None:
            try:
                on_message(piece, content)
            except Exception as error:
                raise _CallbackFailed from error

        for piece in pieces:
            try:
                self._in_hand = [(piece, self._work(piece, partial(send, piece)))]
            except _CallbackFailed as failed:
                raise failed.__cause__ or failed from None
            yield from self._in_hand
            self._in_hand = []

    def drain(self) -> list[tuple[Piece, Value]]:
        """See ``Executor``."""
        in_hand, self._in_hand = self._in_hand, []
        return in_hand


class _CallbackFailed(BaseException):
    """Passes what the callback raised through the work, which is not to blame."""
