"""The names that settings may use for what the core builds, and which fit together.

Free of torch, so that settings are checked at once.
"""

from digitsum_cli.errors import InputError

CELLS = ("srn", "lstm", "gru")
GATES = {"srn": (), "lstm": ("i", "f", "o", "c"), "gru": ("r", "z", "n")}
"""The subscripts of the hand-written cells' parameters, in the order in which they are drawn."""

FUSED = "fused"
IMPLEMENTATIONS = ("manual", "torch", FUSED)
ACTIVATIONS = ("tanh", "relu")
INITIALISATIONS = ("book", "torch", "orthogonal", "identity")
CHRONO = "chrono"
DEVICES = ("cpu", "cuda", "mps", "auto")
OPTIMIZERS = ("adam", "sgd")
LR_SCHEDULES = ("constant", "cosine")
LOSSES = ("mean", "sum")
ROWS = ("fixed", "fresh")


def require_fitting(
    cell: str, *, activation: str, init: str, init_scale: float, forget_bias: float | str | None
) -> None:
    """Checks that a cell has what is asked of it.

    Raises:
        InputError: an activation but tanh or the initialisation ``identity`` in a gated cell, a scale without
            ``identity``, or a forget bias in a cell but the LSTM.
    """
    if cell != "srn" and activation != "tanh":
        raise InputError(
            f"the activation of the {cell.upper()} is tanh, not {activation}",
            where="model.activation",
            allowed="relu with model.cell srn",
        )
    if cell != "srn" and init == "identity":
        raise InputError(
            f"the initialisation identity is one of the SRN, not of the {cell.upper()}",
            where="model.init",
            allowed=", ".join(name for name in INITIALISATIONS if name != "identity"),
        )
    if init_scale != 1.0 and init != "identity":
        raise InputError(
            f"the initialisation {init} has no scale, and init_scale is {init_scale:g}",
            where="model.init_scale",
            allowed="1, or model.init identity",
        )
    if cell != "lstm" and forget_bias is not None:
        raise InputError(
            f"the {cell.upper()} has no forget gate, and forget_bias is {forget_bias}",
            where="model.forget_bias",
            allowed="null, or model.cell lstm",
        )
