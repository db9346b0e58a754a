"""Does pieces of work in spawned processes, each looked after by a thread of this one.

A process that dies fails the piece it was at, and no other. Only the parent answers Ctrl-C, and no process outlives it,
however it ends. Each process has a pipe of its own: the workers of Pebble and ``concurrent.futures`` share a pipe and
its locks, and one that is killed while it holds them, or in the middle of a message, stops the others.
"""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from digitsum_cli.execution.executor import Piece, Send, Value, Work
from digitsum_cli.execution.threads import Message, Result, Stopped, ThreadExecutor

_SECONDS_TO_DIE = 5.0
"""For a process that has closed its end."""

_SPAWN = multiprocessing.get_context("spawn")


class ProcessExecutor(ThreadExecutor[Piece, Value]):
    """Works in processes, each of which does one piece after another.

    Arguments:
        work: a function of a module, since a process finds it by its name.
        processes: how many at most.
        on_death: gives the value of a piece whose process died, or raises an error. It is given the exit code; a
            negative one is the signal that killed the process.
    """

    seconds_to_stop = None

    def __init__(self, work: Work[Piece, Value], processes: int, on_death: Callable[[int | None], Value]) -> None:
        super().__init__(self._work_remotely, processes)
        self._remote_work, self._on_death = work, on_death
        self._idle: list[tuple[BaseProcess, Connection]] = []
        self._processes: set[BaseProcess] = set()
        self._lock = threading.Lock()
        """To start and to end processes: the library would let one thread take another's exit code."""

    def drain(self) -> list[tuple[Piece, Value]]:
        """See ``Executor``. What a process had sent when it was killed is still received."""
        self._stopping.set()
        with self._lock:
            for process in self._processes:
                process.kill()
            for process in self._processes:
                process.join()
        return super().drain()

    def _work_remotely(self, piece: Piece, send: Send) -> Value:
        process, connection = self._take_process()
        try:
            connection.send(piece)
            while isinstance(arrived := connection.recv(), Message):
                send(arrived.content)
        except (EOFError, OSError):  # nothing more, or a message that breaks off
            return self._on_death(self._exit_code(process))
        self._idle.append((process, connection))
        if isinstance(arrived, Exception):
            raise arrived
        value: Value = arrived.value
        return value

    def _take_process(self) -> tuple[BaseProcess, Connection]:
        with self._lock:
            if self._stopping.is_set():
                raise Stopped
            if self._idle:
                return self._idle.pop()
            ours, theirs = _SPAWN.Pipe()
            process = _SPAWN.Process(target=_serve, args=(theirs, self._remote_work), daemon=True)
            _hide_interrupts()
            process.start()
            theirs.close()
            self._processes.add(process)
            return process, ours

    def _exit_code(self, process: BaseProcess) -> int | None:
        wait([process.sentinel], _SECONDS_TO_DIE)
        with self._lock:
            if self._stopping.is_set():
                raise Stopped
            self._processes.remove(process)
            process.kill()
            process.join()
            return process.exitcode


def _hide_interrupts() -> None:
    """Keeps Ctrl-C from this thread, which leaves it to the main one, and from the processes that it starts."""
    if hasattr(signal, "pthread_sigmask"):
        resource_tracker.ensure_running()  # which would let it through again
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _serve(connection: Connection, work: Work[Any, Any]) -> None:
    """A process's life: receive a piece, do it, send what came of it."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            piece = connection.recv()
            try:
                arrived: Result | Exception = Result(work(piece, lambda content: connection.send(Message(content))))
            except (BrokenPipeError, ConnectionResetError):
                return
            except Exception as error:
                arrived = error
            connection.send(arrived)


def _end_with_parent() -> None:
    """Waits for the parent to end, also by a signal that nothing can answer, and ends this process."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
