"""The neuromodulated bistable recurrent cell: each unit may have two stable states, so that it can latch.

    a_t = 1 + tanh(x_t W_a + h_{t-1} U_a)        feedback: above 1, the unit is bistable
    c_t = sigmoid(x_t W_c + h_{t-1} U_c)         update gate
    h_t = c_t h_{t-1} + (1 - c_t) tanh(x_t W + a_t h_{t-1})

Source: Vecoven, Ernst and Drion 2021, *A bio-inspired bistable recurrent cell allows for long-lasting memory*.
"""

import torch
from torch import Tensor

from digitsum_cli import Cell


class NBRC(Cell):
    """The neuromodulated bistable recurrent cell."""

    def __init__(self, input_size: int, hidden_size: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__(input_size, hidden_size)
        self.W = self.weight(input_size, hidden_size, generator=generator)
        self.W_a = self.weight(input_size, hidden_size, generator=generator)
        self.W_c = self.weight(input_size, hidden_size, generator=generator)
        self.U_a = self.weight(hidden_size, hidden_size, generator=generator)
        self.U_c = self.weight(hidden_size, hidden_size, generator=generator)

    def gates(self, x: Tensor, state: Tensor) -> dict[str, Tensor]:
        """``c_t``."""
        return {"update gate": torch.sigmoid(x @ self.W_c + state @ self.U_c)}

    def step(self, x: Tensor, state: Tensor) -> Tensor:
        """``h_t`` from ``x_t`` and ``h_{t-1}``."""
        h = state
        a = 1 + torch.tanh(x @ self.W_a + h @ self.U_a)
        c = torch.sigmoid(x @ self.W_c + h @ self.U_c)
        return c * h + (1 - c) * torch.tanh(x @ self.W + a * h)
