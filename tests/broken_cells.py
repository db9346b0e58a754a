"""Cells that break their contract, each in one way."""

import os

import torch
from torch import Tensor, nn

from digitsum_cli import Cell


class Sound(Cell):
    """Breaks nothing."""

    def __init__(self, input_size: int, hidden_size: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__(input_size, hidden_size)
        self.W = self.weight(input_size, hidden_size, generator=generator)
        self.U = self.weight(hidden_size, hidden_size, generator=generator)

    def step(self, x: Tensor, state: Tensor) -> Tensor:
        return torch.tanh(x @ self.W + state @ self.U)


class WrongShape(Sound):
    def step(self, x: Tensor, state: Tensor) -> Tensor:
        return super().step(x, state)[:, :-1]


class LooksAhead(Sound):
    def states(self, X: Tensor) -> Tensor:
        return super().states(X.flip(1))


class LeaksBetweenRows(Sound):
    def step(self, x: Tensor, state: Tensor) -> Tensor:
        h = super().step(x, state)
        return h - 0.1 * h.mean(dim=0)


class KeepsGlobalState(Sound):
    calls = 0

    def step(self, x: Tensor, state: Tensor) -> Tensor:
        KeepsGlobalState.calls += 1
        return super().step(x, state) / KeepsGlobalState.calls


class GivesNaN(Sound):
    def step(self, x: Tensor, state: Tensor) -> Tensor:
        return super().step(x, state) * float("nan")


class RaisesInTheThirdEpoch(Sound):
    def __init__(self, input_size: int, hidden_size: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__(input_size, hidden_size, generator=generator)
        self.forward_passes = 0

    def forward(self, X: Tensor) -> Tensor:
        self.forward_passes += torch.is_grad_enabled()
        if self.forward_passes > 100:
            raise RuntimeError("worn out")
        return super().forward(X)


class Prints(Sound):
    def step(self, x: Tensor, state: Tensor) -> Tensor:
        print("step")  # noqa: T201
        return super().step(x, state)


class Forks(Sound):
    def step(self, x: Tensor, state: Tensor) -> Tensor:
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        return super().step(x, state)


class WrongDtype(Sound):
    def step(self, x: Tensor, state: Tensor) -> Tensor:
        return super().step(x, state).float()


class UnseededWeights(Sound):
    def __init__(self, input_size: int, hidden_size: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__(input_size, hidden_size)
        self.b = nn.Parameter(torch.randn(hidden_size))


class UnseededStep(Sound):
    def step(self, x: Tensor, state: Tensor) -> Tensor:
        return super().step(x, state) * (torch.rand_like(state) < 0.9)


class EditsItsInput(Sound):
    def step(self, x: Tensor, state: Tensor) -> Tensor:
        result = super().step(x, state)
        with torch.no_grad():
            state.mul_(0.5)
        return result


class WithoutStep(Cell):
    def __init__(self, input_size: int, hidden_size: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__(input_size, hidden_size)
        self.W = self.weight(input_size, hidden_size, generator=generator)


class WithoutGenerator(Cell):
    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.W = self.weight(input_size, hidden_size)

    def step(self, x: Tensor, state: Tensor) -> Tensor:
        return torch.tanh(x @ self.W + state)


class UnusedParameter(Sound):
    def __init__(self, input_size: int, hidden_size: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__(input_size, hidden_size, generator=generator)
        self.forgotten = self.weight(hidden_size, hidden_size, generator=generator)


class UnknownCandidate(Sound):
    candidate = "V"


class BranchesOnValues(Sound):
    """Sound, but its step looks at the values of a tensor, which an ensemble cannot."""

    def step(self, x: Tensor, state: Tensor) -> Tensor:
        return super().step(x, state) if float(x.detach().abs().max()) < 1e9 else state
