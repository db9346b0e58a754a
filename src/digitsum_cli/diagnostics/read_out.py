"""How well a linear read-out of the last state tells the first digit, and the second.

The read-out is linear discriminant analysis: every class c (a digit) is taken to be normal with its own mean m_c and a
covariance S shared by all, all classes equally likely. A state x is given to the class with the largest

    x' S^-1 m_c  -  m_c' S^-1 m_c / 2

Why this and not least squares on one-hot classes: where the means stand in a row, least squares chooses the outermost
and masks the others. A single unit that grows with the digit tells all ten, and least squares finds two of them.

Why whole pairs are held out: all draws of a pair of first digits leave nearly the same state, so with some of them
fitted and the others scored, a read-out could learn the 100 pairs by heart. For the first digit, fold f holds out the
ten pairs whose *second* digit is f, and the other way round: what is scored is the digit beside one never fitted. Every
class is then fitted and scored beside the same digits. If it were not, a state that holds the other digit alone would
move the means away from the pairs held out, and score 0 instead of chance.

Chance is 0.1. A low score does not mean that the network has forgotten: one that adds the digits up and drops them
answers every draw, and its state tells neither digit. From the sum alone, a rule gets at most 0.19 of them right (one
pair for each of the 19 sums), and less than chance if it answers with the pairs that were fitted.

Source: Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning* (2nd edition), chapters 4.2 (masking)
and 4.3 (equation 4.10).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.generation import DIGITS

_Array = npt.NDArray[np.float64]

# Added to the diagonal of S, as a share of the mean variance of a unit over all states. Not of that within classes,
# which is 0 where the state depends on the digit alone. It is far above the rounding of S, and a unit has to be a
# hundred thousand times smaller than the others for it to matter.
RIDGE = 1e-10


@dataclass(frozen=True)
class ReadOut:
    """The shares of draws, 0 to 1, whose first and whose second digit the read-out gets right."""

    first_digit: float
    second_digit: float


def read_out_digits(states: npt.NDArray[np.floating]) -> ReadOut:
    """Fits and scores the read-outs of both digits, each in ten folds.

    Arguments:
        states: of shape ``(10, 10, ..., hidden_size)``: by first digit, second digit, and whatever else there is.
    """
    draws = states.reshape(DIGITS, DIGITS, -1, states.shape[-1]).astype(np.float64)
    draws -= draws.mean(axis=(0, 1, 2))  # S comes as a difference, which rounds less for small numbers
    sums = draws.sum(axis=2)
    squares = draws.swapaxes(2, 3) @ draws
    return ReadOut(
        _accuracy(draws, sums, squares),
        _accuracy(draws.swapaxes(0, 1), sums.swapaxes(0, 1), squares.swapaxes(0, 1)),
    )


def _accuracy(draws: _Array, sums: _Array, squares: _Array) -> float:
    """How well the digit of the first axis is told; the second axis is the other digit.

    Arguments:
        draws: centred states of shape ``(10, 10, n, H)``.
        sums: of x over the n draws of each pair, of shape ``(10, 10, H)``.
        squares: the sums of x x', of shape ``(10, 10, H, H)``.
    """
    n, hidden_size = draws.shape[2:]
    total_of_sums, total_of_squares = sums.sum(axis=1), squares.sum(axis=(0, 1))
    # The smallest number above 0 is for states that are all the same.
    ridge = RIDGE * np.trace(total_of_squares) / (DIGITS * DIGITS * n * hidden_size) + np.finfo(np.float64).tiny
    right = []
    for fold in range(DIGITS):
        fitted = (DIGITS - 1) * n  # draws of a class
        means = (total_of_sums - sums[:, fold]) / fitted  # (10, H): row c is m_c
        scatter = total_of_squares - squares[:, fold].sum(axis=0) - fitted * means.T @ means
        S = scatter / (DIGITS * fitted - DIGITS) + ridge * np.eye(hidden_size)
        weights = np.linalg.solve(S, means.T)  # (H, 10): column c is S^-1 m_c
        scores = draws[:, fold] @ weights - np.sum(means.T * weights, axis=0) / 2  # (10, n, 10)
        right.append(scores.argmax(axis=2) == np.arange(DIGITS)[:, None])
    return float(np.mean(right))
