"""The forward pass, compiled.

Symbols are those of the experiment: E is the embedding's table (10, M); W (M, H), U (H, H), b the recurrent layer, with
the gates of a gated cell concatenated; V (C, H) and c the linear layer. A *node* n is a prefix that rows share (see
``prefix_tree``), x_n its last digit, p(n) its parent.

    T = E W + b                                                     once for ten digits, not for every digit of a row
    state of n = step(T[x_n], h_{p(n)} U, state of p(n))            see the cells; the initial state is 0
    z_n = h_n V^T + c                                               for the leaves, the nodes of the last step

The rows of all matrices are padded with zeros (see ``products``).
"""

import math

from digitsum_cli.fused.cells import step
from digitsum_cli.fused.compiled import compiled
from digitsum_cli.fused.simd.elementary import exp
from digitsum_cli.fused.simd.products import multiply
from digitsum_cli.fused.simd.transposition import transpose
from digitsum_cli.fused.simd.vectors import elementwise

_exp_of_difference = elementwise(lambda shift, x: exp(x - shift))
copy = elementwise(lambda _, x: x)
zero = elementwise(lambda x: x.constant(0.0))


@compiled
def tabulate(p, work, M, C, H):
    """Computes T = E W + b, a copy of V^T, and the initial state."""
    width = work.T.shape[1]
    for digit in range(work.T.shape[0]):
        copy(width, (), (work.T, p.b), (digit * width, 0))
    multiply(work.T, 0, p.E, 0, p.W, work.T.shape[0], M, True)
    transpose(p.V, C, H, work.V_transposed)
    zero(work.states.h.shape[1], (), (work.states.h,), (0,))
    zero(work.states.c.shape[1], (), (work.states.c,), (0,))


@compiled
def forward(cell, p, forest, batch, work, H):
    """Computes the states of all nodes of a batch, from row 1 on; row 0 is the initial state."""
    states = work.states
    width = states.h.shape[1]
    starts = forest.starts[batch]
    before, here = 0, 1
    for t in range(starts.shape[0] - 1):
        if starts[t] == starts[t + 1]:  # the rows are shorter
            continue
        multiply(work.hU, 0, states.h, before, p.U, here - before, H, False)
        for k in range(starts[t], starts[t + 1]):
            n, parent = 1 + k - starts[0], forest.parent[k]
            step(cell, work, forest.digit[k], parent, states, before + parent, states, n, n, width)
        before, here = here, 1 + starts[t + 1] - starts[0]


@compiled
def logits(p, h, first, leaves, work, H):
    """Computes z of the leaves, whose states begin at row ``first`` of h."""
    for leaf in range(leaves):
        copy(work.z.shape[1], (), (work.z, p.c), (leaf * work.z.shape[1], 0))
    multiply(work.z, 0, h, first, work.V_transposed, leaves, H, True)


@compiled
def leaf_loss(z, leaf, label, C):
    """Returns -log softmax(z)[label] of a leaf and the sum of exp(z - max z); replaces z by exp(z - max z)."""
    highest = z[leaf, 0]
    for j in range(1, C):
        highest = max(highest, z[leaf, j])
    distance = highest - z[leaf, label]
    _exp_of_difference(z.shape[1], (highest,), (z,), (leaf * z.shape[1],))
    total = z[leaf, 0]
    for j in range(1, C):
        total += z[leaf, j]
    return math.log(total) + distance, total
