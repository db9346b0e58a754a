"""The interface of every recurrent layer, whatever its implementation."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn


class RecurrentLayer(nn.Module, ABC):
    """A layer that processes a sequence vector by vector.

    It passes its *state*, of shape ``(batch, state_size)``, from one step to the next: first the hidden state ``h_t``,
    which is the layer's output, then whatever else the cell remembers.

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
        """Processes one vector.

        Arguments:
            x: ``x_t`` of shape ``(batch, input_size)``, or ``(1, input_size)`` for the same vector in every row.
            state: the previous state, of shape ``(batch, state_size)``.

        Returns:
            The next state, of shape ``(batch, state_size)``.
        """

    @abstractmethod
    def equation_tensors(self, read: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
        """The result of ``read`` (such as its values or gradient) for each parameter, as in the equations."""

    def gates(self, x: Tensor, state: Tensor) -> dict[str, Tensor]:
        """How far each gate is open in this step, 0 to 1; empty for a cell without gates.

        Arguments:
            x, state: as in ``step``.

        Returns:
            Values of shape ``(batch, hidden_size)``, by the gate's name.
        """
        return {}

    def initial_state(self, batch: int) -> Tensor:
        """Zeros of shape ``(batch, state_size)``."""
        return next(self.parameters()).new_zeros(batch, self.state_size)

    def hidden(self, state: Tensor) -> Tensor:
        """``h_t`` of a state, of shape ``(..., hidden_size)``."""
        return state if self.state_size == self.hidden_size else state[..., : self.hidden_size]

    def cell(self, state: Tensor) -> Tensor:
        """The part of a state after ``h_t``: an LSTM's ``c_t``; in other cells empty, of shape ``(..., 0)``."""
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
