"""The base class of cells of your own."""

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor, nn

from digitsum_cli.core.book_initialisation import draw_xavier
from digitsum_cli.core.cells.recurrent_layer import RecurrentLayer
from digitsum_cli.core.cells.torch_layer import TorchLayer


class Cell(RecurrentLayer):
    """A recurrent cell of your own: define its parameters in ``__init__``, and ``step``.

    Arguments:
        input_size: the size of ``x_t``.
        hidden_size: the size of ``h_t``.
        state_size: the size of the state, if it is more than ``h_t``, which comes first.

    Attributes:
        candidate: the name of the parameter U whose spectral radius is reported; None if there is none.
        library: PyTorch's own layer with the same equations, such as ``digitsum_cli.core.TorchGRU``: then the cell has
            ``impl torch`` as well, and ``digitsum compare`` holds one against the other. The parameters must be named
            as there, such as ``W_r``. None if there is none.

    Example:
        >>> class LeakyCell(Cell):
        ...     candidate = "U"
        ...
        ...     def __init__(self, input_size, hidden_size, *, generator=None):
        ...         super().__init__(input_size, hidden_size)
        ...         self.W = self.weight(input_size, hidden_size, generator=generator)
        ...         self.U = self.weight(hidden_size, hidden_size, generator=generator)
        ...
        ...     def step(self, x, state):
        ...         return 0.9 * state + 0.1 * torch.tanh(x @ self.W + state @ self.U)
        >>> LeakyCell(2, 3)(torch.zeros(4, 5, 2)).shape
        torch.Size([4, 3])
    """

    candidate: ClassVar[str | None] = None
    library: ClassVar[type[TorchLayer] | None] = None

    def __init__(self, input_size: int, hidden_size: int, state_size: int | None = None) -> None:
        super().__init__(input_size, hidden_size, hidden_size if state_size is None else state_size)

    @staticmethod
    def weight(rows: int, columns: int, *, generator: torch.Generator | None = None) -> nn.Parameter:
        """A matrix with the book's initial values, Xavier uniform; see ``book_initialisation``."""
        return nn.Parameter(draw_xavier((rows, columns), generator))

    def equation_tensors(self, read: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
        """The result of ``read`` for each parameter, by its name."""
        return {name: read(parameter) for name, parameter in self.named_parameters()}
