"""The network of the experiment: embedding -> recurrent layer -> linear layer -> logits."""

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn

from digitsum_cli.core.book_initialisation import default_linear
from digitsum_cli.core.cells.options import Option, checked_options
from digitsum_cli.core.cells.recurrent_layer import RecurrentLayer
from digitsum_cli.core.compatibility import check_cell_implemented, check_compatible
from digitsum_cli.core.embedding import Embedding
from digitsum_cli.core.initialisation import Parts, scale_weights, set_forget_bias
from digitsum_cli.core.registry import AUTOGRAD, CELLS, INITIALISATIONS, cell_in_words, load
from digitsum_cli.core.specs import CellSpec
from digitsum_cli.core.tasks import DIGIT_SUM, Task
from digitsum_cli.errors import InputError


class DigitSumClassifier(nn.Module):
    """Classifies a sequence of digits; in the digit-sum task, the classes are the 19 possible sums.

    The parameters have the book's names: ``rnn_model.*``, ``embedding.W``, ``linear.weight``, ``linear.bias``.

    Arguments:
        cell: the specification of its cell.
        rnn_model: maps vectors of shape ``(batch, length, embedding_size)`` to a state of shape
            ``(batch, hidden_size)``.
        embedding: maps digits of shape ``(batch, length)`` to vectors of shape ``(batch, length, embedding_size)``.
        linear: maps a state to logits of shape ``(batch, classes)``.

    Source: the practice book, chapter 6.1.2 (``Model_RNN4SeqClass``).
    """

    def __init__(self, cell: CellSpec, rnn_model: RecurrentLayer, embedding: Embedding, linear: nn.Linear) -> None:
        super().__init__()
        self.cell = cell
        self.rnn_model = rnn_model
        self.embedding = embedding
        self.linear = linear

    def forward(self, digits: Tensor) -> Tensor:
        """Maps digits of shape ``(batch, length)`` to logits of shape ``(batch, classes)``."""
        logits: Tensor = self.linear(self.rnn_model(self.embedding(digits)))
        return logits


def build_classifier(
    cell: str = "srn",
    impl: str = "manual",
    embedding_size: int = 32,
    hidden_size: int = 32,
    init: str = "book",
    seed: int = 0,
    *,
    activation: str = "tanh",
    input_scale: float = 1.0,
    recurrent_scale: float = 1.0,
    forget_bias: float | str | None = None,
    options: Mapping[str, Option] = MappingProxyType({}),
    length: int | None = None,
    task: Task = DIGIT_SUM,
) -> DigitSumClassifier:
    """Builds a classifier with its initial weights.

    The parts are built, and their weights drawn, in the book's order: recurrent layer, embedding, linear layer.

    Arguments:
        cell: ``"srn"``, ``"lstm"``, ``"gru"`` or another name in ``digitsum_cli.core.registry``, as for all names here.
        impl: ``"manual"`` (hand-written) or ``"torch"`` (PyTorch's own layer).
        embedding_size: M, the size of a digit's vector.
        hidden_size: H, the size of the state.
        init: ``"book"``, ``"torch"``, ``"orthogonal"``, ``"identity"`` or ``"normal"``; see
            ``digitsum_cli.core.initialisation``.
        seed: seed of the generator that all weights are drawn from.
        activation: the cell's activation; the SRN supports ``"tanh"`` and ``"relu"``.
        input_scale, recurrent_scale: factors of the initial input weights W and recurrent weights U.
        forget_bias: the initial forget bias of a cell with a forget gate, such as the LSTM: a number, or
            ``"chrono"``. None leaves it to ``init``.
        options: of a cell of the user's, by name.
        length: digits per row, at least 3; the longest memory that ``"chrono"`` provides for. None for the shortest.
        task: defines the number of different digits and classes.

    Raises:
        InputError: an unknown cell, implementation, initialisation, activation, forget bias or option, an incompatible
            combination, a size below 1 or a length below 3.
    """
    if impl not in AUTOGRAD:
        raise InputError(f"unknown classifier implementation {impl!r}", allowed=", ".join(AUTOGRAD))
    check_compatible(cell, activation=activation, init=init, forget_bias=forget_bias)
    check_cell_implemented(impl, cell, activation)
    if embedding_size < 1 or hidden_size < 1:
        raise InputError(f"embedding_size is {embedding_size} and hidden_size is {hidden_size}", allowed="1 or more")
    length = task.minimum_length if length is None else length
    task.require_length(length)
    generator = torch.Generator().manual_seed(seed)
    spec = CELLS[cell]
    layer = load(spec.implementations[impl][activation])
    chosen: dict[str, Option] = {"activation": activation} if len(spec.implementations[impl]) > 1 else {}
    if options:
        chosen |= checked_options(cell_in_words(cell), layer, options)
    rnn_model = layer(embedding_size, hidden_size, generator=generator, **chosen)
    embedding = Embedding(task.symbols, embedding_size, generator)
    linear = default_linear(hidden_size, task.classes, generator)
    load(INITIALISATIONS[init].function)(Parts(rnn_model, embedding, linear, generator))
    scale_weights(rnn_model, input_scale, recurrent_scale)
    if forget_bias is not None:
        set_forget_bias(rnn_model, forget_bias, length, generator)
    return DigitSumClassifier(spec, rnn_model, embedding, linear)
