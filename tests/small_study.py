"""A small study, and who watches it."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from digitsum_cli.core.record import Progress
from digitsum_cli.execution.state_keeper import StateKeeper
from digitsum_cli.execution.trial_executor import TrialExecutor
from digitsum_cli.rundir.directory import RunDirectory
from digitsum_cli.settings import Settings
from digitsum_cli.study.callback import StudyCallback
from digitsum_cli.study.result import StudyResult
from digitsum_cli.study.run_options import RunOptions
from digitsum_cli.study.study import run_study
from digitsum_cli.trials.outcome import Outcome
from digitsum_cli.trials.plan import Plan
from digitsum_cli.trials.trial import Trial
from tests.settings_text import from_set


def settings_of(*assignments: str) -> Settings:
    defaults = ("data.lengths=5,4", "train.epochs=3", "sweep.train.seed=0,1")
    return from_set(*defaults, *assignments)


class Recorder(StudyCallback):
    def __init__(self) -> None:
        self.missing: list[Trial] = []
        self.steps: list[int] = []
        self.outcomes: list[Outcome] = []
        self.continued: tuple[int, int] | None = None

    def planned(self, plan: Plan, missing: Sequence[Trial]) -> None:
        self.missing = list(missing)

    def continuing(self, trials: int, step: int) -> None:
        self.continued = trials, step

    def progressed(self, trial: Trial, progress: Progress) -> None:
        self.steps.append(progress.step)

    def ended(self, trial: Trial, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


def study(path: Path, *assignments: str, jobs: int | None = None, **options: Any) -> StudyResult:
    return run_study(settings_of(*assignments), RunDirectory(path), Recorder(), RunOptions(jobs, **options))


def run_trials(
    plan: Plan,
    on_progress: Callable[[Trial, Progress], None] = lambda *_: None,
    *,
    jobs: int | None = None,
    keeper: StateKeeper | None = None,
) -> dict[Trial, Outcome]:
    """The outcomes of a plan's trials."""
    with TrialExecutor(plan, jobs, 100, keeper) as executor:
        return dict(executor.submit(plan.trials, on_progress))


def wait_for_worker_threads() -> None:
    """Until they have nothing more to do."""
    for thread in threading.enumerate():
        if "_run_worker" in thread.name:
            thread.join()
