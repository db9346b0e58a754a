"""Runs trials, those of each implementation with the executor that suits it."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from digitsum_cli.core.checkpoint import Weights
from digitsum_cli.core.generation import Splits
from digitsum_cli.core.record import Progress
from digitsum_cli.core.registry import FUSED
from digitsum_cli.execution.executor import Executor, Send
from digitsum_cli.execution.state_keeper import StateKeeper
from digitsum_cli.trials.outcome import Outcome, attempt
from digitsum_cli.trials.plan import Plan
from digitsum_cli.trials.trial import Trial

_SECONDS_BETWEEN_MESSAGES = 0.2

_TrialWork = tuple[Trial, Splits, int, Weights | None]
"""A trial, its data, the number of steps between progress reports, and the weights to start from."""


def usable_cores() -> int:
    """The number of CPU cores available to this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class TrialExecutor(Executor[Trial, Outcome]):
    """Runs trials: first those of the compiled trainer, in threads; then the others, in processes.

    A trial that raises an exception, or whose process dies, gets the status ``failed``.

    Arguments:
        plan: the plan with the data of the trials.
        jobs: number of parallel trainings; None trains sequentially in this process.
        log_every: number of steps between progress reports; the compiled trainer reports at fixed time intervals.
        keeper: saves the state of a single trial that is trained in this process.
        starts: the weights that trials start from, by identity; the others' are drawn.
    """

    def __init__(
        self,
        plan: Plan,
        jobs: int | None,
        log_every: int,
        keeper: StateKeeper | None = None,
        starts: Mapping[str, Weights] = MappingProxyType({}),
    ) -> None:
        self._plan, self._jobs, self._log_every, self._keeper = plan, jobs, log_every, keeper
        self._starts = starts
        self._executor: Executor[_TrialWork, Outcome] | None = None

    def submit(
        self, pieces: Sequence[Trial], on_message: Callable[[Trial, Progress], None]
    ) -> Iterator[tuple[Trial, Outcome]]:
        """Runs trials, those with the longest training first; see ``Executor``."""
        longest_first = sorted(pieces, key=lambda trial: -trial.relative_cost)
        work = [
            (trial, self._plan.splits(trial), self._log_every, self._starts.get(trial.identity))
            for trial in longest_first
        ]
        for fused in (True, False):
            chunk = [each for each in work if (each[0].model.impl == FUSED) == fused]
            if chunk:
                self._executor = self._choose_executor(fused)
                for (trial, *_), outcome in self._executor.submit(
                    chunk, lambda each, progress: on_message(each[0], progress)
                ):
                    yield trial, outcome
                self._executor.close()

    def drain(self) -> list[tuple[Trial, Outcome]]:
        """See ``Executor``."""
        return [(trial, outcome) for (trial, *_), outcome in self._executor.drain()] if self._executor else []

    def _choose_executor(self, fused: bool) -> Executor[_TrialWork, Outcome]:
        keeper = self._keeper
        if fused:
            from digitsum_cli.execution.fused_training import PreparedData, run_fused_trial
            from digitsum_cli.execution.threads import ThreadExecutor

            data = PreparedData(self._plan)
            return ThreadExecutor(
                lambda work, send: attempt(partial(run_fused_trial, work[0], data, send, keeper, work[3])),
                self._jobs or 1,
            )
        if self._jobs:
            from digitsum_cli.execution.processes import ProcessExecutor

            return ProcessExecutor(_train_in_process, self._jobs, _process_died)
        from digitsum_cli.execution.in_process import InProcessExecutor

        return InProcessExecutor(partial(_train, keeper=keeper))


def _train(work: _TrialWork, send: Send, keeper: StateKeeper | None = None) -> Outcome:
    from digitsum_cli.execution.training import run_trial

    trial, splits, log_every, start_weights = work
    return attempt(partial(run_trial, trial, splits, send, log_every, keeper, start_weights))


def _train_in_process(work: _TrialWork, send: Send) -> Outcome:
    """Trains a trial, and limits how often its progress is reported."""
    last_message = 0.0

    def report(progress: Progress) -> None:
        nonlocal last_message
        now = time.monotonic()
        if now - last_message >= _SECONDS_BETWEEN_MESSAGES:
            last_message = now
            send(progress)

    return _train(work, report)


def _process_died(exit_code: int | None) -> Outcome:
    return Outcome.failed(f"its process ended unexpectedly (exit code {exit_code})")
