"""The minimal GRU: its gate and its candidate depend on the input alone.

    z_t = sigmoid(x_t W_z + b_z)                 update gate
    h_t = (1 - z_t) h_{t-1} + z_t (x_t W_h + b_h)

Source: Feng, Tung, Ahmed, Bengio and Hajimirsadeghi 2024, *Were RNNs all we needed?*, section 3.1.
"""

import torch
from torch import Tensor, nn

from digitsum_cli import Cell


class MinGRU(Cell):
    """The minimal GRU."""

    def __init__(self, input_size: int, hidden_size: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__(input_size, hidden_size)
        self.W_z = self.weight(input_size, hidden_size, generator=generator)
        self.W_h = self.weight(input_size, hidden_size, generator=generator)
        self.b_z = nn.Parameter(torch.zeros(hidden_size))
        self.b_h = nn.Parameter(torch.zeros(hidden_size))

    def gates(self, x: Tensor, state: Tensor) -> dict[str, Tensor]:
        """``z_t``."""
        return {"update gate": torch.sigmoid(x @ self.W_z + self.b_z).expand(len(state), -1)}

    def step(self, x: Tensor, state: Tensor) -> Tensor:
        """``h_t`` from ``x_t`` and ``h_{t-1}``."""
        z = torch.sigmoid(x @ self.W_z + self.b_z)
        return (1 - z) * state + z * (x @ self.W_h + self.b_h)
