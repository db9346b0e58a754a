"""The book's weight initialisation.

All draws come from one torch CPU generator. A tensor of the hand-written layers is first drawn standard normal and then
overwritten by a Xavier-uniform draw with gain 1 (Glorot and Bengio 2010, equation 16). The book's code makes both
draws, so both are made here. PyTorch's layers keep PyTorch's default initialisation, drawn from the same generator
rather than from torch's global one, which their constructors would use.
"""

import math
from typing import TypeVar

import torch
from torch import Tensor, nn

Layer = TypeVar("Layer", nn.RNN, nn.LSTM, nn.GRU)


def draw_xavier(shape: tuple[int, int], generator: torch.Generator | None = None) -> Tensor:
    """Draws a tensor of ``shape`` first normal, then Xavier-uniform, as the book's layers do."""
    tensor = torch.normal(0.0, 1.0, shape, generator=generator)
    return nn.init.xavier_uniform_(tensor, generator=generator)


def default_recurrent(
    layer: type[Layer], input_size: int, hidden_size: int, generator: torch.Generator | None = None, **options: str
) -> Layer:
    """A batch-first ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU`` with PyTorch's default initialisation.

    Its parameters are uniform in ±1/sqrt(hidden_size), drawn in PyTorch's order.

    Arguments:
        layer: the class.
        input_size, hidden_size: its sizes.
        generator: the random generator (default: torch's global one).
        options: further keyword arguments of the class.
    """
    rnn = layer(input_size, hidden_size, batch_first=True, device="meta", **options).to_empty(device="cpu")
    bound = 1 / math.sqrt(hidden_size)
    for parameter in rnn.parameters():
        nn.init.uniform_(parameter, -bound, bound, generator=generator)
    return rnn


def default_linear(in_features: int, out_features: int, generator: torch.Generator | None = None) -> nn.Linear:
    """An ``nn.Linear`` with PyTorch's defaults: weight, then bias, uniform in ±1/sqrt(in_features)."""
    linear = nn.Linear(in_features, out_features, device="meta").to_empty(device="cpu")
    initialise_linear(linear, generator)
    return linear


def initialise_linear(linear: nn.Linear, generator: torch.Generator | None = None) -> None:
    """Overwrites weight and bias with PyTorch's default initialisation."""
    nn.init.kaiming_uniform_(linear.weight, a=math.sqrt(5), generator=generator)
    bound = 1 / math.sqrt(linear.in_features)
    nn.init.uniform_(linear.bias, -bound, bound, generator=generator)
