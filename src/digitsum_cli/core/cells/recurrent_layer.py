"""What every recurrent layer can do, however it is written."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn


class RecurrentLayer(nn.Module, ABC):
    """A layer that reads a sequence vector by vector.

    What it carries from one step to the next is its *state*, of shape ``(batch, state_size)``: first ``h_t``, the part
    that is seen from outside, then whatever else the cell remembers.

    Arguments:
        input_size: the size of ``x_t``.
        hidden_size: the size of ``h_t``.
        state_size: the size of the state, at least ``hidden_size``.
    """

    def __init__(self, input_size: int, hidden_size: int, state_size: int) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.state_size = state_size

    @abstractmethod
    def step(self, x: Tensor, state: Tensor) -> Tensor:
        """One vector further.

        Arguments:
            x: ``x_t`` of shape ``(batch, input_size)``, or ``(1, input_size)`` for the same in every row.
            state: the state before, of shape ``(batch, state_size)``.

        Returns:
            The state after it, of shape ``(batch, state_size)``.
        """

    @abstractmethod
    def equation_tensors(self, read: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
        """What ``read`` gives for each parameter (its values, its gradient), by the equations' names and shapes."""

    def gates(self, x: Tensor, state: Tensor) -> dict[str, Tensor]:
        """How far each gate is open on the way to the next state, 0 to 1; none in a cell without gates.

        Arguments:
            x, state: as in ``step``.

        Returns:
            By the gate's name, of shape ``(batch, hidden_size)``.
        """
        return {}

    def initial_state(self, batch: int) -> Tensor:
        """Zeros of shape ``(batch, state_size)``."""
        return next(self.parameters()).new_zeros(batch, self.state_size)

    def hidden(self, state: Tensor) -> Tensor:
        """``h_t`` of a state, of shape ``(..., hidden_size)``."""
        return state if self.state_size == self.hidden_size else state[..., : self.hidden_size]

    def cell(self, state: Tensor) -> Tensor:
        """What a state holds beside ``h_t``: an LSTM's ``c_t``, in others nothing, of shape ``(..., 0)``."""
        return state[..., self.hidden_size :]

    def states(self, X: Tensor) -> Tensor:
        """Every ``h_t``.

        Arguments:
            X: the inputs, of shape ``(batch, length, input_size)``.

        Returns:
            ``h_1`` to ``h_L``, of shape ``(batch, length, hidden_size)``.
        """
        state = self.initial_state(len(X))
        states = []
        for x in X.unbind(dim=1):
            state = self.step(x, state)
            states.append(self.hidden(state))
        return torch.stack(states, dim=1)

    def forward(self, X: Tensor) -> Tensor:
        """The last ``h_t``.

        Arguments:
            X: the inputs, of shape ``(batch, length, input_size)``.

        Returns:
            ``h_L``, of shape ``(batch, hidden_size)``.
        """
        state = self.initial_state(len(X))
        for x in X.unbind(dim=1):
            state = self.step(x, state)
        return self.hidden(state)
