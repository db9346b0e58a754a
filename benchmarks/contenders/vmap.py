"""``vmap``: an ensemble in PyTorch. ``torch.func`` turns the hand-written classifier into eight at once."""

import math

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call, grad_and_value, stack_module_state, vmap
from torch.nn.functional import cross_entropy

from benchmarks.contenders import BATCH_SIZE, ENSEMBLE, LEARNING_RATE, Losses, Task
from digitsum_cli.core import DigitSumDataset, build_classifier

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


class Vmap:
    """Eight trials whose parameters are views of one tensor of shape ``(trials, parameters)``."""

    trials = ENSEMBLE

    def __init__(self, task: Task) -> None:
        models = [build_classifier("srn", "manual", task.hidden, task.hidden, seed=seed) for seed in range(ENSEMBLE)]
        stacked, _ = stack_module_state(models)
        self.values = torch.cat([tensor.detach().flatten(1) for tensor in stacked.values()], dim=1)
        parts = self.values.split([tensor[0].numel() for tensor in stacked.values()], dim=1)  # type: ignore[no-untyped-call]
        self.parameters = {
            name: part.view(tensor.shape) for (name, tensor), part in zip(stacked.items(), parts, strict=True)
        }
        self.first_moments, self.second_moments = torch.zeros_like(self.values), torch.zeros_like(self.values)
        self.train_set = DigitSumDataset(task.rows)
        self.step_losses: list[Tensor] = []

        def loss_of(parameters: dict[str, Tensor], digits: Tensor, labels: Tensor) -> Tensor:
            return cross_entropy(functional_call(models[0], parameters, (digits,)), labels)

        self.gradients_and_losses = vmap(grad_and_value(loss_of), in_dims=(0, None, None))

    def run(self, epochs: int) -> None:
        """Trains for more epochs."""
        for _ in range(epochs):
            for digits, labels in self.train_set.batches(BATCH_SIZE):
                gradients, losses = self.gradients_and_losses(self.parameters, digits, labels)
                self.step_losses.append(losses)
                self._update(torch.cat([gradients[name].flatten(1) for name in self.parameters], dim=1))

    def _update(self, gradients: Tensor) -> None:
        """Adam, computed as in ``torch.optim.Adam``, on all parameters of all trials at once."""
        steps = len(self.step_losses)
        step_size = LEARNING_RATE / (1 - BETA_1**steps)
        self.first_moments.lerp_(gradients, 1 - BETA_1)
        self.second_moments.mul_(BETA_2).addcmul_(gradients, gradients, value=1 - BETA_2)
        root = self.second_moments.sqrt().div_(math.sqrt(1 - BETA_2**steps)).add_(EPSILON)
        self.values.addcdiv_(self.first_moments, root, value=-step_size)

    def losses(self) -> Losses:
        """Returns the loss of every step so far."""
        return np.stack([losses.detach().numpy() for losses in self.step_losses])
