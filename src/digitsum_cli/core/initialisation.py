"""Ways to start the weights other than the book's, and the biases of the LSTM's forget gate.

Each draws all weights from one generator in the order input weights W, recurrent weights U, biases b (gate by gate, in
alphabetical order), embedding, linear layer: the same weights for the hand-written and for the library's layer.

- ``torch``: the library's defaults. W, U and b uniform in ±1/sqrt(H); the embedding standard normal. The library's own
  layer has a second bias on top, drawn last in the same way; in the others it is zero, so the network is the same.
- ``orthogonal``: U orthogonal, each gate's for itself (Saxe, McClelland and Ganguli 2014), W and the embedding Xavier
  uniform (Glorot and Bengio 2010, equation 16), b zero.
- ``identity``: U the identity times a scale, W normal with deviation 0.001, b zero (Le, Jaitly and Hinton 2015, "A
  simple way to initialize recurrent networks of rectified linear units", with relu); the embedding Xavier uniform.

The linear layer starts as the library does it in all of them.
"""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from digitsum_cli.core.book_initialisation import start_linear
from digitsum_cli.core.embedding import Embedding
from digitsum_cli.core.names import CHRONO
from digitsum_cli.core.recurrent_layer import RecurrentLayer
from digitsum_cli.core.torch_layer import TorchLayer

Fill = Callable[[Tensor], object]

IDENTITY_DEVIATION = 0.001
"""Of the input weights beside a U that is the identity; Le, Jaitly and Hinton 2015, section 4."""


@torch.no_grad()
def initialise(
    rnn_model: RecurrentLayer,
    embedding: Embedding,
    linear: nn.Linear,
    init: str,
    generator: torch.Generator,
    scale: float = 1.0,
) -> None:
    """Overwrites all weights.

    Arguments:
        rnn_model, embedding, linear: the parts of a classifier.
        init: ``"torch"``, ``"orthogonal"`` or ``"identity"``.
        generator: what is drawn from.
        scale: of the identity.
    """
    bound = 1 / math.sqrt(rnn_model.hidden_size)
    xavier = partial(nn.init.xavier_uniform_, generator=generator)
    uniform = partial(nn.init.uniform_, a=-bound, b=bound, generator=generator)
    normal = partial(nn.init.normal_, generator=generator)
    fills: dict[str, dict[str, Fill]] = {
        "torch": {"W": uniform, "U": uniform, "b": uniform, "embedding": normal},
        "orthogonal": {
            "W": xavier,
            "U": partial(nn.init.orthogonal_, generator=generator),
            "b": nn.init.zeros_,
            "embedding": xavier,
        },
        "identity": {
            "W": partial(normal, std=IDENTITY_DEVIATION),
            "U": lambda U: nn.init.eye_(U).mul_(scale),
            "b": nn.init.zeros_,
            "embedding": xavier,
        },
    }
    fill = fills[init]
    tensors = rnn_model.equation_tensors(Tensor.detach)
    for name in sorted(tensors, key=lambda name: ("WUb".index(name[0]), name)):
        _fill(tensors[name], fill[name[0]])
    fill["embedding"](embedding.W)
    start_linear(linear, generator)
    if isinstance(rnn_model, TorchLayer):
        (uniform if init == "torch" else nn.init.zeros_)(rnn_model.second_bias)


@torch.no_grad()
def set_forget_bias(rnn_model: RecurrentLayer, bias: float | str, length: int, generator: torch.Generator) -> None:
    """Sets the biases that decide how long an LSTM remembers at first.

    Arguments:
        rnn_model: an LSTM.
        bias: b_f, the same for every unit, as Gers, Schmidhuber and Cummins 2000 and Jozefowicz, Zaremba and Sutskever
            2015 do (with 1). Or ``"chrono"`` (Tallec and Ollivier 2018, equation 16): b_f = log(u) with u uniform in 1
            to ``length - 1``, and b_i = -b_f, so that unit by unit the memory lasts from one step to all of them.
        length: digits in a row.
        generator: what ``chrono`` draws from.
    """
    biases = rnn_model.equation_tensors(Tensor.detach)
    if bias == CHRONO:
        lasting = torch.empty(rnn_model.hidden_size).uniform_(1, length - 1, generator=generator)
        biases["b_f"].copy_(lasting.log())
        biases["b_i"].copy_(-lasting.log())
    else:
        biases["b_f"].fill_(float(bias))
    if isinstance(rnn_model, TorchLayer):
        for gate in "fi" if bias == CHRONO else "f":
            rnn_model.second_bias_of(gate).zero_()


def _fill(tensor: Tensor, fill: Fill) -> None:
    """Fills a tensor that may be a view of another with its dimensions swapped: the numbers go row by row."""
    filled = torch.empty(tensor.shape, dtype=tensor.dtype)
    fill(filled)
    tensor.copy_(filled)
