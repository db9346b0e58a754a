"""Runs trials of the compiled trainer in threads: it does not hold Python's lock while it computes."""

import threading
import time
from collections.abc import Callable, Generator, Sequence
from functools import partial
from queue import SimpleQueue

from digitsum_cli.core.record import Progress
from digitsum_cli.execution.fused_training import PreparedData, run_fused_trial
from digitsum_cli.execution.state_keeper import StateKeeper
from digitsum_cli.execution.stopping import Stop, undisturbed
from digitsum_cli.trials.outcome import Outcome, attempt
from digitsum_cli.trials.plan import Plan
from digitsum_cli.trials.trial import Trial

_SECONDS_TO_STOP = 0.5
"""What takes longer, such as a single step of a very large network, is left behind; it ends with the process."""


class _Stopped(BaseException):
    """Raised inside a thread that is not wanted any more."""


def execute_in_threads(
    plan: Plan,
    trials: Sequence[Trial],
    on_progress: Callable[[Trial, Progress], None],
    threads: int,
    keeper: StateKeeper | None = None,
) -> Generator[tuple[Trial, Outcome]]:
    """Runs trials in ``threads`` threads, the longest trainings first; ``keeper`` is for a single trial.

    Yields:
        Each trial with its outcome, as it ends. What has ended when it is stopped (see ``stopping``) is yielded as
        well; then the threads have ended, or are left behind.
    """
    waiting = sorted(trials, key=lambda trial: trial.relative_cost)
    data = PreparedData(plan)
    messages: SimpleQueue[tuple[Trial, Progress | Outcome | Exception]] = SimpleQueue()
    stop = threading.Event()

    def report(trial: Trial, progress: Progress) -> None:
        if stop.is_set():
            raise _Stopped
        messages.put((trial, progress))

    def work() -> None:
        while waiting and not stop.is_set():
            try:
                trial = waiting.pop()
            except IndexError:
                return
            try:
                run = partial(run_fused_trial, trial, data, partial(report, trial), keeper)
                messages.put((trial, attempt(run)))
            except _Stopped:
                return
            except Exception as error:
                messages.put((trial, error))

    def stop_all() -> None:
        stop.set()
        deadline = time.monotonic() + _SECONDS_TO_STOP
        for worker in (worker for worker in workers if worker.ident is not None):  # those that were started
            worker.join(max(0.0, deadline - time.monotonic()))

    workers = [threading.Thread(target=work, daemon=True) for _ in range(min(threads, len(trials)))]
    try:
        for worker in workers:
            worker.start()
        ended = 0
        while ended < len(trials):
            trial, message = messages.get()
            if isinstance(message, Exception):
                raise message
            if isinstance(message, Progress):
                on_progress(trial, message)
            else:
                ended += 1
                yield trial, message
    except (KeyboardInterrupt, Stop):
        stop_all()
        heard = [messages.get() for _ in range(messages.qsize())]
        yield from undisturbed([(trial, message) for trial, message in heard if isinstance(message, Outcome)])
        raise
    finally:
        stop_all()
