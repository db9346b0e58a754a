"""How weights do on rows, compiled: loss and right answers of a forest, and of every draw."""

import math

from digitsum_cli.fused.cells import step
from digitsum_cli.fused.compiled import compiled
from digitsum_cli.fused.forward import leaf_loss, logits, tabulate
from digitsum_cli.fused.simd.products import multiply


@compiled
def score_forest(kind, p, forest, leaf_weights, work, H, M, C):
    """Loss and number of right answers over a forest of one batch, each leaf's loss with its weight."""
    tabulate(p, work, M, C, H)
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
    logits(p, before.h, 0, rows, work, H)
    loss, right = 0.0, 0
    for leaf in range(rows):
        label = forest.label[starts[-2] + leaf]
        right += forest.rows[starts[-2] + leaf] * (_answer(work.z, leaf, C) == label)
        loss += leaf_weights[leaf] * leaf_loss(work.z, leaf, label, C)[0]
    return loss, right


@compiled
def count_correct_draws(kind, p, first_digit, labels, positions, work, H, M, C):
    """How many of the draws with one first digit are answered correctly.

    Arguments:
        labels: by second digit.
        positions: that the distractor can have.

    Row j < 10 of the states is the trunk: second digit j, then zeros. Each step sprouts 90 branches after all rows that
    there are: for each trunk the nine values of a distractor, zeros from then on.
    """
    tabulate(p, work, M, C, H)
    states, hU = work.states, work.hU
    width = states.h.shape[1]
    digits = work.T.shape[0]
    multiply(hU, 0, states.h, 0, p.U, 1, H, False)
    step(kind, work, first_digit, 0, states, 0, states, 0, 0, width)
    multiply(hU, 0, states.h, 0, p.U, 1, H, False)
    for trunk in range(digits - 1, -1, -1):  # the parent, row 0, last
        step(kind, work, trunk, 0, states, 0, states, trunk, 0, width)
    rows = digits
    for _ in range(positions):
        multiply(hU, 0, states.h, 0, p.U, rows, H, False)
        sprout = rows
        for trunk in range(digits):
            for value in range(1, digits):
                step(kind, work, value, trunk, states, trunk, states, sprout, 0, width)
                sprout += 1
        for row in range(rows):
            step(kind, work, 0, row, states, row, states, row, 0, width)
        rows = sprout
    logits(p, states.h, 0, rows, work, H)
    right = 0
    for row in range(rows):
        second_digit = row if row < digits else (row - digits) // (digits - 1) % digits
        draws = positions if row < digits else 1
        right += draws * (_answer(work.z, row, C) == labels[second_digit])
    return right


@compiled
def _answer(z, leaf, C):
    """The class with the highest logit; of equals the first. If one is no number, there is no answer: -1."""
    answer = 0
    for j in range(C):
        if math.isnan(z[leaf, j]):
            return -1
        if z[leaf, j] > z[leaf, answer]:
            answer = j
    return answer
