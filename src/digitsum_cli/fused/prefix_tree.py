"""Rows that begin alike share their states.

A state depends on the digits read so far and on nothing else. The rows of an unshuffled batch belong to three or four
pairs of first digits and then read zeros, so up to their distractors many of them are in the very same state. The
batch's rows therefore form a forest: a *node* for each different prefix, its *parent* the prefix without the last
digit. Forward, each node's state is computed once; backward, the gradients of a node's children are added up before
they go through the node. The result is that of computing every row for itself, but for the order of additions.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.generation import DIGITS, Rows

Indices = npt.NDArray[np.intp]


class Forest(NamedTuple):
    """The prefixes of several batches, node by node: batch after batch, within a batch step after step.

    Arguments:
        starts: the first node of each batch and step, of shape ``(batches, length + 1)``; the last entry of a row is
            where the batch ends.
        digit: the last digit of each node's prefix.
        parent: each node's parent, counted from the first node of the step before.
        label: the label of the rows that end in a node; it has a meaning for the nodes of the last step alone.
        rows: how many rows go through each node.
        batch_rows: how many rows each batch has.
    """

    starts: Indices
    digit: Indices
    parent: Indices
    label: Indices
    rows: Indices
    batch_rows: Indices

    @property
    def most_nodes(self) -> int:
        """The nodes of the largest batch."""
        return int((self.starts[:, -1] - self.starts[:, 0]).max())

    @property
    def widest_step(self) -> int:
        """The most nodes that a single step of a batch has."""
        return int(np.diff(self.starts, axis=1).max())


def plant_forest(rows: Rows, batch_size: int) -> Forest:
    """The prefixes of each batch of ``batch_size`` rows, in order; the last batch may be shorter.

    The nodes of a step are numbered in the order in which the rows of their batch come to them.

    Arguments:
        rows: digits of shape ``(rows, length)`` and labels.
        batch_size: rows in a batch.
    """
    batch_of_row = np.arange(len(rows)) // batch_size
    batches = int(batch_of_row[-1]) + 1
    node_of_row = np.zeros(len(rows), dtype=np.intp)  # within its batch and step
    steps, widths = [], []
    for digits in rows.digits.T.astype(np.intp):
        prefix = (batch_of_row * batch_size + node_of_row) * DIGITS + digits
        first_row, nth_node_of_row = _numbered_by_first_row(prefix)
        steps.append(
            np.stack(
                [
                    batch_of_row[first_row],
                    digits[first_row],
                    node_of_row[first_row],
                    rows.labels[first_row],
                    np.bincount(nth_node_of_row),
                ]
            )
        )
        width = np.bincount(batch_of_row[first_row], minlength=batches)
        widths.append(width)
        node_of_row = nth_node_of_row - (np.cumsum(width) - width)[batch_of_row]
    nodes = np.concatenate(steps, axis=1)
    _, digit, parent, label, rows_through = nodes.take(np.argsort(nodes[0], kind="stable"), axis=1)
    starts = np.zeros((batches, len(widths) + 1), dtype=np.intp)
    starts[:, 1:] = np.cumsum(np.stack(widths, axis=1)).reshape(batches, -1)
    starts[1:, 0] = starts[:-1, -1]
    return Forest(starts, digit, parent, label, rows_through, np.bincount(batch_of_row))


def _numbered_by_first_row(prefix: Indices) -> tuple[Indices, Indices]:
    """The first row of each different prefix, in rising order, and for each row the number of its prefix therein."""
    _, first_row, nth_value_of_row = np.unique(prefix, return_index=True, return_inverse=True)
    order = np.argsort(first_row)
    number_of_value = np.empty_like(order)
    number_of_value[order] = np.arange(len(order))
    return first_row[order], number_of_value[nth_value_of_row]
