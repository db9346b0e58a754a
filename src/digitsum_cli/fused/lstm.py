"""The long short-term memory: a node's state, and the backward pass through it.

A node n has read its digit x_n after those of its parent p; T and U have a block of columns for each of i, f, o and g.

    i_n, f_n, o_n = sigmoid(T[x_n] + h_p U)      each with its own block
    g_n = tanh(T[x_n] + h_p U)
    c_n = f_n c_p + i_n g_n
    s_n = tanh(c_n)
    h_n = o_n s_n

With d_n the gradient with respect to h_n and e_n the gradient that reaches c_n from the node's children;
sigmoid' = sigmoid (1 - sigmoid), tanh' = 1 - tanh^2:

    e_n += d_n o_n (1 - s_n^2)
    da_o = d_n s_n o_n (1 - o_n)
    da_i = e_n g_n i_n (1 - i_n)
    da_f = e_n c_p f_n (1 - f_n)
    da_g = e_n i_n (1 - g_n^2)
    e_p += e_n f_n

The da are the gradients with respect to T[x_n] and to h_p U.
"""

from digitsum_cli.core.registry import CELLS
from digitsum_cli.fused.cells import CompiledCell
from digitsum_cli.fused.compiled import compiled
from digitsum_cli.fused.simd.elementary import sigmoid, tanh
from digitsum_cli.fused.simd.vectors import Vector, elementwise

GATES = CELLS["lstm"].gates
BLOCKS = len(GATES)
"""The number of column blocks of W, U and b, one per gate."""

SAVED_BLOCKS = 5
"""What a node saves for the backward pass: i, f, o, g, s."""


def _forward(*vectors: Vector) -> tuple[Vector, ...]:
    T_i, T_f, T_o, T_g, U_i, U_f, U_o, U_g, c_p = vectors[SAVED_BLOCKS + 2 :]
    i, f, o, g = sigmoid(T_i + U_i), sigmoid(T_f + U_f), sigmoid(T_o + U_o), tanh(T_g + U_g)
    c = f * c_p + i * g
    s = tanh(c)
    return i, f, o, g, s, c, o * s


def _backward(*vectors: Vector) -> tuple[Vector, ...]:
    q_i, q_f, q_o, q_g, T_i, T_f, T_o, T_g, e_p, d, e, i, f, o, g, s, c_p = vectors
    e = e + d * o * (1.0 - s * s)
    da_i = e * g * i * (1.0 - i)
    da_f = e * c_p * f * (1.0 - f)
    da_o = d * s * o * (1.0 - o)
    da_g = e * i * (1.0 - g * g)
    to_q = (q_i + da_i, q_f + da_f, q_o + da_o, q_g + da_g)
    to_T = (T_i + da_i, T_f + da_f, T_o + da_o, T_g + da_g)
    return *to_q, *to_T, e_p + e * f


_lstm = elementwise(_forward, blocks=(SAVED_BLOCKS, 1, 1, BLOCKS, BLOCKS, 1))
_back_through_lstm = elementwise(_backward, blocks=(BLOCKS, BLOCKS, 1, 1, 1, SAVED_BLOCKS, 1))


@compiled
def _step(work, T_row, hU_row, before, parent, after, n, saved, width):
    """Computes h and c of node n from a row of T, one of hU and the parent's c; saves its gates in row ``saved``."""
    arrays = (work.gates, after.c, after.h, work.T, work.hU, before.c)
    wide = BLOCKS * width
    offsets = (saved * SAVED_BLOCKS * width, n * width, n * width, T_row * wide, hU_row * wide, parent * width)
    _lstm(width, (), arrays, offsets)


@compiled
def _step_back(work, digit, parent, n, width):
    """Adds da of node n to the gradients of ``h_p U`` and of T[x_n], and what passes back to c_p."""
    arrays = (work.q, work.dT, work.e, work.d, work.e, work.gates, work.states.c)
    here, above, wide = n * width, parent * width, BLOCKS * width
    offsets = (parent * wide, digit * wide, above, here, here, n * SAVED_BLOCKS * width, above)
    _back_through_lstm(width, (), arrays, offsets)


CELL = CompiledCell(GATES, saved=SAVED_BLOCKS, c=1, step=_step, step_back=_step_back)
