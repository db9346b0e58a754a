"""The arrays that the compiled steps work on, in the symbols of ``steps``; rows of matrices are padded."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.floating]


class Parameters(NamedTuple):
    """Weights, or their gradients, or a transposed copy: matrices with padded rows, b and c as a single row."""

    E: Matrix
    W: Matrix
    U: Matrix
    b: Matrix
    V: Matrix
    c: Matrix


class Adam(NamedTuple):
    """All parameters one after the other, as flat arrays: values, gradients, both moments, and the kept values."""

    values: Matrix
    gradients: Matrix
    first_moments: Matrix
    second_moments: Matrix
    kept: Matrix


class Workspace(NamedTuple):
    """Room for one batch: rows are nodes but where said otherwise.

    Arguments:
        h, d, q: as in the derivation.
        hU: of the nodes of one step, ``h U``.
        z: of the leaves, logits and then their gradients.
        T, dT: one row a digit.
        W_transposed, U_transposed, V_transposed: copies for products with a transposed matrix.
        next_h: states of the next step, where states before it are not needed any more.
    """

    h: Matrix
    d: Matrix
    q: Matrix
    hU: Matrix
    z: Matrix
    T: Matrix
    dT: Matrix
    W_transposed: Matrix
    U_transposed: Matrix
    V_transposed: Matrix
    next_h: Matrix


class Record(NamedTuple):
    """What training notes down.

    Arguments:
        step_losses: one a step.
        evaluated_steps, eval_losses, eval_accuracies: one an evaluation.
        counts: the evaluations made, and the index of the best.
    """

    step_losses: npt.NDArray[np.float64]
    evaluated_steps: npt.NDArray[np.int64]
    eval_losses: npt.NDArray[np.float64]
    eval_accuracies: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]
