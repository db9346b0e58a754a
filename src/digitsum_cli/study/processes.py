"""Runs trials in spawned processes, one torch thread each."""

import contextlib
import multiprocessing
import signal
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from digitsum_cli.core.record import Progress
from digitsum_cli.study.outcome import Outcome, attempt
from digitsum_cli.study.plan import Plan
from digitsum_cli.study.trial import Trial

_SECONDS_BETWEEN_MESSAGES = 0.2


def execute_in_processes(
    plan: Plan, trials: Sequence[Trial], on_progress: Callable[[Trial, Progress], None], processes: int, log_every: int
) -> Generator[tuple[Trial, Outcome]]:
    """Runs trials in ``processes`` spawned processes, the longest trainings first.

    A process that dies fails its trial alone; another takes its place.

    Yields:
        Each trial with its outcome, as it ends.
    """
    waiting = sorted(trials, key=lambda trial: trial.relative_cost)
    workers: dict[Connection, _Worker] = {}
    try:
        while waiting or workers:
            while waiting and len(workers) < processes:
                worker = _Worker()
                workers[worker.connection] = worker
                trial = waiting.pop()
                worker.start(trial, plan, log_every)
            for ready in wait(list(workers)):
                worker = workers[ready]  # type: ignore[index]
                message = worker.receive()
                if isinstance(message, Progress):
                    on_progress(worker.trial, message)
                    continue
                yield worker.trial, message
                if worker.process.is_alive() and waiting:
                    worker.start(waiting.pop(), plan, log_every)
                else:
                    del workers[worker.connection]
                    worker.stop()
    finally:
        for worker in workers.values():
            worker.stop()


class _Worker:
    """A spawned process and the trial it is at."""

    trial: Trial

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=_work, args=(theirs,), daemon=True)
        with interrupts_ignored():
            self.process.start()
        theirs.close()

    def start(self, trial: Trial, plan: Plan, log_every: int) -> None:
        self.trial = trial
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.connection.send((trial, plan.splits(trial), log_every))

    def receive(self) -> Progress | Outcome:
        try:
            message: Progress | Outcome = self.connection.recv()
        except (EOFError, ConnectionResetError):
            self.process.join()
            return Outcome.failed(f"its process ended unexpectedly (exit code {self.process.exitcode})")
        return message

    def stop(self) -> None:
        self.connection.close()
        self.process.terminate()
        self.process.join()


@contextlib.contextmanager
def interrupts_ignored() -> Iterator[None]:
    """A process started inside ignores Ctrl-C from its first instruction: only the parent answers it."""
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def _work(connection: Connection) -> None:
    """A worker's life: receive a trial, report progress, send the outcome, until the parent is gone."""
    last_message = 0.0

    def report(progress: Progress) -> None:
        nonlocal last_message
        now = time.monotonic()
        if now - last_message >= _SECONDS_BETWEEN_MESSAGES:
            last_message = now
            connection.send(progress)

    from digitsum_cli.study.training import run_trial

    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            trial, splits, log_every = connection.recv()
            connection.send(attempt(partial(run_trial, trial, splits, report, log_every)))
