"""The long short-term memory: hand-written, and on ``torch.nn.LSTM``.

    i_t = sigmoid(x_t W_i + h_{t-1} U_i + b_i)        input gate
    f_t = sigmoid(x_t W_f + h_{t-1} U_f + b_f)        forget gate
    o_t = sigmoid(x_t W_o + h_{t-1} U_o + b_o)        output gate
    g_t = tanh(x_t W_c + h_{t-1} U_c + b_c)           candidate
    c_t = f_t c_{t-1} + i_t g_t                       cell
    h_t = o_t tanh(c_t),    h_0 = c_0 = 0

Source: Hochreiter and Schmidhuber 1997; Gers, Schmidhuber and Cummins 2000; the practice book, chapter 6.3.
"""

import torch
from torch import Tensor, nn

from digitsum_cli.core.book_initialisation import default_recurrent
from digitsum_cli.core.cells.gated_layer import GatedLayer
from digitsum_cli.core.cells.torch_layer import TorchLayer
from digitsum_cli.core.registry import CELLS


class LSTM(GatedLayer):
    """The hand-written LSTM. Its state is ``h_t`` followed by ``c_t``.

    Arguments:
        input_size: the size of ``x_t``.
        hidden_size: the size of ``h_t`` and ``c_t``.
        generator: the random generator (default: torch's global one). ``W_i``, ``W_f``, ``W_o`` and ``W_c`` are drawn
            first, then ``U`` and ``b`` in the same order.
    """

    W_i: Tensor
    W_f: Tensor
    W_o: Tensor
    W_c: Tensor
    U_i: Tensor
    U_f: Tensor
    U_o: Tensor
    U_c: Tensor
    b_i: Tensor
    b_f: Tensor
    b_o: Tensor
    b_c: Tensor

    def __init__(self, input_size: int, hidden_size: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__(input_size, hidden_size, 2 * hidden_size, CELLS["lstm"].gates, generator)

    def gates(self, x: Tensor, state: Tensor) -> dict[str, Tensor]:
        """``i_t``, ``f_t`` and ``o_t``; see ``RecurrentLayer.gates``."""
        h = self.hidden(state)
        i = torch.sigmoid(x @ self.W_i + h @ self.U_i + self.b_i)
        f = torch.sigmoid(x @ self.W_f + h @ self.U_f + self.b_f)
        o = torch.sigmoid(x @ self.W_o + h @ self.U_o + self.b_o)
        return {"input gate": i, "forget gate": f, "output gate": o}

    def step(self, x: Tensor, state: Tensor) -> Tensor:
        """``h_t`` and ``c_t`` from ``x_t``, ``h_{t-1}`` and ``c_{t-1}``; see ``RecurrentLayer.step``."""
        h, c = self.hidden(state), self.cell(state)
        i, f, o = self.gates(x, state).values()
        g = torch.tanh(x @ self.W_c + h @ self.U_c + self.b_c)
        c = f * c + i * g
        return torch.cat([o * torch.tanh(c), c], dim=1)


class TorchLSTM(TorchLayer):
    """The same layer on ``torch.nn.LSTM``; see ``torch_layer`` for how PyTorch's layer differs.

    Arguments:
        input_size: the size of ``x_t``.
        hidden_size: the size of ``h_t`` and ``c_t``.
        generator: the random generator (default: torch's global one).
    """

    def __init__(self, input_size: int, hidden_size: int, *, generator: torch.Generator | None = None) -> None:
        rnn = default_recurrent(nn.LSTM, input_size, hidden_size, generator)
        super().__init__(rnn, 2 * hidden_size, "ifco", {"input gate": "i", "forget gate": "f", "output gate": "o"})

    def step(self, x: Tensor, state: Tensor) -> Tensor:
        """Processes one vector; see ``RecurrentLayer.step``."""
        h, c = (part.unsqueeze(0).contiguous() for part in state.chunk(2, dim=1))
        _, (h, c) = self.rnn(x.expand(len(state), -1).unsqueeze(1), (h, c))
        return torch.cat([h[0], c[0]], dim=1)

    def forward(self, X: Tensor) -> Tensor:
        """Maps inputs ``(batch, length, input_size)`` to the last ``h_t``, of shape ``(batch, hidden_size)``."""
        final_h: Tensor = self.rnn(X)[1][0]  # (1, batch, hidden_size)
        return final_h[0]
