"""The gradient of the loss with respect to earlier and earlier states, and to the digits read there.

Training can only learn to keep a digit over ``lag`` steps if the gradient of the loss reaches that far back. If its
norm decays exponentially, it does not (Bengio, Simard and Frasconi 1994, *Learning long-term dependencies with
gradient descent is difficult*; Pascanu, Mikolov and Bengio 2013, *On the difficulty of training recurrent neural
networks*).

The states of different cells are not alike: that of an LSTM is (h, c), twice as many numbers as h, and at the last step
only h affects the loss. Cells are therefore compared by the gradient with respect to the embedded digits x_t, which are
the same vectors for all of them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.exact import batches_in_memory
from digitsum_cli.core.generation import Rows
from digitsum_cli.core.tasks import DIGIT_SUM, Task

_Array = npt.NDArray[np.float64]


class GradientNorms(NamedTuple):
    """Mean norms of gradients by lag, each of shape ``(length,)``: entry 0 is that of the last step.

    Arguments:
        states: with respect to the states ``h_t``; for an LSTM, to ``(h_t, c_t)``.
        digits: with respect to the embedded digits ``x_t``.
    """

    states: _Array
    digits: _Array


def gradient_norms_of_rows(model: DigitSumClassifier, rows: Rows) -> GradientNorms:
    """The mean over some rows of the norms that ``gradient_norms_by_lag`` averages over every draw."""
    totals = np.zeros((2, rows.digits.shape[1]))
    for digits, labels in batches_in_memory(rows, model.embedding.W.device):
        with torch.no_grad():
            inputs = list(model.embedding(digits).unbind(dim=1))
        totals += _sums_of_norms(model, inputs, labels)
    return GradientNorms(*totals / len(rows))


def gradient_norms_by_lag(model: DigitSumClassifier, length: int, task: Task = DIGIT_SUM) -> GradientNorms:
    """The means over every draw of ``|| d loss / d h_t ||`` and ``|| d loss / d x_t ||`` by lag ``length - t``.

    The loss is the draw's own cross-entropy.

    Arguments:
        model: the classifier, on the CPU; neither it nor its gradients are changed.
        length: digits per row, at least 3.
        task: the task that defines the draws and labels.

    Raises:
        InputError: ``length`` is below 3, or the task's draws cannot be enumerated.
    """
    draws = task.every_draw(length)
    symbols, positions = draws.symbols, draws.positions
    with torch.no_grad():
        W = model.embedding.W
        zero, values = W[:1], W[1:]
        first_digits, second_digits = W.repeat_interleave(symbols, dim=0), W.repeat(symbols, 1)
        labels = torch.from_numpy(draws.labels.ravel()).to(W.device, torch.int64)
    # Without a distractor, all positions give the same 100 rows.
    totals = positions * _sums_of_norms(model, [first_digits, second_digits, *[zero] * positions], labels)
    # The 900 draws with the distractor at one position have a zero at all others, so they share these input vectors.
    pairs = [each.repeat_interleave(len(values), dim=0) for each in (first_digits, second_digits, labels)]
    values = values.repeat(draws.labels.size, 1)
    for position in range(positions):
        inputs = [*pairs[:2], *[zero] * position, values, *[zero] * (positions - position - 1)]
        totals += _sums_of_norms(model, inputs, pairs[2])
    return GradientNorms(*totals / draws.count)


def reach(norms: Sequence[float] | _Array) -> float:
    """The gradient at the first step as a fraction of that at the last; 0 where both are 0.

    Arguments:
        norms: the norms by lag, from ``gradient_norms_by_lag``.
    """
    return float(norms[-1] / norms[0]) if norms[0] else 0.0


def _sums_of_norms(model: DigitSumClassifier, inputs: list[Tensor], labels: Tensor) -> _Array:
    """The sums over some draws of both norms, of shape ``(2, length)``: of states and of digits, by lag."""
    # Those that all draws share are expanded, so that each draw has a gradient of its own.
    inputs = [x.detach().expand(len(labels), -1).requires_grad_() for x in inputs]  # even if all weights are frozen
    h = model.rnn_model.initial_state(len(labels))
    states = []
    for x in inputs:
        h = model.rnn_model.step(x, h)
        states.append(h)
    loss = cross_entropy(model.linear(model.rnn_model.hidden(h)), labels, reduction="sum")
    gradients = torch.autograd.grad(loss, [*states[::-1], *inputs[::-1]])
    # In double precision, so that the squares of small gradients do not underflow.
    norms = [torch.linalg.vector_norm(gradient, dim=1, dtype=torch.float64).sum() for gradient in gradients]
    sums: _Array = torch.stack(norms).reshape(2, -1).cpu().numpy()
    return sums
