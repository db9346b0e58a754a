"""What a training tells, while it runs and afterwards."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Evaluation:
    """One look at a data set.

    Arguments:
        step: the global step, counted from 0, after whose update it was made.
        loss: the mean of the batches' losses.
        accuracy: the share of right answers, 0 to 1.
    """

    step: int
    loss: float
    accuracy: float


@dataclass(frozen=True)
class Progress:
    """Where a training stands, for whoever watches it."""

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
        step_losses: the loss of every step's batch, before its update.
        epoch_losses: the mean of the batches' losses, for every epoch that was finished.
        evaluations: every evaluation, in order.
        best: the evaluation whose weights were kept; None if there was none.
        diverged_at: the step whose loss was not finite, where training stopped; None if all went well.
    """

    step_losses: tuple[float, ...]
    epoch_losses: tuple[float, ...]
    evaluations: tuple[Evaluation, ...]
    best: Evaluation | None
    diverged_at: int | None
