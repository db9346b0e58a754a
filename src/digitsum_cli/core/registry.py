"""Every name that settings may use for what the core builds, and the import path of its code.

Needs neither torch nor Numba, so settings are checked quickly. A new name takes one entry here and the code it points
to. What an entry does not list for an implementation is rejected when the trial is planned, and never substituted.
"""

import math
from importlib import import_module
from typing import Any

from digitsum_cli.core.curriculum import constant_top, growing_top
from digitsum_cli.core.learning_rate import constant_factor, cosine_factor
from digitsum_cli.core.specs import (
    ActivationSpec,
    CellSpec,
    CurriculumSpec,
    InitialisationSpec,
    LossSpec,
    OptimizerSpec,
    Schedule,
)
from digitsum_cli.core.user_code import is_reference, is_resolved

MANUAL, TORCH, FUSED = "manual", "torch", "fused"
AUTOGRAD = (MANUAL, TORCH)
IMPLEMENTATIONS = (*AUTOGRAD, FUSED)
ENSEMBLE = "ensemble"
"""The hand-written cell of the user's, trained with many seeds at once."""

CELLS: dict[str, CellSpec] = {
    "srn": CellSpec(
        implementations={
            MANUAL: dict.fromkeys(("tanh", "relu"), "digitsum_cli.core.cells.srn:SRN"),
            TORCH: dict.fromkeys(("tanh", "relu"), "digitsum_cli.core.cells.srn:TorchSRN"),
            FUSED: {"tanh": "digitsum_cli.fused.srn:TANH", "relu": "digitsum_cli.fused.srn:RELU"},
        },
        gates=(),
        candidate="U",
        step_cost=1.0,
    ),
    "lstm": CellSpec(
        implementations={
            MANUAL: {"tanh": "digitsum_cli.core.cells.lstm:LSTM"},
            TORCH: {"tanh": "digitsum_cli.core.cells.lstm:TorchLSTM"},
            FUSED: {"tanh": "digitsum_cli.fused.lstm:CELL"},
        },
        gates=("i", "f", "o", "c"),
        candidate="U_c",
        step_cost=3.0,
    ),
    "gru": CellSpec(
        implementations={
            MANUAL: {"tanh": "digitsum_cli.core.cells.gru:GRU"},
            TORCH: {"tanh": "digitsum_cli.core.cells.gru:TorchGRU"},
            FUSED: {"tanh": "digitsum_cli.fused.gru:CELL"},
        },
        gates=("r", "z", "n"),
        candidate="U_n",
        step_cost=2.5,
    ),
}

OWN_CELL = CellSpec(
    implementations={name: {"tanh": ""} for name in (MANUAL, TORCH, ENSEMBLE)},
    gates=(),
    candidate=None,
    step_cost=2.0,
    own=True,
)
"""A cell of the user's whose code has not been executed; its cost is only used for estimates."""


def cell_spec(cell: str) -> CellSpec:
    """The specification of a cell, also of one of the user's whose code has not been executed.

    Raises:
        KeyError: there is no such cell.
    """
    return OWN_CELL if cell not in CELLS and (is_reference(cell) or is_resolved(cell)) else CELLS[cell]


def cell_in_words(cell: str) -> str:
    """The name of a cell in sentences and titles: ``SRN``, or ``MyCell`` of ``MyCell@0123456789ab``."""
    return cell.upper() if cell in CELLS and not CELLS[cell].own else cell.rpartition(":")[2].partition("@")[0]


ACTIVATIONS = {
    "tanh": ActivationSpec("torch:tanh", bounds=(-1.0, 1.0)),
    "relu": ActivationSpec("torch:relu", bounds=(0.0, math.inf)),
}

BOOK = "book"
"""The initialisation that keeps the weights that each part has drawn."""

INITIALISATIONS = {
    BOOK: InitialisationSpec(
        "digitsum_cli.core.initialisation:book",
        arrays="digitsum_cli.fused.initial_weights:draw_book_weights",
        shared=False,
    ),
    "torch": InitialisationSpec("digitsum_cli.core.initialisation:torch_default"),
    "orthogonal": InitialisationSpec("digitsum_cli.core.initialisation:orthogonal"),
    "identity": InitialisationSpec("digitsum_cli.core.initialisation:identity", gated=False),
    "normal": InitialisationSpec("digitsum_cli.core.initialisation:normal"),
}

CHRONO = "chrono"
"""The forget bias that is drawn at random."""

OPTIMIZERS = {
    "adam": OptimizerSpec("torch.optim:Adam", fused="digitsum_cli.fused.update:ADAM"),
    "sgd": OptimizerSpec("torch.optim:SGD", fused="digitsum_cli.fused.update:SGD"),
}

CONSTANT = "constant"
"""The schedule that does not depend on the number of epochs, so that a training can be continued for more."""

LR_SCHEDULES: dict[str, Schedule] = {CONSTANT: constant_factor, "cosine": cosine_factor}

CURRICULA = {
    "none": CurriculumSpec(),
    "uniform": CurriculumSpec(constant_top),
    "growing": CurriculumSpec(growing_top, grows=True),
}

LOSSES = {
    "mean": LossSpec("mean", divisor=lambda rows: rows),
    "sum": LossSpec("sum", divisor=lambda _: 1),
}

CPU, AUTO = "cpu", "auto"
ACCELERATORS = {"cuda": "torch.cuda:is_available", "mps": "torch.backends.mps:is_available"}
"""Devices other than the CPU, by name, with the function that checks for one; ``auto`` takes the first available."""
DEVICES = (CPU, *ACCELERATORS, AUTO)

ROWS = {"fixed": False, "fresh": True}
"""For each kind of training rows, whether new ones are drawn in every epoch."""


def load(import_path: str) -> Any:
    """Imports the object at ``package.module:name``."""
    module, _, name = import_path.partition(":")
    return getattr(import_module(module), name)
