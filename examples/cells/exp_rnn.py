"""The RNN whose recurrent matrix is always orthogonal: the exponential of a skew-symmetric matrix.

    U   = exp(A - A^T)
    h_t = modrelu(x_t W + h_{t-1} U),            modrelu(z) = sign(z) relu(|z| + b)

An orthogonal matrix keeps the norm of a state and of a gradient. At the start, U rotates each pair of units by a random
angle.

Source: Lezcano-Casado and Martinez-Rubio 2019, *Cheap orthogonal constraints in neural networks*; the initialisation:
Henaff, Szlam and LeCun 2016; modrelu: Arjovsky, Shah and Bengio 2016.
"""

import math

import torch
from torch import Tensor, nn

from digitsum_cli import Cell


class ExpRNN(Cell):
    """The RNN with an orthogonal recurrent matrix."""

    def __init__(self, input_size: int, hidden_size: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__(input_size, hidden_size)
        self.W = self.weight(input_size, hidden_size, generator=generator)
        first = 2 * torch.arange(hidden_size // 2)
        A = torch.zeros(hidden_size, hidden_size)
        A[first, first + 1] = torch.empty(len(first)).uniform_(-math.pi, math.pi, generator=generator)
        self.A = nn.Parameter(A)
        self.b = nn.Parameter(torch.zeros(hidden_size))

    def step(self, x: Tensor, state: Tensor) -> Tensor:
        """``h_t`` from ``x_t`` and ``h_{t-1}``."""
        U = torch.linalg.matrix_exp(self.A - self.A.T)
        z = x @ self.W + state @ U
        return torch.sign(z) * torch.relu(torch.abs(z) + self.b)
