"""The simple recurrent network: a node's state, and the backward pass through it.

A node n has read its digit x_n after those of its parent p; T[x_n] is the digit's vector times W, plus b.

    a_n = T[x_n] + h_p U
    h_n = tanh(a_n)              or max(0, a_n)

With d_n the gradient with respect to h_n, and since tanh' = 1 - tanh^2,

    da_n = d_n (1 - h_n^2)       or d_n where h_n > 0, else 0

which is the gradient with respect to T[x_n] and to h_p U.
"""

from digitsum_cli.fused.cells import CompiledCell
from digitsum_cli.fused.compiled import compiled
from digitsum_cli.fused.simd.elementary import tanh
from digitsum_cli.fused.simd.vectors import Vector, elementwise


def _relu(a: Vector) -> Vector:
    return a.constant(0.0).where_below(a, 0.0, a)  # NaN stays NaN


def _backward_tanh(q: Vector, dT: Vector, d: Vector, h: Vector) -> tuple[Vector, Vector]:
    da = d * (1.0 - h * h)
    return q + da, dT + da


def _backward_relu(q: Vector, dT: Vector, d: Vector, h: Vector) -> tuple[Vector, Vector]:
    da = d.where_above(h, 0.0, 0.0)
    return q + da, dT + da


_tanh_of_sum = elementwise(lambda _, T, hU: tanh(T + hU))
_relu_of_sum = elementwise(lambda _, T, hU: _relu(T + hU))
_back_through_tanh = elementwise(_backward_tanh)
_back_through_relu = elementwise(_backward_relu)


@compiled
def _step_tanh(work, T_row, hU_row, before, parent, after, n, saved, width):
    """Computes h of node n from a row of T and one of hU."""
    _tanh_of_sum(width, (), (after.h, work.T, work.hU), (n * width, T_row * width, hU_row * width))


@compiled
def _step_relu(work, T_row, hU_row, before, parent, after, n, saved, width):
    """The same with relu."""
    _relu_of_sum(width, (), (after.h, work.T, work.hU), (n * width, T_row * width, hU_row * width))


@compiled
def _step_back_tanh(work, digit, parent, n, width):
    """Adds da of node n to the gradients of ``h_p U`` and of T[x_n]."""
    arrays = (work.q, work.dT, work.d, work.states.h)
    _back_through_tanh(width, (), arrays, (parent * width, digit * width, n * width, n * width))


@compiled
def _step_back_relu(work, digit, parent, n, width):
    """The same with relu."""
    arrays = (work.q, work.dT, work.d, work.states.h)
    _back_through_relu(width, (), arrays, (parent * width, digit * width, n * width, n * width))


TANH = CompiledCell((), saved=0, c=0, step=_step_tanh, step_back=_step_back_tanh)
RELU = CompiledCell((), saved=0, c=0, step=_step_relu, step_back=_step_back_relu)
