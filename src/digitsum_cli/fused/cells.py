"""The cells of the compiled trainer: their interface, and how compiled code calls them.

In compiled code a cell is represented by its import path in the registry, ``package.module:name``. It is a constant
string, by which Numba's on-disk cache identifies the functions compiled for it.
"""

from collections.abc import Callable
from typing import NamedTuple

from numba import types
from numba.extending import overload

from digitsum_cli.core.registry import load


class CompiledCell(NamedTuple):
    """A compiled cell.

    Arguments:
        gates: the subscripts of the parameters, one for each block of W, U and b; empty for a cell with one block.
        saved: the number of blocks of ``hidden_size`` columns that a node saves for the backward pass.
        c: the number of blocks of its state besides h.
        step: computes the state of a node; see ``step``.
        step_back: computes the gradients through a node; see ``step_back``.
    """

    gates: tuple[str, ...]
    saved: int
    c: int
    step: Callable[..., None]
    step_back: Callable[..., None]


def step(cell, work, T_row, hU_row, before, parent, after, n, saved, width):
    """Computes the state of node n and writes it to row n of ``after``.

    Arguments:
        cell: its import path, a constant.
        work: holds T, hU and the gates.
        T_row, hU_row: the node's rows in T and hU.
        before, parent: the parent's state is row ``parent`` of ``before``.
        after, n: the state is written to row ``n`` of ``after``.
        saved: the row for the gates.
        width: the number of columns of h.
    """
    raise NotImplementedError("only available in compiled code")


def step_back(cell, work, digit, parent, n, width):
    """Propagates the gradients of node n's state to those of T[digit], of ``h_p U`` and of the parent's state."""
    raise NotImplementedError("only available in compiled code")


@overload(step, inline="always", prefer_literal=True)
def _step(cell, work, T_row, hU_row, before, parent, after, n, saved, width):
    if not isinstance(
        cell, types.StringLiteral
    ):  # Numba retries this way when typing fails; its first error is the useful one
        return None
    step_of_cell = load(cell.literal_value).step

    def call(cell, work, T_row, hU_row, before, parent, after, n, saved, width):
        step_of_cell(work, T_row, hU_row, before, parent, after, n, saved, width)

    return call


@overload(step_back, inline="always", prefer_literal=True)
def _step_back(cell, work, digit, parent, n, width):
    if not isinstance(cell, types.StringLiteral):
        return None
    step_back_of_cell = load(cell.literal_value).step_back

    def call(cell, work, digit, parent, n, width):
        step_back_of_cell(work, digit, parent, n, width)

    return call
