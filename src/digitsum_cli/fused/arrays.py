"""The arrays that the compiled steps work on, in the symbols of ``steps``; rows of matrices are padded."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.floating]


class Parameters(NamedTuple):
    """Weights, or their gradients: matrices with padded rows, b and c as a single row.

    The gates of a gated cell stand side by side: W, U and b have one block of padded columns for each.
    """

    E: Matrix
    W: Matrix
    U: Matrix
    b: Matrix
    V: Matrix
    c: Matrix


class Optimizer(NamedTuple):
    """All parameters one after the other, as flat arrays: values, gradients, Adam's moments, and the kept values."""

    values: Matrix
    gradients: Matrix
    first_moments: Matrix
    second_moments: Matrix
    kept: Matrix


class States(NamedTuple):
    """What is carried from step to step, one row a node: h, and the LSTM's c (without columns in other cells)."""

    h: Matrix
    c: Matrix


class Workspace(NamedTuple):
    """Room for one batch: rows are nodes but where said otherwise; row 0 is the state of no digits, which is 0.

    Arguments:
        states: h and c.
        gates: what the backward needs of the gates; see the cells.
        d: the gradient with respect to h.
        e: the gradient with respect to c.
        q: the gradient with respect to ``h U``.
        hU: of the nodes of one step, ``h U``.
        z: of the leaves, logits and then their gradients.
        T, dT: one row a digit.
        W_transposed, U_transposed, V_transposed: copies for products with a transposed matrix.
        next_states: those of the next step, where states before it are not needed any more.
        squares: a row to add up squares in, in float64.
    """

    states: States
    gates: Matrix
    d: Matrix
    e: Matrix
    q: Matrix
    hU: Matrix
    z: Matrix
    T: Matrix
    dT: Matrix
    W_transposed: Matrix
    U_transposed: Matrix
    V_transposed: Matrix
    next_states: States
    squares: Matrix


class Record(NamedTuple):
    """What training notes down.

    Arguments:
        step_losses: one a step.
        gradient_norms: of each parameter, gate by gate; one row a step, or none.
        evaluated_steps, eval_losses, eval_accuracies: one an evaluation.
        counts: the evaluations made, and the index of the best.
    """

    step_losses: npt.NDArray[np.float64]
    gradient_norms: npt.NDArray[np.float64]
    evaluated_steps: npt.NDArray[np.int64]
    eval_losses: npt.NDArray[np.float64]
    eval_accuracies: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]
