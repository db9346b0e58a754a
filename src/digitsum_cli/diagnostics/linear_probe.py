"""Linear probes of the last state: how much of the first digit, the second digit and the label it holds.

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

Source: Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning* (2nd edition), equations 3.6 (least
squares), 3.44 (ridge) and 7.48 (cross-validation).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.tasks import DIGIT_SUM, Task

_Array = npt.NDArray[np.float64]

RIDGE = 1e-10
"""Added to the diagonal of S_xx, as a fraction of its mean, so that constant or duplicate units do no harm.

It is far larger than the rounding error of S_xx, yet affects only units a hundred thousand times smaller than the rest.
"""


@dataclass(frozen=True)
class ProbeScores:
    """The shares of the variance of both digits and of the label, 0 to 1, that the probes explain (R^2)."""

    first_digit: float
    second_digit: float
    label: float


NO_PROBE = ProbeScores(math.nan, math.nan, math.nan)
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
    return ProbeScores(*np.maximum(shares, 0).tolist())


def _of_other_folds(by_fold: _Array) -> _Array:
    """For every fold, the sum over all other folds, which it is fitted on."""
    total: _Array = by_fold.sum(axis=0)
    return total - by_fold
