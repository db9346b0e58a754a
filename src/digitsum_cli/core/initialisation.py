"""Initialisations of the weights and of the forget bias.

All except ``book`` draw the weights from one generator in this order: input weights W, recurrent weights U, biases b
(gate by gate, in alphabetical order), embedding, linear layer. The hand-written layers and PyTorch's layers therefore
start with the same weights.

- ``book``: see ``digitsum_cli.core.book_initialisation``.
- ``torch``: PyTorch's defaults. W, U and b uniform in ±1/sqrt(H); the embedding standard normal. PyTorch's layer has a
  second bias, drawn last in the same way; in the other initialisations it is zero, so the network is the same.
- ``orthogonal``: U orthogonal, separately for each gate (Saxe, McClelland and Ganguli 2014), W and the embedding Xavier
  uniform (Glorot and Bengio 2010, equation 16), b zero.
- ``identity``: U the identity, W normal with standard deviation 0.001, b zero (Le, Jaitly and Hinton
  2015, "A simple way to initialize recurrent networks of rectified linear units", with relu); the embedding Xavier
  uniform.
- ``normal``: W and U normal with standard deviations 1/sqrt(M) and 1/sqrt(H), b zero, the embedding Xavier uniform.

In every initialisation, W and U may be multiplied by a scale each. The book's PyTorch edition has ``normal`` with U
scaled by 2; and U the identity with W normal with standard deviation 1/sqrt(M), which is ``identity`` with W scaled by
1000/sqrt(M).

The linear layer always has PyTorch's default initialisation.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from digitsum_cli.core.book_initialisation import initialise_linear
from digitsum_cli.core.cells.recurrent_layer import RecurrentLayer
from digitsum_cli.core.cells.torch_layer import TorchLayer
from digitsum_cli.core.embedding import Embedding
from digitsum_cli.core.registry import CHRONO

Fill = Callable[..., object]
"""Fills a tensor in place from a ``generator``."""

IDENTITY_STD = 0.001
"""The standard deviation of the input weights in the identity initialisation; Le, Jaitly and Hinton 2015, section 4."""


@dataclass(frozen=True)
class Parts:
    """The parts of a new classifier, with the book's weights.

    Arguments:
        rnn_model, embedding, linear: the parts.
        generator: the generator that their weights were drawn from.
    """

    rnn_model: RecurrentLayer
    embedding: Embedding
    linear: nn.Linear
    generator: torch.Generator


Initialise = Callable[[Parts], None]
"""Overwrites the weights of the parts."""


def book(parts: Parts) -> None:
    """Keeps the weights: the parts drew them when they were created, in the book's order."""


def torch_default(parts: Parts) -> None:
    """PyTorch's defaults."""
    bound = 1 / math.sqrt(parts.rnn_model.hidden_size)
    uniform = partial(nn.init.uniform_, a=-bound, b=bound)
    _draw(parts, W=uniform, U=uniform, b=uniform, embedding=nn.init.normal_, second_bias=uniform)


def orthogonal(parts: Parts) -> None:
    """Orthogonal recurrent weights."""
    _draw(parts, W=nn.init.xavier_uniform_, U=nn.init.orthogonal_, b=_zero, embedding=nn.init.xavier_uniform_)


def identity(parts: Parts) -> None:
    """Recurrent weights that are the identity."""
    _draw(
        parts,
        W=partial(nn.init.normal_, std=IDENTITY_STD),
        U=lambda U, **_: nn.init.eye_(U),
        b=_zero,
        embedding=nn.init.xavier_uniform_,
    )


def normal(parts: Parts) -> None:
    """Normal weights whose sums over inputs and states have the variance of a single one."""
    M, H = parts.rnn_model.input_size, parts.rnn_model.hidden_size
    _draw(
        parts,
        W=partial(nn.init.normal_, std=1 / math.sqrt(M)),
        U=partial(nn.init.normal_, std=1 / math.sqrt(H)),
        b=_zero,
        embedding=nn.init.xavier_uniform_,
    )


def _zero(tensor: Tensor, **_: object) -> None:
    nn.init.zeros_(tensor)


@torch.no_grad()
def _draw(parts: Parts, *, W: Fill, U: Fill, b: Fill, embedding: Fill, second_bias: Fill = _zero) -> None:
    """Redraws all weights, after resetting the generator to its seed."""
    generator = parts.generator.manual_seed(parts.generator.initial_seed())
    fills = {"W": W, "U": U, "b": b}
    tensors = parts.rnn_model.equation_tensors(Tensor.detach)
    for name in sorted(tensors, key=lambda name: ("WUb".index(name[0]), name)):
        _fill(tensors[name], partial(fills[name[0]], generator=generator))
    embedding(parts.embedding.W, generator=generator)
    initialise_linear(parts.linear, generator)
    if isinstance(parts.rnn_model, TorchLayer):
        second_bias(parts.rnn_model.second_bias, generator=generator)


def _fill(tensor: Tensor, fill: Callable[[Tensor], object]) -> None:
    """Fills a tensor row by row, even if it is a transposed view of another."""
    filled = torch.empty(tensor.shape, dtype=tensor.dtype)
    fill(filled)
    tensor.copy_(filled)


@torch.no_grad()
def scale_weights(rnn_model: RecurrentLayer, input_scale: float, recurrent_scale: float) -> None:
    """Multiplies all input weights W and all recurrent weights U by a factor each."""
    for name, tensor in rnn_model.equation_tensors(Tensor.detach).items():
        if name[0] in "WU":
            tensor.mul_(input_scale if name[0] == "W" else recurrent_scale)


@torch.no_grad()
def set_forget_bias(rnn_model: RecurrentLayer, bias: float | str, length: int, generator: torch.Generator) -> None:
    """Sets the biases that determine how long an untrained cell with a forget gate f remembers.

    Arguments:
        rnn_model: an LSTM, or another cell with such a gate.
        bias: b_f, the same for every unit, as in Gers, Schmidhuber and Cummins 2000 and in Jozefowicz, Zaremba and
            Sutskever 2015 (with 1). Or ``"chrono"`` (Tallec and Ollivier 2018, equation 16): b_f = log(u) with u
            uniform in 1 to ``length - 1``, and b_i = -b_f, so that the units' memories range from one step to the
            whole row.
        length: digits per row.
        generator: the random generator for ``chrono``.
    """
    biases = rnn_model.equation_tensors(Tensor.detach)
    if bias == CHRONO:
        u = torch.empty(rnn_model.hidden_size).uniform_(1, length - 1, generator=generator)
        biases["b_f"].copy_(u.log())
        biases["b_i"].copy_(-u.log())
    else:
        biases["b_f"].fill_(float(bias))
    if isinstance(rnn_model, TorchLayer):
        for gate in "fi" if bias == CHRONO else "f":
            rnn_model.second_bias_of(gate).zero_()
