"""Spawned processes that do one piece of work after the other, each with one torch thread.

A process that dies fails the piece it was at alone; another takes its place. Only the parent answers Ctrl-C, and no
process outlives it, however it ends.
"""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from digitsum_cli.execution.stopping import Stop, undisturbed

Send = Callable[[Any], None]
Work = Callable[..., Any]
"""Called in a process with what tells the parent how it goes, and with a piece's arguments; it returns the result."""

_SECONDS_TO_DIE = 5.0
"""For a process that has closed its end."""


@dataclass(frozen=True)
class Told:
    """What a piece of work told on its way."""

    message: Any


@dataclass(frozen=True)
class Ended:
    """What a piece of work gave."""

    result: Any


@dataclass(frozen=True)
class Died:
    """The process of a piece of work ended by itself; a negative exit code is the signal that killed it."""

    exit_code: int | None


def work_in_processes(
    work: Work, pieces: Sequence[tuple[Any, ...]], processes: int
) -> Generator[tuple[int, Told | Ended | Died]]:
    """Does pieces of work side by side, in their order.

    Arguments:
        work: a function of a module, since a process finds it by its name.
        pieces: the arguments of each.
        processes: how many at most.

    Yields:
        The place of a piece, and what was heard of it. An exception that ``work`` raises is raised here. What has
        ended when it is stopped (see ``stopping``) is yielded as well; then the processes have ended.
    """
    waiting = list(enumerate(pieces))[::-1]
    workers: dict[Connection, _Worker] = {}
    try:
        while waiting or workers:
            while waiting and len(workers) < processes:
                worker = _Worker(work)
                workers[worker.connection] = worker
                worker.start(*waiting.pop())
            for ready in wait(list(workers)):
                worker = workers[ready]  # type: ignore[index]
                heard = worker.receive()
                if isinstance(heard, Exception):
                    raise heard
                yield worker.place, heard
                if isinstance(heard, Told):
                    continue
                if isinstance(heard, Ended) and waiting:
                    worker.start(*waiting.pop())
                else:
                    del workers[worker.connection]
                    worker.stop()
    except (KeyboardInterrupt, Stop):
        heard_already = [(worker.place, heard) for worker in workers.values() for heard in worker.heard_already()]
        yield from undisturbed([(place, heard) for place, heard in heard_already if isinstance(heard, Ended)])
        raise
    finally:
        for worker in workers.values():
            worker.stop()


class _Worker:
    """A process and the piece it is at."""

    place: int
    _in_a_message = False

    def __init__(self, work: Work) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=_live, args=(theirs, work), daemon=True)
        with _started_whole():
            self.process.start()
        theirs.close()

    def start(self, place: int, piece: tuple[Any, ...]) -> None:
        self.place = place
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.connection.send(piece)

    def receive(self) -> Told | Ended | Died | Exception:
        self._in_a_message = True
        try:
            heard: Told | Ended | Exception = self.connection.recv()
        except (EOFError, OSError):  # nothing more, or a message that breaks off
            self.process.join(_SECONDS_TO_DIE)
            self.process.kill()
            self.process.join()
            return Died(self.process.exitcode)
        self._in_a_message = False
        return heard

    def heard_already(self) -> Iterator[Told | Ended | Died | Exception]:
        """What has come without waiting for more; after half a message nothing can be understood."""
        while not self._in_a_message and self.connection.poll():
            yield self.receive()

    def stop(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.join()


@contextlib.contextmanager
def _started_whole() -> Iterator[None]:
    """A process started inside never hears Ctrl-C; this one hears Ctrl-C and SIGTERM afterwards."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # which would unblock them
    heard: list[int] = []
    answers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    for each in answers:
        signal.signal(each, lambda number, _: heard.append(number))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for each, answer in answers.items():
            signal.signal(each, answer)
        for number in heard:
            signal.raise_signal(number)


def _live(connection: Connection, work: Work) -> None:
    """A process's life: receive a piece, do it, send what came of it."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            piece = connection.recv()
            try:
                heard: Ended | Exception = Ended(work(lambda message: connection.send(Told(message)), *piece))
            except (BrokenPipeError, ConnectionResetError):
                return
            except Exception as error:
                heard = error
            connection.send(heard)


def _end_with_parent() -> None:
    """Waits for the parent to end, also by a signal that nothing can answer, and ends this process."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
