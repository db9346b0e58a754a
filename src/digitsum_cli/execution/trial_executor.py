"""Runs trials, those of each implementation with the executor that suits it."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

from digitsum_cli.core.checkpoint import Weights
from digitsum_cli.core.generation import Splits
from digitsum_cli.core.record import Progress
from digitsum_cli.core.registry import ENSEMBLE, FUSED
from digitsum_cli.execution.executor import Executor, Send
from digitsum_cli.execution.state_keeper import StateKeeper
from digitsum_cli.trials.outcome import Outcome, attempt
from digitsum_cli.trials.plan import Plan
from digitsum_cli.trials.trial import Trial

_SECONDS_BETWEEN_MESSAGES = 0.2

_SEEDS_AT_ONCE = 20
"""At most, since the time that a step costs whatever it computes is then a small part of it."""


class _TrialWork(NamedTuple):
    """A trial, its data, the number of steps between progress reports, and the weights to start from."""

    trial: Trial
    splits: Splits
    log_every: int
    start_weights: Weights | None


_Chunk = tuple[_TrialWork, ...]
"""Trials that are trained together: one, or an ensemble that differs only in its seeds."""

_Outcomes = list[Outcome] | Outcome
"""The outcome of each trial of a chunk, or the one that all of them have."""


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
        runs_main: as in ``ProcessExecutor``.
    """

    def __init__(
        self,
        plan: Plan,
        jobs: int | None,
        log_every: int,
        keeper: StateKeeper | None = None,
        starts: Mapping[str, Weights] = MappingProxyType({}),
        *,
        runs_main: bool = True,
    ) -> None:
        self._plan, self._jobs, self._log_every, self._keeper = plan, jobs, log_every, keeper
        self._starts, self._runs_main = starts, runs_main
        self._executor: Executor[_Chunk, _Outcomes] | None = None

    def submit(
        self, pieces: Sequence[Trial], on_message: Callable[[Trial, Progress], None]
    ) -> Iterator[tuple[Trial, Outcome]]:
        """Runs trials, those with the longest training first; see ``Executor``."""
        longest_first = sorted(pieces, key=lambda trial: -trial.relative_cost)
        for fused in (True, False):
            chunks = self._chunks([trial for trial in longest_first if (trial.model.impl == FUSED) == fused])
            if chunks:
                self._executor = self._choose_executor(fused)
                for chunk, outcomes in self._executor.submit(
                    chunks, lambda chunk, message: on_message(chunk[message[0]].trial, message[1])
                ):
                    yield from _by_trial(chunk, outcomes)
                self._executor.close()

    def drain(self) -> list[tuple[Trial, Outcome]]:
        """See ``Executor``."""
        drained = self._executor.drain() if self._executor else []
        return [each for chunk, outcomes in drained for each in _by_trial(chunk, outcomes)]

    def _chunks(self, trials: Sequence[Trial]) -> list[_Chunk]:
        """Trials one by one, but the seeds of an ensemble together, in as many chunks as there are jobs or more."""
        ensembles: dict[Trial, list[Trial]] = {}
        for trial in trials:
            together = trial.model.impl == ENSEMBLE
            ensembles.setdefault(trial.with_seed(0) if together else trial, []).append(trial)
        chunks = []
        for ensemble in ensembles.values():
            at_once = min(_SEEDS_AT_ONCE, -(-len(ensemble) // (self._jobs or 1)))
            for first in range(0, len(ensemble), at_once):
                chunks.append(tuple(map(self._work, ensemble[first : first + at_once])))
        return chunks

    def _work(self, trial: Trial) -> _TrialWork:
        return _TrialWork(trial, self._plan.splits(trial), self._log_every, self._starts.get(trial.identity))

    def _choose_executor(self, fused: bool) -> Executor[_Chunk, _Outcomes]:
        keeper = self._keeper
        if fused:
            from digitsum_cli.execution.fused_training import PreparedData, run_fused_trial
            from digitsum_cli.execution.threads import ThreadExecutor

            data = PreparedData(self._plan)

            def run_fused(chunk: _Chunk, send: Send) -> _Outcomes:
                (work,) = chunk
                report = _report_of(0, send)
                return attempt(lambda: [run_fused_trial(work.trial, data, report, keeper, work.start_weights)])

            return ThreadExecutor(run_fused, self._jobs or 1)
        if self._jobs:
            from digitsum_cli.execution.processes import ProcessExecutor

            return ProcessExecutor(_train_in_process, self._jobs, _process_died, runs_main=self._runs_main)
        from digitsum_cli.execution.in_process import InProcessExecutor

        return InProcessExecutor(partial(_train, keeper=keeper))


def _by_trial(chunk: _Chunk, outcomes: _Outcomes) -> list[tuple[Trial, Outcome]]:
    if isinstance(outcomes, Outcome):
        outcomes = [outcomes] * len(chunk)
    return [(work.trial, outcome) for work, outcome in zip(chunk, outcomes, strict=True)]


def _report_of(index: int, send: Send) -> Callable[[Progress], None]:
    return lambda progress: send((index, progress))


def _train(chunk: _Chunk, send: Send, keeper: StateKeeper | None = None) -> _Outcomes:
    first = chunk[0]
    if first.trial.model.impl == ENSEMBLE:
        from digitsum_cli.execution.ensemble_training import run_ensemble

        trials, starts = [work.trial for work in chunk], [work.start_weights for work in chunk]
        return attempt(
            lambda: run_ensemble(trials, first.splits, starts, lambda *message: send(message), first.log_every)
        )
    from digitsum_cli.execution.training import run_trial

    trial, splits, log_every, start_weights = first
    report = _report_of(0, send)
    return attempt(lambda: [run_trial(trial, splits, report, log_every, keeper, start_weights)])


def _train_in_process(chunk: _Chunk, send: Send) -> _Outcomes:
    """Trains a chunk, and limits how often the progress of each trial is reported."""
    last_messages = dict.fromkeys(range(len(chunk)), 0.0)

    def report(message: tuple[int, Progress]) -> None:
        now = time.monotonic()
        if now - last_messages[message[0]] >= _SECONDS_BETWEEN_MESSAGES:
            last_messages[message[0]] = now
            send(message)

    return _train(chunk, report)


def _process_died(exit_code: int | None) -> _Outcomes:
    return Outcome.failed(f"its process ended unexpectedly (exit code {exit_code})")
