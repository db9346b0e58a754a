"""Linear probes of the last state: what of the first digit, the second digit and the label it holds.

A probe predicts a target y from a state x by least squares, fitted on some draws and scored on others:

    y^ = m_y + (x - m_x)' w,    w = S_xx^-1 S_xy,    R^2 = 1 - sum (y - y^)^2 / sum (y - m_y)^2

where m are the means and S the sums of products of deviations from them, over the draws fitted on. R^2 is the share of
the variance of y that is explained, with the squares summed over all folds. A negative R^2 (worse than predicting the
mean) counts as 0.

Why the folds are over pairs of first digits: all draws of a pair end in nearly the same state. If some of them were
fitted and others scored, 32 units could memorise about a third of the 100 pairs. Fold f holds out all draws of the ten
pairs (i, (3 i + f) mod 10). Every first and every second digit occurs among them once, so m_y is the same in every
fold, for a digit or a sum. Why 3 i: the two digits should be uncorrelated in the draws fitted on, or one could serve as
a proxy for the other. With (i, (i + f) mod 10) their correlation would be strongest, and a state that holds only one
digit would score -0.05 for the other and 0.47 for the sum. Here it scores -0.02, which counts as 0, and 0.49.

What 0.5 means when the label is the sum: a state that holds only the sum, which is all a network needs, scores 1 for
the sum and 0.5 for each digit. The best guess of a digit is half the sum; the error, half the difference of the digits,
has half the variance of a digit. So if both digits score above 0.5, the state still distinguishes them; if the sum
scores below 1, it is partly lost or not held linearly.

What R^2 does not measure: a network need not arrange the labels in a line. A state in which every label has a place of
its own, in no particular order, answers all rows correctly and scores low. So a second probe, in the same folds, is a
linear classifier, as the network's own last layer is: linear discriminant analysis with the mean m_k of the states of
each label k, and the covariance S of the states around these means,

    k^ = argmax_k  x' S^-1 m_k - m_k' S^-1 m_k / 2 + log p_k

It is scored by its accuracy on the pairs that were held out. Labels that only those have cannot be answered: in the
digit-sum task 0 and 18, two of the hundred pairs.

Source: Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning* (2nd edition), equations 3.6 (least
squares), 3.44 (ridge), 4.10 (linear discriminants) and 7.48 (cross-validation).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.tasks import DIGIT_SUM, Task

_Array = npt.NDArray[np.float64]
_Labels = npt.NDArray[np.integer]

RIDGE = 1e-10
"""Added to the diagonal of S_xx, as a fraction of its mean, so that constant or duplicate units do no harm.

It is far larger than the rounding error of S_xx, yet affects only units a hundred thousand times smaller than the rest.
"""

CLASSIFIER_RIDGE = 1e-4
"""Added to the diagonal of S, as a fraction of the mean square of a unit: all states of a label may be nearly equal."""


@dataclass(frozen=True)
class ProbeScores:
    """What the probes read from the state.

    Arguments:
        first_digit, second_digit, label: the share of its variance, 0 to 1, that the regression explains (R^2).
        label_accuracy: the share of correct labels, 0 to 1, of the linear classifier.
    """

    first_digit: float
    second_digit: float
    label: float
    label_accuracy: float


NO_PROBE = ProbeScores(math.nan, math.nan, math.nan, math.nan)
"""The scores where a pair of first digits is missing."""


def linear_probe(states: npt.NDArray[np.floating], task: Task = DIGIT_SUM) -> ProbeScores:
    """Fits and scores the probes in ten folds.

    Arguments:
        states: of shape ``(10, 10, ..., hidden_size)``: by first digit, second digit and any further axes.
        task: the task that defines each pair's label.
    """
    symbols, hidden_size = task.symbols, states.shape[-1]
    first = np.tile(np.arange(symbols), (symbols, 1))  # of shape (10, 10): by fold and pair of the fold
    second = (3 * first + np.arange(symbols)[:, None]) % symbols
    labels = task.label(np.stack([first.ravel(), second.ravel()], axis=-1)).reshape(first.shape)
    y = np.stack([first, second, labels], axis=-1).astype(np.float64)
    y -= y.mean(axis=(0, 1))
    m_y = _of_other_folds(y.sum(axis=1))[:, None] / ((symbols - 1) * symbols)  # (10, 1, 3)

    by_pair = states.reshape(symbols, symbols, -1, hidden_size).astype(np.float64)
    by_pair -= by_pair.mean(axis=(0, 1, 2))  # S_xx is a difference, which loses less precision for small numbers
    x = by_pair[first, second]  # (10, 10, n, H): by fold, pair and draw
    pair_sums = x.sum(axis=2)
    x = x.reshape(symbols, -1, hidden_size)  # (10, 10 n, H)
    fitted = (symbols - 1) * x.shape[1]

    m_x = _of_other_folds(pair_sums.sum(axis=1))[:, None] / fitted  # (10, 1, H)
    squares = x.swapaxes(1, 2) @ x
    S_xx = _of_other_folds(squares) - fitted * m_x.swapaxes(1, 2) @ m_x  # (10, H, H)
    S_xy = _of_other_folds(pair_sums.swapaxes(1, 2) @ y) - fitted * m_x.swapaxes(1, 2) @ m_y  # (10, H, 3)
    # The smallest number above 0 handles states that are all equal.
    ridge = RIDGE * np.trace(squares.sum(axis=0)) / hidden_size + np.finfo(np.float64).tiny
    w = np.linalg.solve(S_xx + ridge * np.eye(hidden_size), S_xy)  # (10, H, 3)

    y -= m_y
    errors = ((x - m_x) @ w).reshape(symbols, symbols, -1, y.shape[-1]) - y[:, :, None]
    shares = 1 - np.mean(errors**2, axis=(0, 1, 2)) / np.mean(y**2, axis=(0, 1))
    explained: list[float] = np.maximum(shares, 0).tolist()
    classified = _share_classified(x, pair_sums, _of_other_folds(squares), labels, task.classes)
    return ProbeScores(explained[0], explained[1], explained[2], classified)


def _share_classified(x: _Array, pair_sums: _Array, squares: _Array, labels: _Labels, classes: int) -> float:
    """The accuracy of the linear classifier.

    Arguments:
        x: states by fold, of shape ``(folds, rows, hidden_size)``, with as many rows of each pair, in order.
        pair_sums: their sums, of shape ``(folds, pairs, hidden_size)``.
        squares: the sums of outer products of the states fitted on, of shape ``(folds, hidden_size, hidden_size)``.
        labels: of shape ``(folds, pairs)``.
        classes: number of different labels.
    """
    rows_per_pair = x.shape[1] // labels.shape[1]
    is_of_class = (labels[:, :, None] == np.arange(classes)).astype(np.float64)  # (folds, pairs, classes)
    counts = _of_other_folds(rows_per_pair * is_of_class.sum(axis=1))  # (folds, classes)
    sums = _of_other_folds(is_of_class.swapaxes(1, 2) @ pair_sums)  # (folds, classes, H)
    m = sums / np.maximum(counts, 1)[:, :, None]
    rows = counts.sum(axis=1)[:, None, None]
    S = (squares - m.swapaxes(1, 2) @ sums) / rows
    ridge = CLASSIFIER_RIDGE * np.trace(squares / rows, axis1=1, axis2=2) / x.shape[2] + np.finfo(np.float64).tiny
    w = np.linalg.solve(S + ridge[:, None, None] * np.eye(x.shape[2]), m.swapaxes(1, 2))  # (folds, H, classes)
    with np.errstate(divide="ignore"):
        constant = np.log(counts / rows[:, 0]) - (m.swapaxes(1, 2) * w).sum(axis=1) / 2
    answers = np.argmax(x @ w + constant[:, None], axis=2)
    return float((answers == np.repeat(labels, rows_per_pair, axis=1)).mean())


def _of_other_folds(by_fold: _Array) -> _Array:
    """For every fold, the sum over all other folds, which it is fitted on."""
    total: _Array = by_fold.sum(axis=0)
    return total - by_fold
