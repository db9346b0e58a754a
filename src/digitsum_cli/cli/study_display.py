"""Progress of a study."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from rich.progress import TextColumn

from digitsum_cli.cli.console import Console
from digitsum_cli.core.record import Progress
from digitsum_cli.study.callback import StudyCallback
from digitsum_cli.table import number, percent
from digitsum_cli.trials.outcome import Outcome
from digitsum_cli.trials.plan import Plan
from digitsum_cli.trials.scores import test_and_headline
from digitsum_cli.trials.setting import Setting, varied_columns
from digitsum_cli.trials.trial import Trial


class StudyDisplay(StudyCallback):
    """Overall progress with the estimated time left, and one line per finished trial.

    Arguments:
        console: where to print.
        destination: the run directory, if it is to be named.
    """

    def __init__(self, console: Console, destination: Path | None = None) -> None:
        self._console, self._destination = console, destination
        self._progress = console.progress(TextColumn("{task.fields[left]}"))
        self._shares: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def planned(self, plan: Plan, missing: Sequence[Trial]) -> None:
        """Prints how many trials will run."""
        self._start = time.monotonic()
        self._costs = {trial.identity: trial.relative_cost for trial in missing}
        self._ended, self._trials = 0, len(missing)
        self._varied = varied_columns({Setting.of(trial) for trial in plan.trials})
        self._task = self._progress.add_task("trials", total=sum(self._costs.values()), left="")
        if self._destination:
            self._console.message(f"Writing to {self._destination}")
        saved = len(plan.trials) - len(missing)
        self._console.message(f"Trainings to run: {len(missing)}" + (f"; already saved: {saved}" if saved else ""))

    def continuing(self, trials: int, step: int) -> None:
        """Prints that trials with fewer epochs are replaced."""
        self._console.message(
            f"Finished trainings with fewer epochs: {trials}. They are trained from the start, and their results stay "
            "until then"
        )

    def progressed(self, trial: Trial, progress: Progress) -> None:
        """Updates the progress bar."""
        self._advance(trial, (progress.step + 1) / progress.steps)

    def ended(self, trial: Trial, outcome: Outcome) -> None:
        """Prints the results of the trial."""
        self._ended += 1
        left = self._advance(trial, 1.0)
        parts = [
            f"{self._ended}/{self._trials}",
            f"length {trial.length}",
            *(Setting.of(trial).in_words([column]) for column in self._varied),
            f"seed {trial.seed}",
            f"best eval {percent(outcome.best_eval_accuracy)}",
            *(f"{name} {percent(value)}" for name, value in test_and_headline(outcome.scores, trial.accuracy_kind)),
            f"loss {number(outcome.final_train_loss, 4)}",
            f"{outcome.seconds:.1f} s",
            *([f"{outcome.steps / outcome.seconds:,.0f} steps/s"] if outcome.seconds else []),
            *([] if outcome.status == "done" else [f"{outcome.status}:"]),
            *([outcome.reason] if outcome.reason else []),
            *([left] if left else []),
        ]
        self._console.message("  ".join(parts))

    def _advance(self, trial: Trial, share: float) -> str:
        self._shares[trial.identity] = share
        done = sum(self._costs[identity] * share for identity, share in self._shares.items())
        total = sum(self._costs.values())
        seconds = (time.monotonic() - self._start) * (total - done) / done
        left = f"about {_duration(seconds)} left" if done < total else ""
        self._progress.update(self._task, completed=done, left=left)
        return left


def _duration(seconds: float) -> str:
    """A duration in minutes and seconds, or hours and minutes."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes}:{rest:02d} min" if minutes else f"{rest} s"
