"""The prefix forest: rows with a common prefix share their states.

A state depends only on the digits read so far. The rows of an unshuffled batch belong to three or four pairs of first
digits, which are followed by zeros, so many rows share their states up to their distractors. The rows of a batch
therefore form a forest: there is a *node* for each different prefix, and its *parent* is the prefix without the last
digit. The forward pass computes each node's state once; the backward pass sums the gradients of a node's children
before they pass through the node. The result equals that of computing every row separately, except for the order of
additions.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.generation import Rows
from digitsum_cli.fused.compile_cache import compiled_and_cached

Indices = npt.NDArray[np.intp]


class Forest(NamedTuple):
    """The prefixes of several batches, node by node: ordered by batch, then by step.

    Arguments:
        starts: the first node of each batch and step, of shape ``(batches, length + 1)``; the last entry of a row is
            where the batch ends. In a batch of shorter rows, the first steps have no nodes.
        digit: the last digit of each node's prefix.
        parent: each node's parent, counted from the first node of the previous step.
        label: the label of the rows that end in a node; only meaningful for the nodes of the last step.
        rows: the number of rows that pass through each node.
        batch_rows: the number of rows in each batch.
    """

    starts: Indices
    digit: Indices
    parent: Indices
    label: Indices
    rows: Indices
    batch_rows: Indices

    @property
    def length(self) -> int:
        """Digits per row."""
        return int(self.starts.shape[1]) - 1

    @property
    def batches(self) -> int:
        """The number of batches."""
        return len(self.batch_rows)

    @property
    def most_nodes(self) -> int:
        """The number of nodes in the largest batch."""
        return int((self.starts[:, -1] - self.starts[:, 0]).max())

    @property
    def widest_step(self) -> int:
        """The largest number of nodes in a single step of a batch."""
        return int(np.diff(self.starts, axis=1).max())

    def for_epoch(self, epoch: int) -> "Forest":
        """Returns itself: the rows are the same in every epoch."""
        return self


class Forests(Protocol):
    """The forests of all epochs: always the same, or a new one per epoch, with equal ``length`` and ``batches``."""

    @property
    def length(self) -> int:
        """Digits per row."""

    @property
    def batches(self) -> int:
        """The number of batches per epoch."""

    @property
    def most_nodes(self) -> int:
        """An upper bound of the number of nodes in a batch."""

    @property
    def widest_step(self) -> int:
        """An upper bound of the number of nodes in a step of a batch."""

    def for_epoch(self, epoch: int) -> Forest:
        """The batches of an epoch, counted from 0."""


class PerEpochForests:
    """A new forest for each epoch, for rows that vary by epoch.

    Arguments:
        rows_of_epoch: returns the rows of an epoch, counted from 0; all epochs have the same number of rows.
        batch_size: rows per batch.
    """

    def __init__(self, rows_of_epoch: Callable[[int], Rows], batch_size: int) -> None:
        self._rows_of_epoch, self._batch_size = rows_of_epoch, batch_size
        rows, self.length = rows_of_epoch(0).digits.shape
        self.batches = -(-rows // batch_size)
        self.widest_step = min(rows, batch_size)
        self.most_nodes = self.widest_step * self.length

    def for_epoch(self, epoch: int) -> Forest:
        """Builds the forest of an epoch."""
        return build_prefix_forest(self._rows_of_epoch(epoch), self._batch_size)


def build_prefix_forest(rows: Rows, batch_size: int) -> Forest:
    """Builds the forest of the batches of ``batch_size`` rows, in order; the last batch may be smaller.

    The nodes of a step are numbered in the order in which the batch's rows first reach them.

    Arguments:
        rows: digits of shape ``(rows, length)`` and labels, and perhaps the lengths of the batches.
        batch_size: rows per batch.
    """
    batch_size = min(batch_size, len(rows))
    batches = -(-len(rows) // batch_size)
    starts = np.empty((batches, rows.digits.shape[1] + 1), np.intp)
    nodes = np.empty((4, rows.digits.size), np.intp)  # pages that are never written take no memory
    symbols = int(rows.digits.max()) + 1
    lengths = np.full(batches, rows.digits.shape[1]) if rows.batch_lengths is None else rows.batch_lengths
    count = _build(np.ascontiguousarray(rows.digits), rows.labels, symbols, batch_size, lengths, starts, nodes)
    digit, parent, label, rows_through = nodes[:, :count].copy()
    batch_rows = np.full(batches, batch_size)
    batch_rows[-1] = len(rows) - (batches - 1) * batch_size
    return Forest(starts, digit, parent, label, rows_through, batch_rows)


@compiled_and_cached(nogil=True)
def _build(digits, labels, symbols, batch_size, lengths, starts, nodes):
    """Fills ``starts`` and the columns of ``nodes``, and returns the number of nodes."""
    digit, parent, label, rows_through = nodes
    rows, length = digits.shape
    child = np.empty((batch_size, symbols), np.intp)  # the child of a node of the previous step, by digit; -1 for none
    node_of_row = np.empty(batch_size, np.intp)  # within its step
    node = 0
    for batch in range(starts.shape[0]):
        first_row = batch * batch_size
        batch_rows = min(batch_size, rows - first_row)
        node_of_row[:] = 0
        parents = 1
        unread = length - lengths[batch]
        starts[batch, :unread] = node
        for t in range(unread, length):
            starts[batch, t] = start = node
            child[:parents] = -1
            for row in range(batch_rows):
                read, before = digits[first_row + row, t], node_of_row[row]
                if child[before, read] < 0:
                    child[before, read] = node - start
                    digit[node], parent[node], label[node], rows_through[node] = (
                        read,
                        before,
                        labels[first_row + row],
                        0,
                    )
                    node += 1
                node_of_row[row] = child[before, read]
                rows_through[start + node_of_row[row]] += 1
            parents = node - start
        starts[batch, length] = node
    return node
