"""Processes pieces of work in threads, for work that releases the GIL, such as the compiled trainer."""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from digitsum_cli.errors import DigitsumError
from digitsum_cli.execution.executor import Executor, OnMessage, Piece, Value, Work

FEWER = "Use a smaller -j, or raise the limit on processes and threads (ulimit -u)"


@dataclass(frozen=True)
class Message:
    """A message about a piece of work that is still running."""

    content: Any


@dataclass(frozen=True)
class Result:
    """The value of a finished piece of work."""

    value: Any


class Stopped(BaseException):
    """Raised in a thread whose work was stopped."""


class ThreadExecutor(Executor[Piece, Value]):
    """Processes pieces of work in threads, each of which takes one piece after another, in order.

    Arguments:
        work: processes a piece; it can be stopped only when it sends a message.
        threads: number of threads.
    """

    seconds_to_stop: float | None = 0.5
    """A thread that takes longer, say for one step of a very large network, is abandoned and ends with the process."""

    def __init__(self, work: Work[Piece, Value], threads: int) -> None:
        self._work, self._count = work, threads
        self._threads: list[threading.Thread] = []
        self._inbox: deque[tuple[Piece, Message | Result | BaseException]] = deque()
        self._arrivals: SimpleQueue[None] = SimpleQueue()
        self._stopping = threading.Event()

    def submit(self, pieces: Sequence[Piece], on_message: OnMessage[Piece]) -> Iterator[tuple[Piece, Value]]:
        """See ``Executor``."""
        waiting = deque(pieces)
        for _ in range(min(self._count, len(pieces))):
            thread = threading.Thread(target=self._run_worker, args=(waiting,), daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                raise DigitsumError(f"cannot start another thread: {error}", next_step=FEWER) from error
            self._threads.append(thread)
        remaining = len(pieces)
        while remaining:
            self._arrivals.get()
            piece, arrived = self._inbox[0]  # removed after it is handled, so that an interruption loses nothing
            if isinstance(arrived, BaseException):
                raise arrived
            if isinstance(arrived, Message):
                on_message(piece, arrived.content)
            else:
                remaining -= 1
                yield piece, arrived.value
            self._inbox.popleft()

    def drain(self) -> list[tuple[Piece, Value]]:
        """See ``Executor``."""
        self._stopping.set()
        deadline = None if self.seconds_to_stop is None else time.monotonic() + self.seconds_to_stop
        for thread in self._threads:
            thread.join(None if deadline is None else max(0.0, deadline - time.monotonic()))
        ended = [(piece, arrived.value) for piece, arrived in self._inbox if isinstance(arrived, Result)]
        self._inbox.clear()
        return ended

    def _run_worker(self, waiting: deque[Piece]) -> None:
        with contextlib.suppress(IndexError, Stopped):
            while not self._stopping.is_set():
                self._process(waiting.popleft())

    def _process(self, piece: Piece) -> None:
        def put(arrived: Message | Result | BaseException) -> None:
            self._inbox.append((piece, arrived))
            self._arrivals.put(None)

        def send(content: Any) -> None:
            if self._stopping.is_set():
                raise Stopped
            put(Message(content))

        try:
            put(Result(self._work(piece, send)))
        except Stopped:
            raise
        except BaseException as error:
            put(error)
