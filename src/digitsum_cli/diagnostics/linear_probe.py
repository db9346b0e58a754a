"""How much of the first digit, of the second and of the label the last state holds, as a linear read-out finds it.

The read-out of a target y from a state x is the least-squares line, fitted to some draws and scored on others:

    y^ = m_y + (x - m_x)' w,    w = S_xx^-1 S_xy,    R^2 = 1 - sum (y - y^)^2 / sum (y - m_y)^2

with m the means, and S the sums of products of differences from them, over the fitted draws. R^2 is the share of the
variance of y that is found, with the squares of all folds added up. What is worse than the mean counts as 0.

Why the folds are over pairs of first digits: all draws of a pair leave nearly the same state. With some of them fitted
and the others scored, 32 units would learn about a third of the 100 pairs by heart. Fold f holds out all draws of the
ten pairs (i, (3 i + f) mod 10). Every first and every second digit is among them once, so m_y is the same in every
fold, for a digit or a sum. Why 3 i: the digits fitted should not be related, or one would stand for the other. Within
(i, (i + f) mod 10) they are related most, and a state that holds one digit alone then scores -0.05 for the other and
0.47 for the sum. Here it scores -0.02, which counts as 0, and 0.49.

What 0.5 means, where the label is the sum: a state that holds the sum alone, as a network needs it, scores 1 for the
sum and 0.5 for each digit. The best guess of a digit is half the sum, and what is missed, half the difference, has half
the variance of a digit. So both digits above 0.5 are still told apart; the sum below 1 is partly lost, or not held
linearly.

Source: Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning* (2nd edition), equations 3.6 (least
squares), 3.44 (ridge) and 7.48 (cross-validation).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.tasks import DIGIT_SUM, Task

_Array = npt.NDArray[np.float64]

RIDGE = 1e-10
"""Added to the diagonal of S_xx, as a share of its mean, so that units that never change or repeat others do no harm.

It is far above the rounding of S_xx, and a unit has to be a hundred thousand times smaller than the others for it to
matter.
"""


@dataclass(frozen=True)
class ProbeScores:
    """The shares of the variance of both digits and of the label, 0 to 1, that the read-out finds (R^2)."""

    first_digit: float
    second_digit: float
    label: float


def linear_probe(states: npt.NDArray[np.floating], task: Task = DIGIT_SUM) -> ProbeScores:
    """Fits and scores the read-outs in ten folds.

    Arguments:
        states: of shape ``(10, 10, ..., hidden_size)``: by first digit, second digit, and whatever else there is.
        task: what gives each pair its label.
    """
    symbols, hidden_size = task.symbols, states.shape[-1]
    first = np.tile(np.arange(symbols), (symbols, 1))  # of shape (10, 10): by fold and pair of the fold
    second = (3 * first + np.arange(symbols)[:, None]) % symbols
    labels = task.label(np.stack([first.ravel(), second.ravel()], axis=-1)).reshape(first.shape)
    y = np.stack([first, second, labels], axis=-1).astype(np.float64)
    y -= y.mean(axis=(0, 1))
    m_y = _of_other_folds(y.sum(axis=1))[:, None] / ((symbols - 1) * symbols)  # (10, 1, 3)

    by_pair = states.reshape(symbols, symbols, -1, hidden_size).astype(np.float64)
    by_pair -= by_pair.mean(axis=(0, 1, 2))  # S_xx comes as a difference, which rounds less for small numbers
    x = by_pair[first, second]  # (10, 10, n, H): by fold, pair and draw
    pair_sums = x.sum(axis=2)
    x = x.reshape(symbols, -1, hidden_size)  # (10, 10 n, H)
    fitted = (symbols - 1) * x.shape[1]

    m_x = _of_other_folds(pair_sums.sum(axis=1))[:, None] / fitted  # (10, 1, H)
    squares = x.swapaxes(1, 2) @ x
    S_xx = _of_other_folds(squares) - fitted * m_x.swapaxes(1, 2) @ m_x  # (10, H, H)
    S_xy = _of_other_folds(pair_sums.swapaxes(1, 2) @ y) - fitted * m_x.swapaxes(1, 2) @ m_y  # (10, H, 3)
    # The smallest number above 0 is for states that are all the same.
    ridge = RIDGE * np.trace(squares.sum(axis=0)) / hidden_size + np.finfo(np.float64).tiny
    w = np.linalg.solve(S_xx + ridge * np.eye(hidden_size), S_xy)  # (10, H, 3)

    y -= m_y
    misses = ((x - m_x) @ w).reshape(symbols, symbols, -1, y.shape[-1]) - y[:, :, None]
    shares = 1 - np.mean(misses**2, axis=(0, 1, 2)) / np.mean(y**2, axis=(0, 1))
    return ProbeScores(*np.maximum(shares, 0).tolist())


def _of_other_folds(by_fold: _Array) -> _Array:
    """For every fold, the sum over all the others: those it is fitted to."""
    total: _Array = by_fold.sum(axis=0)
    return total - by_fold
