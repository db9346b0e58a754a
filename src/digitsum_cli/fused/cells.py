"""The cells of the compiled trainer, by kind: one name for cell and activation together."""

from typing import NamedTuple

from digitsum_cli.core.names import GATES
from digitsum_cli.fused import gru, lstm, srn
from digitsum_cli.fused.compiled import compiled

SRN_TANH, SRN_RELU, LSTM, GRU = "srn with tanh", "srn with relu", "lstm", "gru"


class Blocks(NamedTuple):
    """What a node of a cell takes, in blocks of ``hidden_size`` columns.

    Arguments:
        gates: the subscripts of the parameters, one for each block of W, U and b; none for a cell with one block.
        kept: blocks that a node keeps for the way back.
        c: blocks of its state beside h.
    """

    gates: tuple[str, ...]
    kept: int
    c: int


BLOCKS = {
    SRN_TANH: Blocks(GATES["srn"], 0, 0),
    SRN_RELU: Blocks(GATES["srn"], 0, 0),
    LSTM: Blocks(GATES["lstm"], lstm.KEPT_BLOCKS, 1),
    GRU: Blocks(GATES["gru"], gru.KEPT_BLOCKS, 0),
}


def kind_of(cell: str, activation: str) -> str:
    """The kind of a cell with its activation."""
    return {"tanh": SRN_TANH, "relu": SRN_RELU}[activation] if cell == "srn" else cell


@compiled
def step(kind, work, T_row, hU_row, before, parent, after, n, kept, width):
    """The state of node n: row n of ``after``.

    Arguments:
        kind: the cell, a constant.
        work: T, hU, and room for the gates.
        T_row, hU_row: of the node.
        before, parent: the parent's state is that row.
        after, n: where the state goes.
        kept: the row of the gates.
        width: the columns of h.
    """
    if kind == LSTM:
        lstm.step(work, T_row, hU_row, before, parent, after, n, kept, width)
    elif kind == GRU:
        gru.step(work, T_row, hU_row, before, parent, after, n, kept, width)
    elif kind == SRN_RELU:
        srn.step_relu(work, T_row, hU_row, after, n, width)
    else:
        srn.step_tanh(work, T_row, hU_row, after, n, width)


@compiled
def step_back(kind, work, digit, parent, n, width):
    """From the gradients of node n's state to those of T[digit], of ``h_p U`` and of the parent's state."""
    if kind == LSTM:
        lstm.step_back(work, digit, parent, n, width)
    elif kind == GRU:
        gru.step_back(work, digit, parent, n, width)
    elif kind == SRN_RELU:
        srn.step_back_relu(work, digit, parent, n, width)
    else:
        srn.step_back_tanh(work, digit, parent, n, width)
