"""Training steps of one trial, compiled: forward, backward through time, Adam, evaluation.

Symbols are those of the experiment: E is the embedding's table (10, M); W (M, H), U (H, H), b the recurrent layer; V
(C, H) and c the linear layer. A *node* n is a prefix that rows of the batch share (see ``prefix_tree``), x_n its last
digit, p(n) its parent, r_n the number of rows that go through it, B the rows of the batch.

Forward, with T = E W + b computed once a batch (ten rows instead of one for every digit read):

    h_n = tanh(T[x_n] + h_{p(n)} U),    h of no digits = 0
    z_n = h_n V^T + c                                               for the leaves, the nodes of the last step
    loss = 1/B sum over leaves of r_n (log sum_j exp z_nj - z_ny)   with y the label

Backward. Let d_n be the gradient with respect to a_n = T[x_n] + h_{p(n)} U. A leaf gets its gradient from z, every
other node from its children, whose a all hold the same h_n:

    dz_n = r_n / B (softmax(z_n) - onehot(y))
    d_n = (dz_n V) (1 - h_n^2)              for a leaf
    q_n = sum over children m of d_m,   d_n = (q_n U^T) (1 - h_n^2)      for the others

since tanh' = 1 - tanh^2. The sums over nodes that give the weights' gradients are gathered after the last step back:

    dU = sum over n of h_n^T q_n        dV = sum over leaves of dz_n^T h_n      dc = sum over leaves of dz_n
    dT[j] = sum over n with x_n = j of d_n
    dW = E^T dT         dE = dT W^T         db = sum over j of dT[j]

Adam (Kingma and Ba 2015, algorithm 1), with the corrections arranged as in ``torch.optim.Adam``. The rows of all
matrices are padded with zeros (see ``products``); the padding's gradients are 0, so it stays 0.
"""

import hashlib
import math
from pathlib import Path
from typing import Any

from numba import njit

from digitsum_cli.fused.elementary import exp, tanh
from digitsum_cli.fused.products import multiply, multiply_transposed, transpose
from digitsum_cli.fused.vectors import Vector, elementwise

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8
"""The defaults of ``torch.optim.Adam``."""


def _adam(
    step_size: Vector, root_of_correction: Vector, value: Vector, first: Vector, second: Vector, gradient: Vector
) -> tuple[Vector, Vector, Vector]:
    first = first + (1 - BETA_1) * (gradient - first)
    second = BETA_2 * second + (1 - BETA_2) * gradient * gradient
    return value - step_size * first / (second.sqrt() / root_of_correction + EPSILON), first, second


_tanh = elementwise(lambda _, a: tanh(a))
_tanh_of_sum = elementwise(lambda _, a, b: tanh(a + b))
_exp_of_difference = elementwise(lambda shift, x: exp(x - shift))
_copy = elementwise(lambda _, x: x)
_zero = elementwise(lambda x: x.constant(0.0))
_scale = elementwise(lambda factor, x: factor * x)
_add = elementwise(lambda total, x: total + x)
_through_tanh = elementwise(lambda d, h: d * (1.0 - h * h))
_adam_step = elementwise(_adam)

_compiled: Any = njit(nogil=True, error_model="numpy", inline="always")
"""Written into the functions that call it: compiling is quicker so than linking and optimising step by step."""


@_compiled
def _tabulate(p, work, H, M, C):
    """T = E W + b, and the transposed copies."""
    width = work.T.shape[1]
    for digit in range(work.T.shape[0]):
        _copy(width, (), (work.T, p.b), (digit * width, 0))
    multiply(work.T, 0, p.E, 0, p.W, work.T.shape[0], M, True)
    transpose(p.V, C, H, work.V_transposed)


@_compiled
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


@_compiled
def _logits(p, h, first, leaves, work, H):
    for leaf in range(leaves):
        _copy(work.z.shape[1], (), (work.z, p.c), (leaf * work.z.shape[1], 0))
    multiply(work.z, 0, h, first, work.V_transposed, leaves, H, True)


@_compiled
def _forward(p, forest, batch, work, H):
    """The states of all nodes of a batch."""
    h, T, hU = work.h, work.T, work.hU
    width = h.shape[1]
    starts = forest.starts[batch]
    for n in range(starts[1] - starts[0]):
        _tanh(width, (), (h, T), (n * width, forest.digit[starts[0] + n] * width))
    for t in range(1, starts.shape[0] - 1):
        before = starts[t - 1] - starts[0]
        here = starts[t] - starts[0]
        multiply(hU, 0, h, before, p.U, here - before, H, False)
        for n in range(starts[t], starts[t + 1]):
            offsets = ((n - starts[0]) * width, forest.digit[n] * width, forest.parent[n] * width)
            _tanh_of_sum(width, (), (h, T, hU), offsets)


@_compiled
def _loss(forest, batch, work, C):
    """The batch's loss; z of the leaves becomes dz."""
    z = work.z
    leaf_start, end = forest.starts[batch, -2], forest.starts[batch, -1]
    share = 1.0 / forest.batch_rows[batch]
    loss = 0.0
    for leaf in range(end - leaf_start):
        label = forest.label[leaf_start + leaf]
        weight = forest.rows[leaf_start + leaf] * share
        leaf_loss, total = _leaf_loss(z, leaf, label, C)
        loss += weight * leaf_loss
        factor = z.dtype.type(weight / total)
        _scale(z.shape[1], (factor,), (z,), (leaf * z.shape[1],))
        for j in range(C, z.shape[1]):
            z[leaf, j] = 0
        z[leaf, label] -= z.dtype.type(weight)
    return loss


@_compiled
def _backward(p, g, forest, batch, work, H, M, C):
    """The gradients of all parameters."""
    h, d, q, z, dT = work.h, work.d, work.q, work.z, work.dT
    width = h.shape[1]
    starts = forest.starts[batch]
    leaves_start = starts[-2] - starts[0]
    nodes = starts[-1] - starts[0]
    leaves = nodes - leaves_start

    _zero(z.shape[1], (), (g.c,), (0,))
    for leaf in range(leaves):
        _add(z.shape[1], (), (g.c, z), (0, leaf * z.shape[1]))
    multiply_transposed(g.V, z, 0, h, leaves_start, C, leaves)

    multiply(d, leaves_start, z, 0, p.V, leaves, C, False)
    _through_tanh(leaves * width, (), (d, h), (leaves_start * width, leaves_start * width))
    transpose(p.U, H, H, work.U_transposed)
    _zero(leaves_start * width, (), (q,), (0,))
    for t in range(starts.shape[0] - 2, 0, -1):
        here = starts[t] - starts[0]
        before = starts[t - 1] - starts[0]
        for n in range(here, starts[t + 1] - starts[0]):
            parent = before + forest.parent[starts[0] + n]
            _add(width, (), (q, d), (parent * width, n * width))
        multiply(d, before, q, before, work.U_transposed, here - before, H, False)
        _through_tanh((here - before) * width, (), (d, h), (before * width, before * width))

    multiply_transposed(g.U, h, 0, q, 0, H, leaves_start)
    _zero(dT.size, (), (dT,), (0,))
    for n in range(nodes):
        _add(width, (), (dT, d), (forest.digit[starts[0] + n] * width, n * width))
    multiply_transposed(g.W, p.E, 0, dT, 0, M, dT.shape[0])
    transpose(p.W, M, H, work.W_transposed)
    multiply(g.E, 0, dT, 0, work.W_transposed, dT.shape[0], H, False)
    _zero(width, (), (g.b,), (0,))
    for digit in range(dT.shape[0]):
        _add(width, (), (g.b, dT), (0, digit * width))


@_compiled
def _answer(z, leaf, C):
    """The class with the highest logit; of equals the first."""
    answer = 0
    for j in range(1, C):
        if z[leaf, j] > z[leaf, answer]:
            answer = j
    return answer


@_compiled
def _evaluate(p, forest, leaf_weights, work, H, M, C):
    _tabulate(p, work, H, M, C)
    T, hU = work.T, work.hU
    h, next_h = work.h, work.next_h
    width = h.shape[1]
    starts = forest.starts[0]
    for n in range(starts[0], starts[1]):
        _tanh(width, (), (h, T), (n * width, forest.digit[n] * width))
    for t in range(1, starts.shape[0] - 1):
        multiply(hU, 0, h, 0, p.U, starts[t] - starts[t - 1], H, False)
        for n in range(starts[t], starts[t + 1]):
            offsets = ((n - starts[t]) * width, forest.digit[n] * width, forest.parent[n] * width)
            _tanh_of_sum(width, (), (next_h, T, hU), offsets)
        h, next_h = next_h, h
    leaves_start = starts[-2]
    leaves = starts[-1] - leaves_start
    _logits(p, h, 0, leaves, work, H)
    loss, right = 0.0, 0
    for leaf in range(leaves):
        label = forest.label[leaves_start + leaf]
        right += forest.rows[leaves_start + leaf] * (_answer(work.z, leaf, C) == label)
        loss += leaf_weights[leaf] * _leaf_loss(work.z, leaf, label, C)[0]
    return loss, right


@_compiled
def _right_draws(p, first_digit, length, work, H, M, C):
    """How many of the draws with one first digit are answered rightly.

    Row j < 10 of h is the trunk: second digit j, then zeros. Each step sprouts 90 branches after all rows there are:
    for each trunk the nine values of a distractor, zeros from then on.
    """
    _tabulate(p, work, H, M, C)
    h, T, hU = work.h, work.T, work.hU
    width = h.shape[1]
    digits = T.shape[0]
    for trunk in range(digits):
        _tanh(width, (), (h, T), (trunk * width, first_digit * width))
    multiply(hU, 0, h, 0, p.U, digits, H, False)
    for trunk in range(digits):
        _tanh_of_sum(width, (), (h, T, hU), (trunk * width, trunk * width, trunk * width))
    rows = digits
    for _ in range(2, length):
        multiply(hU, 0, h, 0, p.U, rows, H, False)
        sprout = rows
        for trunk in range(digits):
            for value in range(1, digits):
                _tanh_of_sum(width, (), (h, T, hU), (sprout * width, value * width, trunk * width))
                sprout += 1
        for row in range(rows):
            _tanh_of_sum(width, (), (h, T, hU), (row * width, 0, row * width))
        rows = sprout
    _logits(p, h, 0, rows, work, H)
    right = 0
    for row in range(rows):
        second_digit = row if row < digits else (row - digits) // (digits - 1) % digits
        draws = length - 2 if row < digits else 1
        right += draws * (_answer(work.z, row, C) == first_digit + second_digit)
    return right


@_compiled
def _batch_loss(p, forest, batch, work, H, M, C):
    """Forward through a batch: its loss, with all that the backward needs in ``work``."""
    _tabulate(p, work, H, M, C)
    _forward(p, forest, batch, work, H)
    start, leaves_start, end = forest.starts[batch, 0], forest.starts[batch, -2], forest.starts[batch, -1]
    _logits(p, work.h, leaves_start - start, end - leaves_start, work, H)
    return _loss(forest, batch, work, C)


@_compiled
def _train_step(step, lr, p, g, adam, forest, work, H, M, C):
    """One update on the batch whose turn it is; returns its loss. A loss that is not finite updates nothing."""
    batch = step % forest.starts.shape[0]
    loss = _batch_loss(p, forest, batch, work, H, M, C)
    if math.isfinite(loss):
        _backward(p, g, forest, batch, work, H, M, C)
        number = adam.values.dtype.type
        step_size = number(lr / (1 - BETA_1 ** (step + 1)))
        root_of_correction = number(math.sqrt(1 - BETA_2 ** (step + 1)))
        arrays = (adam.values, adam.first_moments, adam.second_moments, adam.gradients)
        _adam_step(adam.values.shape[0], (step_size, root_of_correction), arrays, (0, 0, 0, 0))
    return loss


def _compile_entry_points(sources: int) -> tuple[Any, Any, Any, Any]:
    """What is called from Python, cached on disk.

    The cache knows a function by its own file and by its closure, not by the functions it calls. ``sources`` stands in
    the closure, so that a change in any file of this package compiles anew.
    """
    entry_point = njit(nogil=True, error_model="numpy", cache=True)

    @entry_point
    def train_steps(
        first, end, steps, eval_every, lr, p, g, adam, forest, eval_forest, eval_weights, work, record, H, M, C
    ):
        """Trains from step ``first`` up to ``end`` of ``steps``; evaluates and keeps the best as the Runner does.

        Returns:
            The step reached: ``end``, or the step whose loss, or whose evaluation's loss, was not finite.
        """
        sources  # noqa: B018
        for step in range(first, end):
            loss = _train_step(step, lr, p, g, adam, forest, work, H, M, C)
            record.step_losses[step] = loss
            if not math.isfinite(loss):
                return step
            if step == steps - 1 or (step > 0 and step % eval_every == 0):
                eval_loss, right = _evaluate(p, eval_forest, eval_weights, work, H, M, C)
                if not math.isfinite(eval_loss):
                    return step
                accuracy = right / eval_forest.batch_rows[0]
                index, best = record.counts
                record.evaluated_steps[index] = step
                record.eval_losses[index] = eval_loss
                record.eval_accuracies[index] = accuracy
                record.counts[0] = index + 1
                if index == 0 or accuracy > record.eval_accuracies[best]:
                    record.counts[1] = index
                    _copy(adam.kept.size, (), (adam.kept, adam.values), (0, 0))
        return end

    @entry_point
    def evaluate(p, forest, leaf_weights, work, H, M, C):
        """Loss and number of right answers over a forest of one batch.

        Arguments:
            leaf_weights: what each leaf's loss counts in the mean of batch losses.
        """
        sources  # noqa: B018
        return _evaluate(p, forest, leaf_weights, work, H, M, C)

    @entry_point
    def right_draws(p, first_digit, length, work, H, M, C):
        """How many of the ``100 * (length - 2)`` draws with one first digit are answered rightly."""
        sources  # noqa: B018
        return _right_draws(p, first_digit, length, work, H, M, C)

    @entry_point
    def gradients(p, g, forest, batch, work, H, M, C):
        """The loss of one batch; the gradients of all parameters in ``g``, the states in ``work.h``."""
        sources  # noqa: B018
        loss = _batch_loss(p, forest, batch, work, H, M, C)
        _backward(p, g, forest, batch, work, H, M, C)
        return loss

    return train_steps, evaluate, right_draws, gradients


def _digest_of_sources() -> int:
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:7])


train_steps, evaluate, right_draws, gradients = _compile_entry_points(_digest_of_sources())
