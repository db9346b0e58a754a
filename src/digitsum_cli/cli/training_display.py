"""Progress of one training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from rich.progress import TextColumn, TimeRemainingColumn

from digitsum_cli.cli.console import Console
from digitsum_cli.core.record import Progress
from digitsum_cli.study.callback import StudyCallback
from digitsum_cli.table import number, percent
from digitsum_cli.trials.outcome import Outcome
from digitsum_cli.trials.plan import Plan
from digitsum_cli.trials.scores import test_and_headline
from digitsum_cli.trials.trial import Trial


class TrainingDisplay(StudyCallback):
    """Step, epoch, loss and accuracy: a live line on a terminal, otherwise about twenty lines.

    Arguments:
        console: where to print.
        destination: the run directory.
    """

    def __init__(self, console: Console, destination: Path) -> None:
        self._console, self._destination = console, destination
        self._progress = console.progress(TextColumn("{task.fields[state]}"), TimeRemainingColumn())

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def planned(self, plan: Plan, missing: Sequence[Trial]) -> None:
        """Prints what is trained."""
        trial = plan.trials[0]
        self._console.message(f"Writing to {self._destination}")
        self._task = self._progress.add_task(f"length {trial.length}", total=None, state="")
        self._console.message(
            f"{trial.model.cell} ({trial.model.impl}), length {trial.length}, seed {trial.seed}: "
            f"{trial.train.epochs} epochs"
        )

    def continuing(self, trials: int, step: int) -> None:
        """Prints where a longer training starts."""
        self._console.message(
            f"Continuing the finished training from step {step:,}"
            if step
            else "The state of the finished training was not kept: training from the start"
        )

    def progressed(self, trial: Trial, progress: Progress) -> None:
        """Updates the live line, or prints a new line if there is no terminal."""
        state = (
            f"step {progress.step:,}/{progress.steps:,}  epoch {progress.epoch}  loss {number(progress.train_loss, 4)}"
        )
        if progress.evaluation:
            evaluation = progress.evaluation
            state += f"  eval loss {number(evaluation.eval_loss, 4)}  eval accuracy {percent(evaluation.eval_accuracy)}"
        if progress.best:
            state += f"  best {percent(progress.best.eval_accuracy)}"
        self._progress.update(self._task, total=progress.steps, completed=progress.step + 1, state=state)
        if not self._console.live:
            self._console.message(state)

    def ended(self, trial: Trial, outcome: Outcome) -> None:
        """Prints the scores of the best checkpoint."""
        reason = f": {outcome.reason}" if outcome.reason else ""
        self._console.message(f"{outcome.status} after {outcome.steps:,} steps and {outcome.seconds:.1f} s{reason}")
        if outcome.scores is not None:
            accuracies = [("eval", outcome.best_eval_accuracy), *test_and_headline(outcome.scores, trial.accuracy_kind)]
            self._console.message(
                f"Best checkpoint at step {outcome.best_step:,}: "
                + ", ".join(f"{name} accuracy {percent(value)}" for name, value in accuracies)
            )
