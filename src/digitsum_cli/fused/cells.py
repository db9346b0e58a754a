"""The cells of the compiled trainer: what each gives, and how compiled code calls it.

In compiled code a cell is where the registry says that it is, as ``package.module:name``: a constant, and a string, by
which Numba's cache on disk knows the functions compiled for it.
"""

from collections.abc import Callable
from typing import NamedTuple

from numba import types
from numba.extending import overload

from digitsum_cli.core.registry import load


class CompiledCell(NamedTuple):
    """A cell, compiled.

    Arguments:
        gates: the subscripts of the parameters, one for each block of W, U and b; none for a cell with one block.
        kept: blocks of ``hidden_size`` columns that a node keeps for the way back.
        c: blocks of its state beside h.
        step: gives the state of node n, row n of ``after``; see ``step``.
        step_back: gives the gradients through node n; see ``step_back``.
    """

    gates: tuple[str, ...]
    kept: int
    c: int
    step: Callable[..., None]
    step_back: Callable[..., None]


def step(cell, work, T_row, hU_row, before, parent, after, n, kept, width):
    """The state of node n: row n of ``after``.

    Arguments:
        cell: where it is, a constant.
        work: T, hU, and room for the gates.
        T_row, hU_row: of the node.
        before, parent: the parent's state is that row.
        after, n: where the state goes.
        kept: the row of the gates.
        width: the columns of h.
    """
    raise NotImplementedError("for compiled code alone")


def step_back(cell, work, digit, parent, n, width):
    """From the gradients of node n's state to those of T[digit], of ``h_p U`` and of the parent's state."""
    raise NotImplementedError("for compiled code alone")


@overload(step, inline="always", prefer_literal=True)
def _step(cell, work, T_row, hU_row, before, parent, after, n, kept, width):
    if not isinstance(cell, types.StringLiteral):  # tried by Numba when typing fails, whose error is the one to see
        return None
    step_of_cell = load(cell.literal_value).step

    def call(cell, work, T_row, hU_row, before, parent, after, n, kept, width):
        step_of_cell(work, T_row, hU_row, before, parent, after, n, kept, width)

    return call


@overload(step_back, inline="always", prefer_literal=True)
def _step_back(cell, work, digit, parent, n, width):
    if not isinstance(cell, types.StringLiteral):
        return None
    step_back_of_cell = load(cell.literal_value).step_back

    def call(cell, work, digit, parent, n, width):
        step_back_of_cell(work, digit, parent, n, width)

    return call
