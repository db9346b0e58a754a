"""What a training tells, while it runs and afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


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
        diverged_at: the step whose loss, or whose evaluation's loss, was not finite, where training stopped; None if
            all went well.
        gradient_norms: the Euclidean norm of each parameter's gradient at every step, before it was clipped; empty if
            they were not recorded.
    """

    step_losses: tuple[float, ...]
    epoch_losses: tuple[float, ...]
    evaluations: tuple[Evaluation, ...]
    best: Evaluation | None
    diverged_at: int | None
    gradient_norms: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


def mean_loss(losses: Sequence[float]) -> float:
    """Added up one after the other, as a loop does; ``sum`` compensates for rounding from Python 3.12 on."""
    total = 0.0
    for loss in losses:
        total += loss
    return total / len(losses)
