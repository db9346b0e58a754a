"""Training steps of one trial, compiled: forward, backward through time, update, evaluation.

Symbols are those of the experiment: E is the embedding's table (10, M); W (M, H), U (H, H), b the recurrent layer, of a
gated cell with the gates side by side; V (C, H) and c the linear layer. A *node* n is a prefix that rows of the batch
share (see ``prefix_tree``), x_n its last digit, p(n) its parent, r_n the number of rows that go through it, B the rows
of the batch.

Forward, with T = E W + b computed once a batch (ten rows instead of one for every digit read):

    state of n = step(T[x_n], h_{p(n)} U, state of p(n))            see the cells; the state of no digits is 0
    z_n = h_n V^T + c                                               for the leaves, the nodes of the last step
    loss = 1/B sum over leaves of r_n (log sum_j exp z_nj - z_ny)   with y the label

Backward. The cell gives the gradients q with respect to ``h U`` and those with respect to T; the children of a node all
hold the same state, so their gradients are added up before they go through it:

    dz_n = r_n / B (softmax(z_n) - onehot(y))
    d_n = dz_n V                                for a leaf: the gradient with respect to h_n
    d_n = (sum over children m of q_m) U^T      for the others, and what the cell hands back beside it

The sums over nodes that give the weights' gradients are gathered after the last step back, q_n being added up:

    dU = sum over n of h_n^T q_n        dV = sum over leaves of dz_n^T h_n      dc = sum over leaves of dz_n
    dW = E^T dT         dE = dT W^T         db = sum over j of dT[j]

The rows of all matrices are padded with zeros (see ``products``); the padding's gradients are 0, so it stays 0.
"""

import hashlib
import math
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from numba import njit

from digitsum_cli.fused.cells import step, step_back
from digitsum_cli.fused.compiled import compiled
from digitsum_cli.fused.elementary import exp
from digitsum_cli.fused.products import multiply, multiply_transposed, transpose
from digitsum_cli.fused.update import update
from digitsum_cli.fused.vectors import elementwise

_exp_of_difference = elementwise(lambda shift, x: exp(x - shift))
_copy = elementwise(lambda _, x: x)
_zero = elementwise(lambda x: x.constant(0.0))
_scale = elementwise(lambda factor, x: factor * x)
_add = elementwise(lambda total, x: total + x)


@compiled
def _tabulate(p, work, M, C, H):
    """T = E W + b, a copy of V^T, and the state of no digits."""
    width = work.T.shape[1]
    for digit in range(work.T.shape[0]):
        _copy(width, (), (work.T, p.b), (digit * width, 0))
    multiply(work.T, 0, p.E, 0, p.W, work.T.shape[0], M, True)
    transpose(p.V, C, H, work.V_transposed)
    _zero(work.states.h.shape[1], (), (work.states.h,), (0,))
    _zero(work.states.c.shape[1], (), (work.states.c,), (0,))


@compiled
def _leaf_loss(z, leaf, label, C):
    """-log softmax(z)[label] of a leaf; z becomes exp(z - max z), and their sum is returned as well."""
    highest = z[leaf, 0]
    for j in range(1, C):
        highest = max(highest, z[leaf, j])
    distance = highest - z[leaf, label]
    _exp_of_difference(z.shape[1], (highest,), (z,), (leaf * z.shape[1],))
    total = z[leaf, 0]
    for j in range(1, C):
        total += z[leaf, j]
    return math.log(total) + distance, total


@compiled
def _logits(p, h, first, leaves, work, H):
    for leaf in range(leaves):
        _copy(work.z.shape[1], (), (work.z, p.c), (leaf * work.z.shape[1], 0))
    multiply(work.z, 0, h, first, work.V_transposed, leaves, H, True)


@compiled
def _forward(kind, p, forest, batch, work, H):
    """The states of all nodes of a batch, from row 1 on; row 0 is the state of no digits."""
    states = work.states
    width = states.h.shape[1]
    starts = forest.starts[batch]
    before, here = 0, 1
    for t in range(starts.shape[0] - 1):
        multiply(work.hU, 0, states.h, before, p.U, here - before, H, False)
        for k in range(starts[t], starts[t + 1]):
            n, parent = 1 + k - starts[0], forest.parent[k]
            step(kind, work, forest.digit[k], parent, states, before + parent, states, n, n, width)
        before, here = here, 1 + starts[t + 1] - starts[0]


@compiled
def _loss(forest, batch, work, C, summed):
    """The batch's mean loss; z of the leaves becomes dz, of the mean or of the sum."""
    z = work.z
    leaf_start, end = forest.starts[batch, -2], forest.starts[batch, -1]
    share = 1.0 / forest.batch_rows[batch]
    loss = 0.0
    for leaf in range(end - leaf_start):
        rows, label = forest.rows[leaf_start + leaf], forest.label[leaf_start + leaf]
        leaf_loss, total = _leaf_loss(z, leaf, label, C)
        loss += rows * share * leaf_loss
        weight = rows * (1.0 if summed else share)
        _scale(z.shape[1], (z.dtype.type(weight / total),), (z,), (leaf * z.shape[1],))
        for j in range(C, z.shape[1]):
            z[leaf, j] = 0
        z[leaf, label] -= z.dtype.type(weight)
    return loss


@compiled
def _backward(kind, p, g, forest, batch, work, H, M, C):
    """The gradients of all parameters."""
    h, d, q, z, dT = work.states.h, work.d, work.q, work.z, work.dT
    width, wide = h.shape[1], q.shape[1]
    columns = wide - width + H
    starts = forest.starts[batch]
    end = 1 + starts[-1] - starts[0]
    here = 1 + starts[-2] - starts[0]
    leaves = end - here

    _zero(z.shape[1], (), (g.c,), (0,))
    for leaf in range(leaves):
        _add(z.shape[1], (), (g.c, z), (0, leaf * z.shape[1]))
    multiply_transposed(g.V, z, 0, h, here, C, leaves)

    transpose(p.U, H, columns, work.U_transposed)
    _zero(here * wide, (), (q,), (0,))
    _zero(here * width, (), (d,), (0,))
    _zero(end * work.e.shape[1], (), (work.e,), (0,))
    _zero(dT.size, (), (dT,), (0,))
    multiply(d, here, z, 0, p.V, leaves, C, False)
    for t in range(starts.shape[0] - 2, -1, -1):
        before = 1 + starts[t - 1] - starts[0] if t else 0
        for n in range(here, end):
            k = starts[0] + n - 1
            step_back(kind, work, forest.digit[k], before + forest.parent[k], n, width)
        multiply(d, before, q, before, work.U_transposed, here - before, columns, True)
        here, end = before, here

    multiply_transposed(g.U, h, 1, q, 1, H, starts[-2] - starts[0])
    multiply_transposed(g.W, p.E, 0, dT, 0, M, dT.shape[0])
    transpose(p.W, M, columns, work.W_transposed)
    multiply(g.E, 0, dT, 0, work.W_transposed, dT.shape[0], columns, False)
    _zero(wide, (), (g.b,), (0,))
    for digit in range(dT.shape[0]):
        _add(wide, (), (g.b, dT), (0, digit * wide))


@compiled
def _answer(z, leaf, C):
    """The class with the highest logit; of equals the first."""
    answer = 0
    for j in range(1, C):
        if z[leaf, j] > z[leaf, answer]:
            answer = j
    return answer


@compiled
def _evaluate(kind, p, forest, leaf_weights, work, H, M, C):
    _tabulate(p, work, M, C, H)
    before, after = work.states, work.next_states
    width = before.h.shape[1]
    starts = forest.starts[0]
    rows = 1
    for t in range(starts.shape[0] - 1):
        multiply(work.hU, 0, before.h, 0, p.U, rows, H, False)
        for k in range(starts[t], starts[t + 1]):
            parent = forest.parent[k]
            step(kind, work, forest.digit[k], parent, before, parent, after, k - starts[t], 0, width)
        rows = starts[t + 1] - starts[t]
        before, after = after, before
    _logits(p, before.h, 0, rows, work, H)
    loss, right = 0.0, 0
    for leaf in range(rows):
        label = forest.label[starts[-2] + leaf]
        right += forest.rows[starts[-2] + leaf] * (_answer(work.z, leaf, C) == label)
        loss += leaf_weights[leaf] * _leaf_loss(work.z, leaf, label, C)[0]
    return loss, right


@compiled
def _right_draws(kind, p, first_digit, length, work, H, M, C):
    """How many of the draws with one first digit are answered rightly.

    Row j < 10 of the states is the trunk: second digit j, then zeros. Each step sprouts 90 branches after all rows that
    there are: for each trunk the nine values of a distractor, zeros from then on.
    """
    _tabulate(p, work, M, C, H)
    states, hU = work.states, work.hU
    width = states.h.shape[1]
    digits = work.T.shape[0]
    multiply(hU, 0, states.h, 0, p.U, 1, H, False)
    step(kind, work, first_digit, 0, states, 0, states, 0, 0, width)
    multiply(hU, 0, states.h, 0, p.U, 1, H, False)
    for trunk in range(digits - 1, -1, -1):  # the parent, row 0, last
        step(kind, work, trunk, 0, states, 0, states, trunk, 0, width)
    rows = digits
    for _ in range(2, length):
        multiply(hU, 0, states.h, 0, p.U, rows, H, False)
        sprout = rows
        for trunk in range(digits):
            for value in range(1, digits):
                step(kind, work, value, trunk, states, trunk, states, sprout, 0, width)
                sprout += 1
        for row in range(rows):
            step(kind, work, 0, row, states, row, states, row, 0, width)
        rows = sprout
    _logits(p, states.h, 0, rows, work, H)
    right = 0
    for row in range(rows):
        second_digit = row if row < digits else (row - digits) // (digits - 1) % digits
        draws = length - 2 if row < digits else 1
        right += draws * (_answer(work.z, row, C) == first_digit + second_digit)
    return right


@compiled
def _batch_loss(kind, p, forest, batch, work, H, M, C, summed):
    """Forward through a batch: its loss, with all that the backward needs in ``work``."""
    _tabulate(p, work, M, C, H)
    _forward(kind, p, forest, batch, work, H)
    start, leaves_start, end = forest.starts[batch, 0], forest.starts[batch, -2], forest.starts[batch, -1]
    _logits(p, work.states.h, 1 + leaves_start - start, end - leaves_start, work, H)
    return _loss(forest, batch, work, C, summed)


class EntryPoints(NamedTuple):
    """What is called from Python for one kind of cell."""

    train_steps: Any
    evaluate: Any
    right_draws: Any
    gradients: Any


@cache
def entry_points(kind: str) -> EntryPoints:
    """The compiled functions for one kind of cell, cached on disk.

    The cache knows a function by its own file and by its closure, not by the functions it calls. ``sources`` stands in
    the closure, so that a change in any file of this package compiles anew, and ``kind``, so that each has its own.
    """
    entry_point = njit(nogil=True, error_model="numpy", cache=True)
    sources = _digest_of_sources()

    @entry_point
    def train_steps(
        first, end, steps, eval_every, rule, p, g, optimizer, forest, eval_forest, eval_weights, work, record, H, M, C
    ):
        """Trains from step ``first`` up to ``end`` of ``steps``; evaluates and keeps the best as the Runner does.

        Returns:
            The step reached, and whether all went well: if not, the loss of that step, or of its evaluation, was not
            finite. Where the patience is over, training stops before ``end``.
        """
        sources  # noqa: B018
        for number in range(first, end):
            batch = number % forest.starts.shape[0]
            loss = _batch_loss(kind, p, forest, batch, work, H, M, C, rule.summed)
            record.step_losses[number] = loss
            if not math.isfinite(loss):
                return number, False
            _backward(kind, p, g, forest, batch, work, H, M, C)
            update(number, steps, rule, g, optimizer, work.d.shape[1], work.squares, record.gradient_norms)
            if number == steps - 1 or (number > 0 and number % eval_every == 0):
                eval_loss, right = _evaluate(kind, p, eval_forest, eval_weights, work, H, M, C)
                if not math.isfinite(eval_loss):
                    return number, False
                accuracy = right / eval_forest.batch_rows[0]
                index, best = record.counts
                record.evaluated_steps[index] = number
                record.eval_losses[index] = eval_loss
                record.eval_accuracies[index] = accuracy
                record.counts[0] = index + 1
                if index == 0 or accuracy > record.eval_accuracies[best]:
                    record.counts[1] = index
                    _copy(optimizer.kept.size, (), (optimizer.kept, optimizer.values), (0, 0))
                elif index - best >= rule.patience:
                    return number + 1, True
        return end, True

    @entry_point
    def evaluate(p, forest, leaf_weights, work, H, M, C):
        """Loss and number of right answers over a forest of one batch.

        Arguments:
            leaf_weights: what each leaf's loss counts in the mean of batch losses.
        """
        sources  # noqa: B018
        return _evaluate(kind, p, forest, leaf_weights, work, H, M, C)

    @entry_point
    def right_draws(p, first_digit, length, work, H, M, C):
        """How many of the ``100 * (length - 2)`` draws with one first digit are answered rightly."""
        sources  # noqa: B018
        return _right_draws(kind, p, first_digit, length, work, H, M, C)

    @entry_point
    def gradients(p, g, forest, batch, work, H, M, C):
        """The loss of one batch; the gradients of all parameters in ``g``, the states in ``work.states``."""
        sources  # noqa: B018
        loss = _batch_loss(kind, p, forest, batch, work, H, M, C, False)
        _backward(kind, p, g, forest, batch, work, H, M, C)
        return loss

    return EntryPoints(train_steps, evaluate, right_draws, gradients)


@cache
def _digest_of_sources() -> int:
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:7])
