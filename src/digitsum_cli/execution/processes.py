"""Runs trials in spawned processes."""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from functools import partial

from digitsum_cli.core.generation import Splits
from digitsum_cli.core.record import Progress
from digitsum_cli.execution.stopping import Stop, stopped, undisturbed
from digitsum_cli.execution.workers import Died, Ended, Send, Told, work_in_processes
from digitsum_cli.trials.outcome import Outcome, attempt
from digitsum_cli.trials.plan import Plan
from digitsum_cli.trials.trial import Trial

_SECONDS_BETWEEN_MESSAGES = 0.2


def execute_in_processes(
    plan: Plan, trials: Sequence[Trial], on_progress: Callable[[Trial, Progress], None], processes: int, log_every: int
) -> Generator[tuple[Trial, Outcome]]:
    """Runs trials in ``processes`` processes, the longest trainings first; one whose process dies has failed.

    Yields:
        Each trial with its outcome, as it ends, and what has ended when it is stopped (see ``stopping``).
    """
    in_order = sorted(trials, key=lambda trial: -trial.relative_cost)
    pieces = [(trial, plan.splits(trial), log_every) for trial in in_order]
    with closing(work_in_processes(_run, pieces, processes)) as working:
        try:
            for place, heard in working:
                trial = in_order[place]
                if isinstance(heard, Told):
                    on_progress(trial, heard.message)
                elif isinstance(heard, Died):
                    yield trial, Outcome.failed(f"its process ended unexpectedly (exit code {heard.exit_code})")
                else:
                    yield trial, heard.result
        except (KeyboardInterrupt, Stop):
            ended = [(in_order[place], heard) for place, heard in stopped(working)]
            yield from undisturbed([(trial, heard.result) for trial, heard in ended if isinstance(heard, Ended)])
            raise


def _run(send: Send, trial: Trial, splits: Splits, log_every: int) -> Outcome:
    """In a process: trains a trial, and tells now and then how it goes."""
    from digitsum_cli.execution.training import run_trial

    last_message = 0.0

    def report(progress: Progress) -> None:
        nonlocal last_message
        now = time.monotonic()
        if now - last_message >= _SECONDS_BETWEEN_MESSAGES:
            last_message = now
            send(progress)

    return attempt(partial(run_trial, trial, splits, report, log_every))
