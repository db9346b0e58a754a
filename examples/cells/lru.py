"""The linear recurrent unit: a diagonal linear recurrence of complex numbers.

    lambda = exp(-exp(nu) + i exp(theta))        one for each unit, inside the unit circle
    s_t    = lambda s_{t-1} + exp(gamma) x_t B
    h_t    = Re(s_t C) + x_t D

B and C are complex. The state is h, then the real and the imaginary parts of s. At the start, the magnitudes of lambda
lie between two options, model.options.smallest and model.options.largest.

Source: Orvieto, Smith, Gu, Fernando, Gulcehre, Pascanu and De 2023, *Resurrecting recurrent neural networks for long
sequences*, section 3 (without the layers around the recurrence).
"""

import math

import torch
from torch import Tensor, nn

from digitsum_cli import Cell


class LRU(Cell):
    """The linear recurrent unit."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        generator: torch.Generator | None = None,
        smallest: float = 0.9,
        largest: float = 0.999,
    ) -> None:
        super().__init__(input_size, hidden_size, state_size=3 * hidden_size)
        uniform = torch.empty(2, hidden_size).uniform_(generator=generator)
        magnitude = torch.sqrt(uniform[0] * (largest**2 - smallest**2) + smallest**2)
        self.nu = nn.Parameter(torch.log(-torch.log(magnitude)))
        self.theta = nn.Parameter(torch.log(math.pi / 10 * uniform[1]))
        self.gamma = nn.Parameter(torch.log(torch.sqrt(1 - magnitude**2)))
        self.B_real = self.weight(input_size, hidden_size, generator=generator)
        self.B_imaginary = self.weight(input_size, hidden_size, generator=generator)
        self.C_real = self.weight(hidden_size, hidden_size, generator=generator)
        self.C_imaginary = self.weight(hidden_size, hidden_size, generator=generator)
        self.D = self.weight(input_size, hidden_size, generator=generator)

    def step(self, x: Tensor, state: Tensor) -> Tensor:
        """``h_t`` and ``s_t`` from ``x_t`` and ``s_{t-1}``."""
        _, real, imaginary = state.chunk(3, dim=1)
        magnitude, angle = torch.exp(-torch.exp(self.nu)), torch.exp(self.theta)
        lambda_real, lambda_imaginary = magnitude * torch.cos(angle), magnitude * torch.sin(angle)
        input_real, input_imaginary = (torch.exp(self.gamma) * (x @ B) for B in (self.B_real, self.B_imaginary))
        next_real = lambda_real * real - lambda_imaginary * imaginary + input_real
        next_imaginary = lambda_real * imaginary + lambda_imaginary * real + input_imaginary
        h = next_real @ self.C_real - next_imaginary @ self.C_imaginary + x @ self.D
        return torch.cat([h, next_real, next_imaginary], dim=1)
