"""The gradient of the loss with respect to earlier and earlier states.

Training can only learn to keep a digit over ``lag`` steps if the gradient of the loss reaches that far back. If its
norm decays exponentially, it does not (Bengio, Simard and Frasconi 1994, *Learning long-term dependencies with
gradient descent is difficult*; Pascanu, Mikolov and Bengio 2013, *On the difficulty of training recurrent neural
networks*).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.exact import batches_in_memory
from digitsum_cli.core.generation import Rows
from digitsum_cli.core.tasks import DIGIT_SUM, Task


def gradient_norms_of_rows(model: DigitSumClassifier, rows: Rows) -> npt.NDArray[np.float64]:
    """The mean over some rows of the norms that ``gradient_norms_by_lag`` averages over every draw."""
    totals = np.zeros(rows.digits.shape[1])
    for digits, labels in batches_in_memory(rows, model.embedding.W.device):
        with torch.no_grad():
            inputs = list(model.embedding(digits).unbind(dim=1))
        totals += _sums_of_norms(model, inputs, labels)
    return totals / len(rows)


def gradient_norms_by_lag(model: DigitSumClassifier, length: int, task: Task = DIGIT_SUM) -> npt.NDArray[np.float64]:
    """The mean over every draw of ``|| d loss / d h_t ||``, where the loss is the draw's own cross-entropy.

    For an LSTM, ``h_t`` means its whole state including the cell, since memory passes through both.

    Arguments:
        model: the classifier, on the CPU; neither it nor its gradients are changed.
        length: digits per row, at least 3.
        task: the task that defines the draws and labels.

    Returns:
        Norms of shape ``(length,)``: entry ``lag`` is the norm at ``t = length - lag``, so entry 0 is the last state.

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
    return totals / draws.count


def reach(norms: Sequence[float] | npt.NDArray[np.float64]) -> float:
    """The gradient at the first state as a fraction of that at the last; 0 where both are 0.

    Arguments:
        norms: the norms by lag, from ``gradient_norms_by_lag``.
    """
    return float(norms[-1] / norms[0]) if norms[0] else 0.0


def _sums_of_norms(model: DigitSumClassifier, inputs: list[Tensor], labels: Tensor) -> npt.NDArray[np.float64]:
    """The sums of norms over some draws, by lag."""
    h = model.rnn_model.initial_state(len(labels))
    states = []
    for x in inputs:
        h = model.rnn_model.step(x, h).requires_grad_()  # even if all weights are frozen
        states.append(h)
    loss = cross_entropy(model.linear(model.rnn_model.hidden(h)), labels, reduction="sum")
    gradients = torch.autograd.grad(loss, states[::-1])
    # In double precision, so that the squares of small gradients do not underflow.
    norms = [torch.linalg.vector_norm(gradient, dim=1, dtype=torch.float64).sum() for gradient in gradients]
    sums: npt.NDArray[np.float64] = torch.stack(norms).cpu().numpy()
    return sums
