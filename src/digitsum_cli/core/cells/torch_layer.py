"""Recurrent layers on the library's own, batch first, beside those written by hand.

The library stacks the matrices of all gates, transposed, into ``weight_ih_l0`` and ``weight_hh_l0``, and has two bias
vectors a gate where the equations have one. Both biases are trained, so under Adam their sum moves twice as fast as
``b`` (in the GRU's candidate, the second is scaled by the reset gate and does not act as part of a sum).
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from digitsum_cli.core.cells.recurrent_layer import RecurrentLayer


class TorchLayer(RecurrentLayer):
    """A layer whose state is what the library's layer carries.

    Arguments:
        rnn: of one layer, batch first.
        state_size: the size of the state.
        stacked: the equations' subscripts, in the order in which the library stacks them; empty for a cell without.
        sigmoid_gates: the subscripts of the gates that open from 0 to 1, by name.
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
        """What ``read`` gives for each parameter, turned into the equations' shapes (views, not copies).

        ``b`` is the library's first bias; the second has no place in the equations.
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
        """See ``RecurrentLayer.gates``; the library does not show them, so they are computed from its parameters."""
        p = self.equation_tensors(lambda parameter: parameter)
        h = self.hidden(state)
        return {
            name: torch.sigmoid(x @ p[f"W_{g}"] + h @ p[f"U_{g}"] + p[f"b_{g}"] + self.second_bias_of(g))
            for name, g in self._sigmoid_gates.items()
        }

    @property
    def second_bias(self) -> Tensor:
        """The bias that has no place in the equations, of all gates one after the other."""
        return self.rnn.get_parameter("bias_hh_l0")

    def second_bias_of(self, gate: str) -> Tensor:
        """The part of one gate, of shape ``(hidden_size,)``."""
        return self.second_bias.chunk(len(self._suffixes))[self._suffixes.index(f"_{gate}")]

    def fix_second_bias_at_zero(self) -> None:
        """Leaves the layer with the equations' parameters alone: the second bias is 0 and is not trained."""
        nn.init.zeros_(self.second_bias).requires_grad_(False)

    def states(self, X: Tensor) -> Tensor:
        """Every ``h_t``: inputs of shape ``(batch, length, input_size)`` to ``(batch, length, hidden_size)``."""
        states: Tensor = self.rnn(X)[0]
        return states
