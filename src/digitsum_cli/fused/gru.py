"""The gated recurrent unit: a node's state, and the backward pass through it.

A node n has read its digit x_n after those of its parent p; T and U have a block of columns for each of r, z and n.

    r_n, z_n = sigmoid(T[x_n] + h_p U)       each with its own block
    m_n = h_p U                              the candidate's block
    k_n = tanh(T[x_n] + r_n m_n)             the candidate, called n elsewhere
    h_n = (1 - z_n) k_n + z_n h_p

With d_n the gradient with respect to h_n; sigmoid' = sigmoid (1 - sigmoid), tanh' = 1 - tanh^2:

    da_k = d_n (1 - z_n) (1 - k_n^2)
    da_r = da_k m_n r_n (1 - r_n)
    da_z = d_n (h_p - k_n) z_n (1 - z_n)
    d_p += d_n z_n

The da are the gradients with respect to T[x_n]; those with respect to h_p U are da_r, da_z and r_n da_k.
"""

from digitsum_cli.core.registry import CELLS
from digitsum_cli.fused.cells import CompiledCell
from digitsum_cli.fused.compiled import compiled
from digitsum_cli.fused.simd.elementary import sigmoid, tanh
from digitsum_cli.fused.simd.vectors import Vector, elementwise

GATES = CELLS["gru"].gates
BLOCKS = len(GATES)
"""The number of column blocks of W, U and b, one per gate."""

SAVED_BLOCKS = 4
"""What a node saves for the backward pass: r, z, k, m."""


def _forward(*vectors: Vector) -> tuple[Vector, ...]:
    T_r, T_z, T_k, U_r, U_z, m, h_p = vectors[SAVED_BLOCKS + 1 :]
    r, z = sigmoid(T_r + U_r), sigmoid(T_z + U_z)
    k = tanh(T_k + r * m)
    return r, z, k, m, (1.0 - z) * k + z * h_p


def _backward(*vectors: Vector) -> tuple[Vector, ...]:
    q_r, q_z, q_k, T_r, T_z, T_k, d_p, d, r, z, k, m, h_p = vectors
    da_k = d * (1.0 - z) * (1.0 - k * k)
    da_r = da_k * m * r * (1.0 - r)
    da_z = d * (h_p - k) * z * (1.0 - z)
    return q_r + da_r, q_z + da_z, q_k + r * da_k, T_r + da_r, T_z + da_z, T_k + da_k, d_p + d * z


_gru = elementwise(_forward, blocks=(SAVED_BLOCKS, 1, BLOCKS, BLOCKS, 1))
_back_through_gru = elementwise(_backward, blocks=(BLOCKS, BLOCKS, 1, 1, SAVED_BLOCKS, 1))


@compiled
def _step(work, T_row, hU_row, before, parent, after, n, saved, width):
    """Computes h of node n from a row of T, one of hU and the parent's h; saves its gates in row ``saved``."""
    arrays = (work.gates, after.h, work.T, work.hU, before.h)
    wide = BLOCKS * width
    offsets = (saved * SAVED_BLOCKS * width, n * width, T_row * wide, hU_row * wide, parent * width)
    _gru(width, (), arrays, offsets)


@compiled
def _step_back(work, digit, parent, n, width):
    """Adds da of node n to the gradients of ``h_p U`` and of T[x_n], and what passes back directly to h_p."""
    arrays = (work.q, work.dT, work.d, work.d, work.gates, work.states.h)
    here, above, wide = n * width, parent * width, BLOCKS * width
    offsets = (parent * wide, digit * wide, above, here, n * SAVED_BLOCKS * width, above)
    _back_through_gru(width, (), arrays, offsets)


CELL = CompiledCell(GATES, saved=SAVED_BLOCKS, c=0, step=_step, step_back=_step_back)
