"""The simple recurrent network (Elman 1990), by hand and on ``torch.nn.RNN``, side by side.

    h_t = tanh(x_t W + h_{t-1} U + b),    h_0 = 0

Source: the practice book, chapter 6.1.2.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from digitsum_cli.core.initialisation import default_rnn, draw_xavier
from digitsum_cli.errors import InputError


class SRN(nn.Module):
    """The SRN written by hand.

    Arguments:
        input_size: the size of ``x_t``.
        hidden_size: the size of ``h_t``.
        W: initial values of shape ``(input_size, hidden_size)``.
        U: initial values of shape ``(hidden_size, hidden_size)``.
        b: initial values of shape ``(1, hidden_size)``.
        generator: what the values that are not given are drawn from, in the order ``W``, ``U``, ``b``; without one,
            torch's global generator.

    Raises:
        InputError: given values have another shape.

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
    ) -> None:
        super().__init__()
        self.W = _given_or_drawn("W", W, (input_size, hidden_size), generator)
        self.U = _given_or_drawn("U", U, (hidden_size, hidden_size), generator)
        self.b = _given_or_drawn("b", b, (1, hidden_size), generator)

    def equation_tensors(self, read: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
        """What ``read`` gives for each parameter (its values, its gradient), as the equation's ``W``, ``U``, ``b``."""
        return {"W": read(self.W), "U": read(self.U), "b": read(self.b)}

    def initial_state(self, batch: int) -> Tensor:
        """``h_0``: zeros of shape ``(batch, hidden_size)``."""
        return self.U.new_zeros(batch, self.U.shape[0])

    def step(self, x: Tensor, h: Tensor) -> Tensor:
        """One digit further.

        Arguments:
            x: ``x_t`` of shape ``(batch, input_size)``, or ``(1, input_size)`` for the same in every row.
            h: ``h_{t-1}`` of shape ``(batch, hidden_size)``.

        Returns:
            ``h_t``, of shape ``(batch, hidden_size)``.
        """
        return torch.tanh(x @ self.W + h @ self.U + self.b)

    def states(self, X: Tensor) -> Tensor:
        """Every state.

        Arguments:
            X: the inputs, of shape ``(batch, length, input_size)``.

        Returns:
            ``h_1`` to ``h_L``, of shape ``(batch, length, hidden_size)``.
        """
        h = self.initial_state(len(X))
        states = []
        for x in X.unbind(dim=1):
            h = self.step(x, h)
            states.append(h)
        return torch.stack(states, dim=1)

    def forward(self, X: Tensor) -> Tensor:
        """The last state.

        Arguments:
            X: the inputs, of shape ``(batch, length, input_size)``.

        Returns:
            ``h_L``, of shape ``(batch, hidden_size)``.
        """
        h = self.initial_state(len(X))
        for x in X.unbind(dim=1):
            h = self.step(x, h)
        return h


class TorchSRN(nn.Module):
    """The same layer on ``torch.nn.RNN``, batch first.

    The library writes ``tanh(x W_ih^T + b_ih + h W_hh^T + b_hh)``: its matrices are transposed and it has two bias
    vectors, which only ever act as their sum. Both are trained, so under Adam their sum moves twice as fast as ``b``.

    Arguments:
        input_size: the size of ``x_t``.
        hidden_size: the size of ``h_t``.
        generator: what the parameters are drawn from; without one, torch's global generator.
    """

    def __init__(self, input_size: int, hidden_size: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.rnn = default_rnn(input_size, hidden_size, generator)

    def equation_tensors(self, read: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
        """What ``read`` gives for each parameter, turned into the equation's shapes (views, not copies).

        ``b`` is the library's first bias; the second has no place in the equation.
        """
        return {
            "W": read(self.rnn.get_parameter("weight_ih_l0")).T,
            "U": read(self.rnn.get_parameter("weight_hh_l0")).T,
            "b": read(self.rnn.get_parameter("bias_ih_l0")).unsqueeze(0),
        }

    def fix_second_bias_at_zero(self) -> None:
        """Leaves the layer with the equation's parameters alone: the second bias is 0 and is not trained."""
        nn.init.zeros_(self.rnn.get_parameter("bias_hh_l0")).requires_grad_(False)

    def initial_state(self, batch: int) -> Tensor:
        """``h_0``: zeros of shape ``(batch, hidden_size)``."""
        return self.rnn.get_parameter("weight_hh_l0").new_zeros(batch, self.rnn.hidden_size)

    def step(self, x: Tensor, h: Tensor) -> Tensor:
        """One digit further; see ``SRN.step``."""
        _, final_state = self.rnn(x.expand(len(h), -1).unsqueeze(1), h.unsqueeze(0))
        state: Tensor = final_state[0]
        return state

    def states(self, X: Tensor) -> Tensor:
        """Every state: inputs of shape ``(batch, length, input_size)`` to ``(batch, length, hidden_size)``."""
        states: Tensor = self.rnn(X)[0]
        return states

    def forward(self, X: Tensor) -> Tensor:
        """The last state: inputs of shape ``(batch, length, input_size)`` to ``(batch, hidden_size)``."""
        final_state: Tensor = self.rnn(X)[1]  # (1, batch, hidden_size)
        return final_state[0]


def _given_or_drawn(
    name: str, values: Tensor | None, shape: tuple[int, int], generator: torch.Generator | None
) -> nn.Parameter:
    if values is None:
        return nn.Parameter(draw_xavier(shape, generator))
    if values.shape != shape:
        raise InputError(f"{name} has shape {tuple(values.shape)}, and this layer needs {shape}")
    return nn.Parameter(values.detach().clone())
