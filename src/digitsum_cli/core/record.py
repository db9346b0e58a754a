"""What a training reports, during training and afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum


class Ending(IntEnum):
    """How a training ended; ``OPEN`` while it runs."""

    OPEN = 0
    COMPLETE = 1
    """All steps were completed."""
    STOPPED_EARLY = 2
    """The patience ran out: the eval accuracy had stopped rising."""
    LOSS_NOT_FINITE = 3
    """The loss of a step was infinite or NaN; the weights were not updated."""
    EVAL_LOSS_NOT_FINITE = 4
    """The eval loss after a step was infinite or NaN."""

    @property
    def diverged(self) -> bool:
        """Whether a loss was infinite or NaN."""
        return self in (Ending.LOSS_NOT_FINITE, Ending.EVAL_LOSS_NOT_FINITE)


@dataclass(frozen=True)
class Score:
    """A classifier's loss and accuracy on a data set.

    Arguments:
        loss: the mean of the batches' cross-entropies, in nats.
        accuracy: the share of correct answers, 0 to 1.
    """

    loss: float
    accuracy: float


@dataclass(frozen=True)
class Evaluation:
    """An evaluation on the eval set during training, after the update of a step.

    Arguments:
        step: the global step, counted from 0.
        epoch: counted from 0.
        train_loss: the mean loss of that step's batch, before its update.
        eval_loss: the mean of the batches' losses on the eval set.
        eval_accuracy: the share of correct answers on the eval set, 0 to 1.
    """

    step: int
    epoch: int
    train_loss: float
    eval_loss: float
    eval_accuracy: float


@dataclass(frozen=True)
class Progress:
    """The progress of a running training.

    Arguments:
        step, epoch: counted from 0.
        steps, epochs: the totals.
        train_loss: the loss of this step's batch.
        evaluation: the latest evaluation, if it has not been reported yet; otherwise None.
        best: the best evaluation so far.
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
    """The record of a training.

    Arguments:
        step_losses: the mean loss of every step's batch, before its update.
        epoch_losses: the mean of the batches' losses in every completed epoch.
        evaluations: every evaluation, in order.
        best: the evaluation of the best checkpoint; None if there was no evaluation.
        ending: how training ended.
        gradient_norms: the Euclidean norm of each parameter's gradient at every step, before clipping; empty if they
            were not recorded.
    """

    step_losses: tuple[float, ...]
    epoch_losses: tuple[float, ...]
    evaluations: tuple[Evaluation, ...]
    best: Evaluation | None
    ending: Ending
    gradient_norms: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def updates(self) -> int:
        """The number of weight updates."""
        return len(self.step_losses) - (self.ending is Ending.LOSS_NOT_FINITE)


def mean_loss(losses: Sequence[float]) -> float:
    """The mean of losses, summed in order by a plain loop; from Python 3.12, ``sum`` would compensate for rounding."""
    total = 0.0
    for loss in losses:
        total += loss
    return total / len(losses)
