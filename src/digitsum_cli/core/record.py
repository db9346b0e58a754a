"""What a training tells, while it runs and afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum


class Ending(IntEnum):
    """How a training ended; while it runs, ``OPEN``."""

    OPEN = 0
    COMPLETE = 1
    """All steps were made."""
    STOPPED_EARLY = 2
    """The eval accuracy had not risen for long enough."""
    LOSS_NOT_FINITE = 3
    """The loss of a step, which was not made."""
    EVAL_LOSS_NOT_FINITE = 4
    """The loss of the evaluation after a step."""

    @property
    def diverged(self) -> bool:
        """Whether a loss was not finite."""
        return self in (Ending.LOSS_NOT_FINITE, Ending.EVAL_LOSS_NOT_FINITE)


@dataclass(frozen=True)
class Score:
    """How a classifier does on a data set.

    Arguments:
        loss: the mean of the batches' cross-entropies, in nats.
        accuracy: the share of right answers, 0 to 1.
    """

    loss: float
    accuracy: float


@dataclass(frozen=True)
class Evaluation:
    """A look at the eval split during training, after the update of a step.

    Arguments:
        step: the global step, counted from 0.
        epoch: counted from 0.
        train_loss: the mean loss of that step's batch, before its update.
        eval_loss: the mean of the batches' losses on the eval split.
        eval_accuracy: the share of right answers on the eval split, 0 to 1.
    """

    step: int
    epoch: int
    train_loss: float
    eval_loss: float
    eval_accuracy: float


@dataclass(frozen=True)
class Progress:
    """Where a training stands, for whoever watches it.

    Arguments:
        step, epoch: counted from 0.
        steps, epochs: how many there will be.
        train_loss: of this step's batch.
        evaluation: the latest, if it was not told before.
        best: the evaluation whose weights are kept so far.
    """

    step: int
    steps: int
    epoch: int
    epochs: int
    train_loss: float
    evaluation: Evaluation | None
    best: Evaluation | None


@dataclass(frozen=True)
class TrainingRecord:
    """What a training gave.

    Arguments:
        step_losses: the mean loss of every step's batch, before its update.
        epoch_losses: the mean of the batches' losses, for every epoch that was finished.
        evaluations: every evaluation, in order.
        best: the evaluation whose weights were kept; None if there was none.
        ending: how training ended.
        gradient_norms: the Euclidean norm of each parameter's gradient at every step, before it was clipped; empty if
            they were not recorded.
    """

    step_losses: tuple[float, ...]
    epoch_losses: tuple[float, ...]
    evaluations: tuple[Evaluation, ...]
    best: Evaluation | None
    ending: Ending
    gradient_norms: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def updates(self) -> int:
        """How often the weights were updated."""
        return len(self.step_losses) - (self.ending is Ending.LOSS_NOT_FINITE)


def mean_loss(losses: Sequence[float]) -> float:
    """Added up one after the other, as a loop does; ``sum`` compensates for rounding from Python 3.12 on."""
    total = 0.0
    for loss in losses:
        total += loss
    return total / len(losses)
