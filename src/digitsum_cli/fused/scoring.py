"""Scoring, compiled: loss and number of correct answers on a forest, and correct answers on every draw."""

import math

import numpy as np

from digitsum_cli.fused.cells import step
from digitsum_cli.fused.compiled import compiled
from digitsum_cli.fused.forward import leaf_loss, logits, tabulate
from digitsum_cli.fused.simd.products import multiply

_STEPS_PER_MERGE = 8


@compiled
def score_forest(kind, p, forest, leaf_weights, work, H, M, C):
    """Returns the weighted loss and the number of correct answers on a forest of one batch."""
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
    loss, correct = 0.0, 0
    for leaf in range(rows):
        label = forest.label[starts[-2] + leaf]
        correct += forest.rows[starts[-2] + leaf] * (_answer(work.z, leaf, C) == label)
        loss += leaf_weights[leaf] * leaf_loss(work.z, leaf, label, C)[0]
    return loss, correct


@compiled
def count_correct_draws(kind, p, first_digit, labels, wanted, correct, work, H, M, C):
    """Counts the draws with a given first digit that are answered correctly, at several lengths in one pass.

    Arguments:
        labels: the labels by second digit.
        wanted: for each number of possible positions of the distractor, from 1 on, whether to count its draws.
        correct: where to add the counts.

    Rows j < 10 of the states are the trunks: second digit j, then zeros. Each step appends 90 branches after the
    existing rows: for each trunk the nine values of a distractor, followed by zeros. Branches that have come to the
    same state stay the same, so they are merged, which makes networks with attractors several times as fast.
    """
    tabulate(p, work, M, C, H)
    states, hU = work.states, work.hU
    width = states.h.shape[1]
    digits = work.T.shape[0]
    kind_of_row = np.empty(hU.shape[0], np.int64)  # of branches: the trunk and the value
    draws = np.zeros(hU.shape[0], np.int64)  # of trunks: those that were merged into it
    latest = np.empty((digits * (digits - 1), 2), np.int64)
    multiply(hU, 0, states.h, 0, p.U, 1, H, False)
    step(kind, work, first_digit, 0, states, 0, states, 0, 0, width)
    multiply(hU, 0, states.h, 0, p.U, 1, H, False)
    for trunk in range(digits - 1, -1, -1):  # the parent, row 0, last
        step(kind, work, trunk, 0, states, 0, states, trunk, 0, width)
    rows = digits
    for place in range(wanted.shape[0]):
        multiply(hU, 0, states.h, 0, p.U, rows, H, False)
        branch = rows
        for trunk in range(digits):
            for value in range(1, digits):
                step(kind, work, value, trunk, states, trunk, states, branch, 0, width)
                kind_of_row[branch] = trunk * (digits - 1) + value - 1
                draws[branch] = 1
                branch += 1
        for row in range(rows):
            step(kind, work, 0, row, states, row, states, row, 0, width)
        rows = branch
        if place % _STEPS_PER_MERGE == _STEPS_PER_MERGE - 1:
            rows = _merge_equal_states(states, kind_of_row, draws, latest, digits, rows)
        if not wanted[place]:
            continue
        logits(p, states.h, 0, rows, work, H)
        for row in range(rows):
            second_digit = row if row < digits else kind_of_row[row] // (digits - 1)
            without_distractor = place + 1 if row < digits else 0
            correct[place] += (draws[row] + without_distractor) * (_answer(work.z, row, C) == labels[second_digit])


@compiled
def _merge_equal_states(states, kind_of_row, draws, latest, digits, rows):
    """Merges each branch into its trunk, or one of the two previous branches of its kind, if their states are equal.

    Two, since rounding can make a state alternate between two values.

    Returns:
        The number of rows that are left; they keep their order.
    """
    latest[:] = -1
    kept = digits
    for row in range(digits, rows):
        kind = kind_of_row[row]
        target = kind // (digits - 1)
        if not _equal_states(states, row, target):
            target = latest[kind, 0]
            if target < 0 or not _equal_states(states, row, target):
                target = latest[kind, 1]
                if target < 0 or not _equal_states(states, row, target):
                    target = -1
        if target >= 0:
            draws[target] += draws[row]
            continue
        if kept < row:
            states.h[kept] = states.h[row]
            states.c[kept] = states.c[row]
            kind_of_row[kept] = kind
            draws[kept] = draws[row]
        latest[kind, 1] = latest[kind, 0]
        latest[kind, 0] = kept
        kept += 1
    return kept


@compiled
def _equal_states(states, row, other):
    return _equal_rows(states.h, row, other) and _equal_rows(states.c, row, other)


@compiled
def _equal_rows(matrix, row, other):
    for j in range(matrix.shape[1]):  # noqa: SIM110 (not available in compiled code)
        if matrix[row, j] != matrix[other, j]:
            return False
    return True


@compiled
def _answer(z, leaf, C):
    """The class with the highest logit, on a tie the first; -1 if a logit is NaN."""
    answer = 0
    for j in range(C):
        if math.isnan(z[leaf, j]):
            return -1
        if z[leaf, j] > z[leaf, answer]:
            answer = j
    return answer
