"""Which settings of a network fit together; free of torch, so that settings are checked at once."""

from typing import NamedTuple

from digitsum_cli.core.names import CHRONO, INITIALISATIONS
from digitsum_cli.errors import InputError


class Incompatibility(NamedTuple):
    """A setting that the cell or the initialisation does not have.

    Arguments:
        setting: its name.
        what: what is wrong.
        allowed: what is not.
    """

    setting: str
    what: str
    allowed: str


def find_incompatibility(
    cell: str, *, activation: str, init: str, init_scale: float, forget_bias: float | str | None
) -> Incompatibility | None:
    """The first setting that does not fit: an activation but tanh or the initialisation ``identity`` in a gated cell,
    a scale without ``identity``, or a forget bias in a cell but the LSTM.
    """
    if cell != "srn" and activation != "tanh":
        what = f"the activation of the {cell.upper()} is tanh, not {activation}"
        return Incompatibility("activation", what, "relu with the cell srn")
    if cell != "srn" and init == "identity":
        others = ", ".join(name for name in INITIALISATIONS if name != "identity")
        return Incompatibility(
            "init", f"the initialisation identity is one of the SRN, not of the {cell.upper()}", others
        )
    if init_scale != 1.0 and init != "identity":
        what = f"the initialisation {init} has no scale, and init_scale is {init_scale:g}"
        return Incompatibility("init_scale", what, "1, or the initialisation identity")
    if cell != "lstm" and forget_bias is not None:
        what = f"the {cell.upper()} has no forget gate, and forget_bias is {forget_bias}"
        return Incompatibility("forget_bias", what, "null, or the cell lstm")
    return None


def check_compatible(
    cell: str, *, activation: str, init: str, init_scale: float, forget_bias: float | str | None
) -> None:
    """Checks that a network has what is asked of it.

    Raises:
        InputError: settings do not fit together, or there is no such forget bias.
    """
    if isinstance(forget_bias, str) and forget_bias != CHRONO:
        raise InputError(f"there is no forget bias {forget_bias!r}", allowed=f"a number, or {CHRONO}")
    incompatibility = find_incompatibility(
        cell, activation=activation, init=init, init_scale=init_scale, forget_bias=forget_bias
    )
    if incompatibility:
        raise InputError(incompatibility.what, where=incompatibility.setting, allowed=incompatibility.allowed)
