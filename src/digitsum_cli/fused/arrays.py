"""The arrays that the compiled code works on, with the symbols of ``forward``; matrix rows are padded."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.floating]


class Parameters(NamedTuple):
    """Weights, or their gradients: matrices with padded rows, b and c as a single row.

    The gates of a gated cell are concatenated: W, U and b have one block of padded columns per gate.
    """

    E: Matrix
    W: Matrix
    U: Matrix
    b: Matrix
    V: Matrix
    c: Matrix


class Optimizer(NamedTuple):
    """All parameters concatenated into flat arrays: values, gradients, Adam's moments, and the best checkpoint."""

    values: Matrix
    gradients: Matrix
    first_moments: Matrix
    second_moments: Matrix
    best: Matrix


class States(NamedTuple):
    """What is passed from step to step, one row per node: h, and the LSTM's c (without columns in other cells)."""

    h: Matrix
    c: Matrix


class Workspace(NamedTuple):
    """Preallocated arrays for one batch: one row per node unless noted otherwise; row 0 is the initial state, 0.

    Arguments:
        states: h and c.
        gates: the gate values needed in the backward pass; see the cells.
        d: the gradient with respect to h.
        e: the gradient with respect to c.
        q: the gradient with respect to ``h U``.
        hU: ``h U`` for the nodes of one step.
        z: the leaves' logits, then their gradients.
        T, dT: one row per digit.
        W_transposed, U_transposed, V_transposed: copies for products with a transposed matrix.
        next_states: the states of the next step, when earlier states are no longer needed.
        squares: a row for summing squares, in float64.
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
    """What is recorded during training.

    Arguments:
        step_losses: one per step.
        gradient_norms: the norm of each parameter's gradient, gate by gate; one row per step, or no rows.
        evaluated_steps, eval_losses, eval_accuracies: one per evaluation.
        counts: the number of evaluations, and the index of the best.
    """

    step_losses: npt.NDArray[np.float64]
    gradient_norms: npt.NDArray[np.float64]
    evaluated_steps: npt.NDArray[np.int64]
    eval_losses: npt.NDArray[np.float64]
    eval_accuracies: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]
