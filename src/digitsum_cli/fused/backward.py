"""The backward pass through a batch, compiled: the gradients of its loss, derived by hand.

Symbols as in ``forward``; r_n is the number of rows that pass through node n, B the batch's number of rows, y a label.

    loss = 1/B sum over leaves of r_n (log sum_j exp z_nj - z_ny)        or without 1/B: see ``batch_loss``

The cell gives the gradients q with respect to ``h U`` and those with respect to T. The children of a node share its
state, so their gradients are summed before they pass through it:

    dz_n = r_n / B (softmax(z_n) - onehot(y))
    d_n = dz_n V                                for a leaf: the gradient with respect to h_n
    d_n = (sum over children m of q_m) U^T      for the others, plus what the cell passes back directly

The weights' gradients are sums over nodes, computed after the last backward step, with q_n summed over children:

    dU = sum over n of h_n^T q_n        dV = sum over leaves of dz_n^T h_n      dc = sum over leaves of dz_n
    dW = E^T dT         dE = dT W^T         db = sum over j of dT[j]

The gradients of the padding are 0, so it stays 0.
"""

from digitsum_cli.fused.cells import step_back
from digitsum_cli.fused.compiled import compiled
from digitsum_cli.fused.forward import forward, leaf_loss, logits, tabulate, zero
from digitsum_cli.fused.simd.products import multiply, multiply_transposed
from digitsum_cli.fused.simd.transposition import transpose
from digitsum_cli.fused.simd.vectors import elementwise

_scale = elementwise(lambda factor, x: factor * x)
_add = elementwise(lambda total, x: total + x)


@compiled
def batch_loss(cell, p, forest, batch, work, H, M, C, row_weight):
    """The forward pass through a batch: returns its mean loss and stores what the backward pass needs in ``work``.

    Arguments:
        row_weight: the weight of each row's loss in the objective that is differentiated.
    """
    tabulate(p, work, M, C, H)
    forward(cell, p, forest, batch, work, H)
    start, leaves_start, end = forest.starts[batch, 0], forest.starts[batch, -2], forest.starts[batch, -1]
    logits(p, work.states.h, 1 + leaves_start - start, end - leaves_start, work, H)
    return _loss(forest, batch, work, C, row_weight)


@compiled
def _loss(forest, batch, work, C, row_weight):
    """The batch's mean loss; replaces the leaves' z by dz, with ``row_weight`` instead of 1 / B."""
    z = work.z
    leaf_start, end = forest.starts[batch, -2], forest.starts[batch, -1]
    share = 1.0 / forest.batch_rows[batch]
    loss = 0.0
    for leaf in range(end - leaf_start):
        rows, label = forest.rows[leaf_start + leaf], forest.label[leaf_start + leaf]
        loss_here, total = leaf_loss(z, leaf, label, C)
        loss += rows * share * loss_here
        weight = rows * row_weight
        _scale(z.shape[1], (z.dtype.type(weight / total),), (z,), (leaf * z.shape[1],))
        for j in range(C, z.shape[1]):
            z[leaf, j] = 0
        z[leaf, label] -= z.dtype.type(weight)
    return loss


@compiled
def backward(cell, p, g, forest, batch, work, H, M, C):
    """Computes the gradients of all parameters."""
    h, d, q, z, dT = work.states.h, work.d, work.q, work.z, work.dT
    width, wide = h.shape[1], q.shape[1]
    columns = wide - width + H
    starts = forest.starts[batch]
    end = 1 + starts[-1] - starts[0]
    here = 1 + starts[-2] - starts[0]
    leaves = end - here

    zero(z.shape[1], (), (g.c,), (0,))
    for leaf in range(leaves):
        _add(z.shape[1], (), (g.c, z), (0, leaf * z.shape[1]))
    multiply_transposed(g.V, z, 0, h, here, C, leaves)

    transpose(p.U, H, columns, work.U_transposed)
    zero(here * wide, (), (q,), (0,))
    zero(here * width, (), (d,), (0,))
    zero(end * work.e.shape[1], (), (work.e,), (0,))
    zero(dT.size, (), (dT,), (0,))
    multiply(d, here, z, 0, p.V, leaves, C, False)
    for t in range(starts.shape[0] - 2, -1, -1):
        if starts[t] == starts[t + 1]:  # the rows are shorter
            break
        before = 1 + starts[t - 1] - starts[0] if starts[t] > starts[0] else 0
        for n in range(here, end):
            k = starts[0] + n - 1
            step_back(cell, work, forest.digit[k], before + forest.parent[k], n, width)
        multiply(d, before, q, before, work.U_transposed, here - before, columns, True)
        here, end = before, here

    multiply_transposed(g.U, h, 1, q, 1, H, starts[-2] - starts[0])
    multiply_transposed(g.W, p.E, 0, dT, 0, M, dT.shape[0])
    transpose(p.W, M, columns, work.W_transposed)
    multiply(g.E, 0, dT, 0, work.W_transposed, dT.shape[0], columns, False)
    zero(wide, (), (g.b,), (0,))
    for digit in range(dT.shape[0]):
        _add(wide, (), (g.b, dT), (0, digit * wide))
