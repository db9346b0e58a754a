"""What a training notes down while it runs."""

from collections.abc import Mapping

import torch
from torch import nn

from digitsum_cli.core.checkpoint import Weights
from digitsum_cli.core.growing_array import GrowingArray
from digitsum_cli.core.record import Ending, Evaluation, TrainingRecord, mean_loss
from digitsum_cli.core.training_state import Array, TrainingState


class History:
    """Losses, gradient norms and evaluations so far; in the end they are a ``TrainingRecord``."""

    def __init__(self) -> None:
        self.step_losses = GrowingArray()
        self.epoch_losses: list[float] = []
        self.evaluations: list[Evaluation] = []
        self.best: Evaluation | None = None
        self.ending = Ending.OPEN
        self._gradient_norms: dict[str, GrowingArray] = {}

    def record_epoch(self, steps: int) -> None:
        """Adds the mean loss of an epoch, that of the last so many steps."""
        self.epoch_losses.append(mean_loss(self.step_losses.array()[-steps:].tolist()))

    def record_gradient_norms(self, model: nn.Module) -> None:
        """Adds the norm of each parameter's gradient; in float64, where the squares of small numbers do not vanish."""
        gradients = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
        norms = torch.stack(
            [torch.linalg.vector_norm(gradient.cpu().double()) for gradient in gradients.values()]
        ).tolist()
        for name, norm in zip(gradients, norms, strict=True):
            self._gradient_norms.setdefault(name, GrowingArray()).append(norm)

    def record_evaluation(self, evaluation: Evaluation) -> bool:
        """Adds an evaluation; returns whether it is the best so far."""
        self.evaluations.append(evaluation)
        best = self.best is None or evaluation.eval_accuracy > self.best.eval_accuracy
        if best:
            self.best = evaluation
        return best

    @property
    def evaluations_since_best(self) -> int:
        """How many came after the best one."""
        return 0 if self.best is None else len(self.evaluations) - 1 - self.evaluations.index(self.best)

    @classmethod
    def of_state(cls, state: TrainingState, steps_per_epoch: int) -> "History":
        """What had been noted down when a training was left."""
        history = cls()
        history.step_losses = GrowingArray(state.step_losses)
        history.epoch_losses = [
            mean_loss(state.step_losses[start : start + steps_per_epoch].tolist())
            for start in range(0, state.step - steps_per_epoch + 1, steps_per_epoch)
        ]
        for evaluation in state.evaluations:
            history.record_evaluation(evaluation)
        history._gradient_norms = {name: GrowingArray(norms) for name, norms in state.gradient_norms.items()}
        return history

    def state(self, weights: Weights, kept: Weights, optimizer: Mapping[str, Array]) -> TrainingState:
        """Where the training stands, with what the model and the optimizer hold."""
        return TrainingState(
            self.step_losses.array(),
            tuple(self.evaluations),
            {name: norms.array() for name, norms in self._gradient_norms.items()},
            weights,
            kept,
            optimizer,
        )

    def record(self) -> TrainingRecord:
        """All of it, as it stands."""
        return TrainingRecord(
            tuple(self.step_losses.array().tolist()),
            tuple(self.epoch_losses),
            tuple(self.evaluations),
            self.best,
            self.ending,
            {name: tuple(norms.array().tolist()) for name, norms in self._gradient_norms.items()},
        )
