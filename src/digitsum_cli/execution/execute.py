"""Runs trials: each implementation in the way that suits it."""

import os
from collections.abc import Callable, Generator, Sequence
from functools import partial

from digitsum_cli.core.record import Progress
from digitsum_cli.core.registry import FUSED
from digitsum_cli.execution.processes import execute_in_processes
from digitsum_cli.execution.state_keeper import StateKeeper
from digitsum_cli.trials.outcome import Outcome, attempt
from digitsum_cli.trials.plan import Plan
from digitsum_cli.trials.trial import Trial

OnProgress = Callable[[Trial, Progress], None]


def usable_cores() -> int:
    """The processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def execute(
    plan: Plan,
    trials: Sequence[Trial],
    on_progress: OnProgress,
    jobs: int | None,
    log_every: int,
    keeper: StateKeeper | None = None,
) -> Generator[tuple[Trial, Outcome]]:
    """Runs trials: those of the compiled trainer in threads, the others in spawned processes.

    Arguments:
        plan: their data.
        trials: what to run.
        on_progress: is told where each stands.
        jobs: how many run side by side; None runs all in this process, one after the other.
        log_every: steps between calls of ``on_progress``; the compiled trainer calls by the clock.
        keeper: of the state of a single trial that runs in this process.

    Yields:
        Each trial with its outcome, as it ends. A trial that raises has the status ``failed``. What has ended when it
        is stopped (see ``stopping``) is yielded as well.
    """
    fused = [trial for trial in trials if trial.model.impl == FUSED]
    others = [trial for trial in trials if trial.model.impl != FUSED]
    if fused:
        from digitsum_cli.execution.threads import execute_in_threads

        yield from execute_in_threads(plan, fused, on_progress, jobs or 1, keeper)
    if others and jobs:
        yield from execute_in_processes(plan, others, on_progress, min(jobs, len(others)), log_every)
    elif others:
        yield from _execute_here(plan, others, on_progress, log_every, keeper)


def _execute_here(
    plan: Plan, trials: Sequence[Trial], on_progress: OnProgress, log_every: int, keeper: StateKeeper | None
) -> Generator[tuple[Trial, Outcome]]:
    from digitsum_cli.execution.training import run_trial

    for trial in trials:

        def report(progress: Progress, trial: Trial = trial) -> None:
            try:
                on_progress(trial, progress)
            except Exception as error:
                raise _CallbackFailed from error

        try:
            outcome = attempt(partial(run_trial, trial, plan.splits(trial), report, log_every, keeper))
        except _CallbackFailed as failed:
            raise failed.__cause__ or failed from None
        yield trial, outcome


class _CallbackFailed(BaseException):
    """Passes what the callback raised through a training, which is not to blame."""
