"""The outcome of a trial."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, SkipValidation

from digitsum_cli.core.checkpoint import Weights
from digitsum_cli.core.record import Ending, Evaluation, TrainingRecord
from digitsum_cli.core.training_state import IncompatibleStateError
from digitsum_cli.errors import RunRemovedError, ran_out_of_files
from digitsum_cli.trials.scores import Count, Scores, Share

Status = Literal["done", "diverged", "failed"]


@dataclass(frozen=True)
class Outcome:
    """The outcome of a trial.

    Arguments:
        status: ``done``; ``diverged`` if the loss became NaN or infinite; ``failed`` after an error.
        reason: why it diverged, failed or stopped early.
        best_eval_accuracy: eval accuracy of the best checkpoint, 0 to 1.
        best_step: global step of the best checkpoint, counted from 0.
        scores: scores of the best checkpoint; None if there is none.
        final_train_loss: mean batch loss of the last epoch.
        steps: number of updates.
        seconds: wall-clock time from the first step to the test accuracy, summed over sessions.
        step_losses: loss of every step.
        epoch_losses: mean batch loss of every epoch.
        evaluations: evaluations on the eval split, in order.
        gradient_norms: gradient norm of each parameter at every step, before clipping; empty if not recorded.
        weights: weights of the best checkpoint.
    """

    __pydantic_config__ = ConfigDict(extra="ignore", arbitrary_types_allowed=True)

    status: Status
    reason: str | None
    best_eval_accuracy: Share | None
    best_step: Count | None
    scores: Scores | None
    final_train_loss: float | None
    steps: Count
    seconds: Annotated[float, Field(ge=0)]
    step_losses: tuple[float, ...] = ()
    epoch_losses: tuple[float, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    gradient_norms: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    weights: Annotated[Weights | None, SkipValidation] = None

    @classmethod
    def of(cls, record: TrainingRecord, scores: Scores | None, seconds: float, weights: Weights | None) -> "Outcome":
        """The outcome of an uninterrupted training.

        Arguments:
            record: the record of the training.
            scores: scores of the best checkpoint; None if there is none.
            seconds: wall-clock time.
            weights: weights of the best checkpoint; None if there was no evaluation.
        """
        return cls(
            status="diverged" if record.ending.diverged else "done",
            reason=_reason(record),
            best_eval_accuracy=record.best.eval_accuracy if record.best else None,
            best_step=record.best.step if record.best else None,
            scores=scores,
            final_train_loss=record.epoch_losses[-1] if record.epoch_losses else None,
            steps=record.updates,
            seconds=seconds,
            step_losses=record.step_losses,
            epoch_losses=record.epoch_losses,
            evaluations=record.evaluations,
            gradient_norms=record.gradient_norms,
            weights=weights,
        )

    @classmethod
    def failed(cls, reason: str) -> "Outcome":
        """The outcome of a trial that failed; a file name in the reason may not be valid UTF-8."""
        reason = reason.encode("utf-8", "replace").decode()
        return cls("failed", reason, None, None, None, None, steps=0, seconds=0.0)


def _reason(record: TrainingRecord) -> str | None:
    """Why a training ended before its last step."""
    last_step = len(record.step_losses) - 1
    match record.ending:
        case Ending.LOSS_NOT_FINITE:
            return f"the loss became NaN or infinite at step {last_step}"
        case Ending.EVAL_LOSS_NOT_FINITE:
            return f"the eval loss became NaN or infinite after step {last_step}"
        case Ending.STOPPED_EARLY if record.best:
            since = len(record.evaluations) - 1 - record.evaluations.index(record.best)
            evaluations = "1 evaluation" if since == 1 else f"{since} evaluations"
            return f"stopped early at step {last_step}: eval accuracy did not improve for {evaluations}"
    return None


def attempt(run: Callable[[], list[Outcome]]) -> list[Outcome] | Outcome:
    """Returns the outcomes of ``run``; if it raises, a single failed one with the reason, which all of them have.

    Raises:
        IncompatibleStateError: the saved state belongs to another training, so this one was not started.
        RunRemovedError: the run directory was deleted or moved.
        Exception: this process has too many open files.
    """
    try:
        return run()
    except (IncompatibleStateError, RunRemovedError):
        raise
    except Exception as error:
        if ran_out_of_files(error):
            raise
        return Outcome.failed(f"{type(error).__name__}: {error}")
