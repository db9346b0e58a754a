"""Processes pieces of work in spawned processes, each supervised by a thread of this process.

If a process dies, only its current piece fails. Only the parent handles Ctrl-C, and no worker outlives the parent,
however it ends. Each process has its own pipe: the workers of Pebble and ``concurrent.futures`` share one pipe and its
locks, so a worker that is killed while holding a lock, or in the middle of a message, blocks the others.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any

from digitsum_cli.core.user_classes import register_user_class, registered_code
from digitsum_cli.core.user_code import UserCode
from digitsum_cli.errors import DigitsumError
from digitsum_cli.execution.executor import Piece, Send, Value, Work
from digitsum_cli.execution.threads import FEWER, Message, Result, Stopped, ThreadExecutor

_SECONDS_TO_EXIT = 5.0
"""How long to wait for a process that has closed its end of the pipe."""

_SPAWN = multiprocessing.get_context("spawn")


class ProcessExecutor(ThreadExecutor[Piece, Value]):
    """Processes pieces of work in processes, each of which takes one piece after another.

    Arguments:
        work: a module-level function, since a process finds it by name.
        processes: maximum number of processes.
        on_death: returns the value of a piece whose process died, or raises an error. Its argument is the exit code;
            a negative one is the number of the signal that killed the process.
        runs_main: whether a process runs the main module again, which may define what the work needs; False for a
            script that would do its own work again.
    """

    seconds_to_stop = None

    def __init__(
        self,
        work: Work[Piece, Value],
        processes: int,
        on_death: Callable[[int | None], Value],
        *,
        runs_main: bool = True,
    ) -> None:
        super().__init__(self._work_remotely, processes)
        self._remote_work, self._on_death, self._runs_main = work, on_death, runs_main
        self._idle: list[tuple[BaseProcess, Connection]] = []
        self._processes: set[BaseProcess] = set()
        self._lock = threading.Lock()
        """Held while a process is started or ended: without it, one thread could collect another's exit code."""

    def drain(self) -> list[tuple[Piece, Value]]:
        """See ``Executor``. Messages sent by a process before it was killed are still received."""
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
            while isinstance(received := connection.recv(), Message):
                send(received.content)
        except (EOFError, OSError):  # end of the stream, or a truncated message
            return self._on_death(self._exit_code(process))
        self._idle.append((process, connection))
        if isinstance(received, Exception):
            raise received
        value: Value = received.value
        return value

    def _take_process(self) -> tuple[BaseProcess, Connection]:
        with self._lock:
            if self._stopping.is_set():
                raise Stopped
            if self._idle:
                return self._idle.pop()
            try:
                parent_end, child_end = _SPAWN.Pipe()
                process = _SPAWN.Process(
                    target=_serve, args=(child_end, self._remote_work, registered_code()), daemon=True
                )
                _block_interrupts()
                with contextlib.nullcontext() if self._runs_main else _without_main_module():
                    process.start()
            except OSError as error:
                raise DigitsumError(f"cannot start another process: {error.strerror}", next_step=FEWER) from error
            child_end.close()
            self._processes.add(process)
            return process, parent_end

    def _exit_code(self, process: BaseProcess) -> int | None:
        wait([process.sentinel], _SECONDS_TO_EXIT)
        with self._lock:
            if self._stopping.is_set():
                raise Stopped
            self._processes.remove(process)
            process.kill()
            process.join()
            return process.exitcode


@contextlib.contextmanager
def _without_main_module() -> Iterator[None]:
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _block_interrupts() -> None:
    """Blocks Ctrl-C and SIGTERM in this thread and in the processes that it starts: the main thread answers them.

    Both may be sent to all processes of a group at once.
    """
    if hasattr(signal, "pthread_sigmask"):
        resource_tracker.ensure_running()  # starting it later would unblock them
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})


def _serve(connection: Connection, work: Work[Any, Any], user_code: Sequence[tuple[str, UserCode]]) -> None:
    """The main loop of a worker process: receive a piece, process it, send the result.

    Code of the user's that the parent was allowed to execute is sent as source; what it prints goes to stderr.
    """
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if user_code:
        os.dup2(2, 1)
    for kind, code in user_code:
        register_user_class(kind, code)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            piece = connection.recv()
            try:
                answer: Result | Exception = Result(work(piece, lambda content: connection.send(Message(content))))
            except (BrokenPipeError, ConnectionResetError):
                return
            except Exception as error:
                answer = error
            connection.send(answer)


def _end_with_parent() -> None:
    """Waits for the parent to end, even by a signal that cannot be caught, and then exits this process."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
