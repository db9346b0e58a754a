"""The gated recurrent unit: hand-written, and on ``torch.nn.GRU``.

    r_t = sigmoid(x_t W_r + h_{t-1} U_r + b_r)        reset gate
    z_t = sigmoid(x_t W_z + h_{t-1} U_z + b_z)        update gate
    n_t = tanh(x_t W_n + r_t (h_{t-1} U_n) + b_n)     candidate
    h_t = (1 - z_t) n_t + z_t h_{t-1},    h_0 = 0

As in PyTorch, the reset gate acts on the product ``h_{t-1} U_n``. In Cho et al. 2014 it acts on ``h_{t-1}`` before the
product; the two are different cells that perform about equally well.

Source: Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder", equations 5 to 8, in the variant
of its version 1 that libraries have adopted.
"""

import torch
from torch import Tensor, nn

from digitsum_cli.core.book_initialisation import default_recurrent
from digitsum_cli.core.cells.gated_layer import GatedLayer
from digitsum_cli.core.cells.torch_layer import TorchLayer
from digitsum_cli.core.registry import CELLS


class GRU(GatedLayer):
    """The hand-written GRU.

    Arguments:
        input_size: the size of ``x_t``.
        hidden_size: the size of ``h_t``.
        generator: the random generator (default: torch's global one). ``W_r``, ``W_z`` and ``W_n`` are drawn first,
            then ``U`` and ``b`` in the same order.
    """

    W_r: Tensor
    W_z: Tensor
    W_n: Tensor
    U_r: Tensor
    U_z: Tensor
    U_n: Tensor
    b_r: Tensor
    b_z: Tensor
    b_n: Tensor

    def __init__(self, input_size: int, hidden_size: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__(input_size, hidden_size, hidden_size, CELLS["gru"].gates, generator)

    def gates(self, x: Tensor, state: Tensor) -> dict[str, Tensor]:
        """``r_t`` and ``z_t``; see ``RecurrentLayer.gates``."""
        h = state
        r = torch.sigmoid(x @ self.W_r + h @ self.U_r + self.b_r)
        z = torch.sigmoid(x @ self.W_z + h @ self.U_z + self.b_z)
        return {"reset gate": r, "update gate": z}

    def step(self, x: Tensor, state: Tensor) -> Tensor:
        """``h_t`` from ``x_t`` and ``h_{t-1}``; see ``RecurrentLayer.step``."""
        h = state
        r, z = self.gates(x, state).values()
        n = torch.tanh(x @ self.W_n + r * (h @ self.U_n) + self.b_n)
        return (1 - z) * n + z * h


class TorchGRU(TorchLayer):
    """The same layer on ``torch.nn.GRU``; see ``torch_layer`` for how PyTorch's layer differs.

    Arguments:
        input_size: the size of ``x_t``.
        hidden_size: the size of ``h_t``.
        generator: the random generator (default: torch's global one).
    """

    def __init__(self, input_size: int, hidden_size: int, *, generator: torch.Generator | None = None) -> None:
        rnn = default_recurrent(nn.GRU, input_size, hidden_size, generator)
        super().__init__(rnn, hidden_size, "rzn", {"reset gate": "r", "update gate": "z"})

    def step(self, x: Tensor, state: Tensor) -> Tensor:
        """Processes one vector; see ``RecurrentLayer.step``."""
        _, final_state = self.rnn(x.expand(len(state), -1).unsqueeze(1), state.unsqueeze(0).contiguous())
        state_after: Tensor = final_state[0]
        return state_after

    def forward(self, X: Tensor) -> Tensor:
        """Maps inputs ``(batch, length, input_size)`` to the last ``h_t``, of shape ``(batch, hidden_size)``."""
        final_state: Tensor = self.rnn(X)[1]  # (1, batch, hidden_size)
        return final_state[0]
