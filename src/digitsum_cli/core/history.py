"""What is recorded during training."""

from collections.abc import Mapping

import torch

from digitsum_cli.core.checkpoint import Weights
from digitsum_cli.core.growing_array import GrowingArray
from digitsum_cli.core.record import Ending, Evaluation, TrainingRecord, mean_loss
from digitsum_cli.core.training_state import Array, TrainingState


class History:
    """The losses, gradient norms and evaluations so far; ``record`` returns them as a ``TrainingRecord``."""

    def __init__(self) -> None:
        self.step_losses = GrowingArray()
        self.epoch_losses: list[float] = []
        self.evaluations: list[Evaluation] = []
        self.best: Evaluation | None = None
        self.ending = Ending.OPEN
        self._gradient_norms: dict[str, GrowingArray] = {}

    def record_epoch(self, steps: int) -> None:
        """Adds the mean loss of an epoch: the mean over the last ``steps`` steps."""
        self.epoch_losses.append(mean_loss(self.step_losses.array()[-steps:].tolist()))

    def record_gradient_norms(self, gradients: Mapping[str, torch.Tensor]) -> None:
        """Adds the norm of each parameter's gradient, in float64 so that squares of small numbers do not underflow."""
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
        """The number of evaluations after the best one."""
        return 0 if self.best is None else len(self.evaluations) - 1 - self.evaluations.index(self.best)

    @classmethod
    def from_state(cls, state: TrainingState, steps_per_epoch: int) -> "History":
        """The history of an interrupted training."""
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

    def state(self, weights: Weights, best_weights: Weights, optimizer: Mapping[str, Array]) -> TrainingState:
        """The current state of the training, including the model's and the optimizer's arrays."""
        return TrainingState(
            self.step_losses.array(),
            tuple(self.evaluations),
            {name: norms.array() for name, norms in self._gradient_norms.items()},
            weights,
            best_weights,
            optimizer,
        )

    def record(self) -> TrainingRecord:
        """The complete record so far."""
        return TrainingRecord(
            tuple(self.step_losses.array().tolist()),
            tuple(self.epoch_losses),
            tuple(self.evaluations),
            self.best,
            self.ending,
            {name: tuple(norms.array().tolist()) for name, norms in self._gradient_norms.items()},
        )
