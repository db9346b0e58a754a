"""Recurrent layers that wrap PyTorch's own, batch first.

PyTorch stacks the matrices of all gates, transposed, into ``weight_ih_l0`` and ``weight_hh_l0``, and has two bias
vectors per gate where the equations have one. Both biases are trained, so under Adam their sum moves twice as fast as
``b`` (in the GRU's candidate, the second is scaled by the reset gate, so the two do not simply add up).
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from digitsum_cli.core.cells.recurrent_layer import RecurrentLayer


class TorchLayer(RecurrentLayer):
    """A layer that wraps one of PyTorch's and has its state.

    Arguments:
        rnn: PyTorch's layer, single-layer and batch first.
        state_size: the size of the state.
        stacked: the equations' subscripts, in the order in which PyTorch stacks them; empty for a cell without gates.
        sigmoid_gates: the subscripts of the sigmoid gates, by name.
    """

    def __init__(
        self,
        rnn: nn.RNNBase,
        state_size: int,
        stacked: Sequence[str] = (),
        sigmoid_gates: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(rnn.input_size, rnn.hidden_size, state_size)
        self.rnn = rnn
        self._sigmoid_gates = dict(sigmoid_gates or {})
        self._suffixes = [f"_{gate}" for gate in stacked] or [""]

    def equation_tensors(self, read: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
        """The result of ``read`` for each parameter, in the equations' shapes (views, not copies).

        ``b`` is PyTorch's first bias; the second does not appear in the equations.
        """
        by_gate: dict[str, Tensor] = {}
        for name, parameter in (("W", "weight_ih_l0"), ("U", "weight_hh_l0")):
            stacked = read(self.rnn.get_parameter(parameter)).T
            for suffix, part in zip(self._suffixes, stacked.chunk(len(self._suffixes), dim=1), strict=True):
                by_gate[name + suffix] = part
        bias = read(self.rnn.get_parameter("bias_ih_l0")).unsqueeze(0)
        for suffix, part in zip(self._suffixes, bias.chunk(len(self._suffixes), dim=1), strict=True):
            by_gate["b" + suffix] = part
        return by_gate

    def gates(self, x: Tensor, state: Tensor) -> dict[str, Tensor]:
        """See ``RecurrentLayer.gates``; PyTorch does not expose the gates, so they are computed from its parameters."""
        p = self.equation_tensors(lambda parameter: parameter)
        h = self.hidden(state)
        return {
            name: torch.sigmoid(x @ p[f"W_{g}"] + h @ p[f"U_{g}"] + p[f"b_{g}"] + self.second_bias_of(g))
            for name, g in self._sigmoid_gates.items()
        }

    @property
    def second_bias(self) -> Tensor:
        """The bias that does not appear in the equations, concatenated over the gates."""
        return self.rnn.get_parameter("bias_hh_l0")

    def second_bias_of(self, gate: str) -> Tensor:
        """The second bias of one gate, of shape ``(hidden_size,)``; an empty name if the cell has no gates."""
        return self.second_bias.chunk(len(self._suffixes))[self._suffixes.index(f"_{gate}" if gate else "")]

    def fix_second_bias_at_zero(self) -> None:
        """Restricts the layer to the equations' parameters: the second bias is 0 and is not trained."""
        nn.init.zeros_(self.second_bias).requires_grad_(False)

    def states(self, X: Tensor) -> Tensor:
        """Maps inputs ``(batch, length, input_size)`` to every ``h_t``, of shape ``(batch, length, hidden_size)``."""
        states: Tensor = self.rnn(X)[0]
        return states
