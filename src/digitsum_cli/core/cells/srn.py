"""The simple recurrent network (Elman 1990): hand-written, and on ``torch.nn.RNN``.

    h_t = tanh(x_t W + h_{t-1} U + b),    h_0 = 0

With relu instead of tanh, it is the network of Le, Jaitly and Hinton 2015.

Source: the practice book, chapter 6.1.2.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from digitsum_cli.core.book_initialisation import default_recurrent, draw_xavier
from digitsum_cli.core.cells.recurrent_layer import RecurrentLayer
from digitsum_cli.core.cells.torch_layer import TorchLayer
from digitsum_cli.core.registry import ACTIVATIONS, load
from digitsum_cli.errors import InputError


class SRN(RecurrentLayer):
    """The hand-written SRN.

    Arguments:
        input_size: the size of ``x_t``.
        hidden_size: the size of ``h_t``.
        W: initial values of shape ``(input_size, hidden_size)``.
        U: initial values of shape ``(hidden_size, hidden_size)``.
        b: initial values of shape ``(1, hidden_size)``.
        generator: the random generator (default: torch's global one). Values that are not given are drawn in the order
            ``W``, ``U``, ``b``.
        activation: a name in ``digitsum_cli.core.registry``, such as ``"tanh"`` or ``"relu"``.

    Raises:
        InputError: given values have the wrong shape.

    Example:
        >>> W = torch.tensor([[0.1, 0.2], [0.1, 0.2]])
        >>> U = torch.tensor([[0.0, 0.1], [0.1, 0.0]])
        >>> b = torch.tensor([[0.1, 0.1]])
        >>> SRN(2, 2, W, U, b)(torch.tensor([[[1.0, 0.0], [0.0, 2.0]]])).detach()
        tensor([[0.3177, 0.4775]])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        W: Tensor | None = None,
        U: Tensor | None = None,
        b: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
        activation: str = "tanh",
    ) -> None:
        super().__init__(input_size, hidden_size, hidden_size)
        self.activation: Callable[[Tensor], Tensor] = load(ACTIVATIONS[activation].function)
        self.W = _given_or_drawn("W", W, (input_size, hidden_size), generator)
        self.U = _given_or_drawn("U", U, (hidden_size, hidden_size), generator)
        self.b = _given_or_drawn("b", b, (1, hidden_size), generator)

    def equation_tensors(self, read: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
        """The result of ``read`` (such as values or gradients) for the equation's ``W``, ``U`` and ``b``."""
        return {"W": read(self.W), "U": read(self.U), "b": read(self.b)}

    def step(self, x: Tensor, state: Tensor) -> Tensor:
        """``h_t`` from ``x_t`` and ``h_{t-1}``; see ``RecurrentLayer.step``."""
        h = state
        return self.activation(x @ self.W + h @ self.U + self.b)


class TorchSRN(TorchLayer):
    """The same layer on ``torch.nn.RNN``; see ``torch_layer`` for how PyTorch's layer differs.

    Arguments:
        input_size: the size of ``x_t``.
        hidden_size: the size of ``h_t``.
        generator: the random generator (default: torch's global one).
        activation: ``"tanh"`` or ``"relu"``.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        generator: torch.Generator | None = None,
        activation: str = "tanh",
    ) -> None:
        rnn = default_recurrent(nn.RNN, input_size, hidden_size, generator, nonlinearity=activation)
        super().__init__(rnn, hidden_size)

    def step(self, x: Tensor, state: Tensor) -> Tensor:
        """Processes one vector; see ``RecurrentLayer.step``."""
        _, final_state = self.rnn(x.expand(len(state), -1).unsqueeze(1), state.unsqueeze(0))
        state_after: Tensor = final_state[0]
        return state_after

    def forward(self, X: Tensor) -> Tensor:
        """Maps inputs ``(batch, length, input_size)`` to the last ``h_t``, of shape ``(batch, hidden_size)``."""
        final_state: Tensor = self.rnn(X)[1]  # (1, batch, hidden_size)
        return final_state[0]


def _given_or_drawn(
    name: str, values: Tensor | None, shape: tuple[int, int], generator: torch.Generator | None
) -> nn.Parameter:
    if values is None:
        return nn.Parameter(draw_xavier(shape, generator))
    if values.shape != shape:
        raise InputError(f"{name} has shape {tuple(values.shape)} instead of {shape}")
    return nn.Parameter(values.detach().clone())
