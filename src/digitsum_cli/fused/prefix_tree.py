"""Rows that begin alike share their states.

A state depends on the digits read so far and on nothing else. The rows of an unshuffled batch belong to three or four
pairs of first digits and then read zeros, so up to their distractors many of them are in the very same state. The
batch's rows therefore form a forest: a *node* for each different prefix, its *parent* the prefix without the last
digit. Forward, each node's state is computed once; backward, the gradients of a node's children are added up before
they go through the node. The result is that of computing every row for itself, but for the order of additions.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.generation import Rows

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


@dataclass
class _Nodes:
    digit: list[int]
    parent: list[int]
    label: list[int]
    rows: list[int]


def plant_forest(rows: Rows, batch_size: int) -> Forest:
    """The prefixes of each batch of ``batch_size`` rows, in order; the last batch may be shorter.

    Arguments:
        rows: digits of shape ``(rows, length)`` and labels.
        batch_size: rows in a batch.
    """
    nodes = _Nodes([], [], [], [])
    starts, batch_rows = [], []
    for first in range(0, len(rows), batch_size):
        digits = rows.digits[first : first + batch_size]
        starts.append(_plant(digits.T.tolist(), rows.labels[first : first + batch_size].tolist(), nodes))
        batch_rows.append(len(digits))
    return Forest(*(np.array(values, dtype=np.intp) for values in (starts, *vars(nodes).values(), batch_rows)))


def _plant(digits_by_step: list[list[int]], labels: list[int], nodes: _Nodes) -> list[int]:
    """Adds one batch's nodes; returns where its steps start."""
    starts = []
    node_of_row = [0] * len(labels)
    for digits in digits_by_step:
        start = len(nodes.digit)
        starts.append(start)
        known: dict[tuple[int, int], int] = {}
        for row, prefix in enumerate(zip(node_of_row, digits, strict=True)):
            if prefix not in known:
                known[prefix] = len(known)
                nodes.parent.append(prefix[0])
                nodes.digit.append(prefix[1])
                nodes.label.append(labels[row])
                nodes.rows.append(0)
            node_of_row[row] = known[prefix]
            nodes.rows[start + known[prefix]] += 1
    return [*starts, len(nodes.digit)]
