"""The base class of hand-written cells with gates: one ``W``, ``U`` and ``b`` per gate."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from digitsum_cli.core.book_initialisation import draw_xavier
from digitsum_cli.core.cells.recurrent_layer import RecurrentLayer


class GatedLayer(RecurrentLayer):
    """A layer with parameters ``W_g`` of shape ``(input_size, hidden_size)``, ``U_g`` and ``b_g`` for each gate g.

    Arguments:
        input_size: the size of ``x_t``.
        hidden_size: the size of ``h_t``.
        state_size: the size of the state.
        gates: the subscripts g.
        generator: the random generator (default: torch's global one). All ``W`` are drawn in the order of the gates,
            then all ``U``, then all ``b``.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        state_size: int,
        gates: Sequence[str],
        generator: torch.Generator | None,
    ) -> None:
        super().__init__(input_size, hidden_size, state_size)
        shapes = {"W": (input_size, hidden_size), "U": (hidden_size, hidden_size), "b": (1, hidden_size)}
        for matrix, shape in shapes.items():
            for gate in gates:
                self.register_parameter(f"{matrix}_{gate}", nn.Parameter(draw_xavier(shape, generator)))

    def equation_tensors(self, read: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
        """The result of ``read`` for each parameter, by its name."""
        return {name: read(parameter) for name, parameter in self.named_parameters()}
