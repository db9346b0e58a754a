"""Which settings are compatible, and which implementations support them; needs no torch, so checking is fast."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from digitsum_cli.core.registry import (
    ACTIVATIONS,
    BOOK,
    CELLS,
    CHRONO,
    FUSED,
    INITIALISATIONS,
    OPTIMIZERS,
    cell_in_words,
    cell_spec,
)
from digitsum_cli.errors import InputError


class Incompatibility(NamedTuple):
    """A setting that the cell, the initialisation or the implementation does not support.

    Arguments:
        setting: its name.
        what: what is wrong.
        allowed: what is allowed instead.
    """

    setting: str
    what: str
    allowed: str


def find_incompatibility(
    cell: str, *, activation: str, init: str, forget_bias: float | str | None
) -> Incompatibility | None:
    """The first setting that is incompatible with the cell or the initialisation.

    It is an activation that the cell does not support, an initialisation for cells without gates in a gated cell, or a
    forget bias in a cell without a forget gate.
    """
    spec, name = cell_spec(cell), cell_in_words(cell)
    if activation not in spec.activations:
        supporting = [other for other, its in CELLS.items() if activation in its.activations]
        what = f"the {name} has the activation {_either(spec.activations)}, not {activation}"
        return Incompatibility("activation", what, f"{activation} with the cell {_either(supporting)}")
    if spec.own and init != BOOK:
        what = f"{name} draws its own initial weights, but init is {init}"
        return Incompatibility("init", what, BOOK)
    if spec.gates and not INITIALISATIONS[init].gated:
        what = f"the initialisation {init} is only for cells without gates, but the {name} has gates"
        return Incompatibility("init", what, ", ".join(each for each, its in INITIALISATIONS.items() if its.gated))
    for gate, called in {"f": "forget", "i": "input"}.items():
        if gate not in spec.gates and forget_bias is not None and (gate == "f" or forget_bias == CHRONO):
            what = f"the {name} has no {called} gate, but forget_bias is {forget_bias}"
            supporting = [other for other, its in CELLS.items() if gate in its.gates]
            return Incompatibility("forget_bias", what, f"null, or the cell {_either(supporting)}")
    return None


def check_compatible(cell: str, *, activation: str, init: str, forget_bias: float | str | None) -> None:
    """Checks that the settings of a network are known and compatible.

    Raises:
        InputError: a name is unknown, or settings are incompatible.
    """
    for kind, chosen, known in (
        ("cell", cell, CELLS),
        ("initialisation", init, INITIALISATIONS),
        ("activation", activation, ACTIVATIONS),
    ):
        if chosen not in known:
            raise InputError(f"unknown {kind} {chosen!r}", allowed=", ".join(known))
    if isinstance(forget_bias, str) and forget_bias != CHRONO:
        raise InputError(f"unknown forget bias {forget_bias!r}", allowed=f"a number, or {CHRONO}")
    incompatibility = find_incompatibility(cell, activation=activation, init=init, forget_bias=forget_bias)
    if incompatibility:
        raise InputError(incompatibility.what, where=incompatibility.setting, allowed=incompatibility.allowed)


def check_implemented(impl: str, *, cell: str, activation: str, optimizer: str) -> None:
    """Checks that an implementation supports the settings; nothing is ever substituted.

    Raises:
        InputError: it does not support the cell, the cell's activation or the optimizer.
    """
    check_cell_implemented(impl, cell, activation)
    optimizers = {
        name: [each for each in cell_spec(cell).implementations if each != FUSED or its.fused]
        for name, its in OPTIMIZERS.items()
    }
    _check_supported(impl, "train.optimizer", f"the optimizer {optimizer}", optimizer, optimizers)


def check_cell_implemented(impl: str, cell: str, activation: str) -> None:
    """Checks that an implementation supports a cell with its activation.

    Raises:
        InputError: it does not.
    """
    spec = cell_spec(cell)
    specs = {**CELLS, cell: spec}
    cells = {name: list(its.implementations) for name, its in specs.items()}
    activations = {
        name: [each for each, by_activation in spec.implementations.items() if name in by_activation]
        for name in spec.activations
    }
    _check_supported(impl, "model.cell", f"the cell {cell}", cell, cells)
    _check_supported(
        impl, "model.activation", f"the activation {activation} of the cell {cell}", activation, activations
    )


def _check_supported(impl: str, key: str, what: str, name: str, implementations: Mapping[str, Sequence[str]]) -> None:
    """Checks that an implementation is among those that support a name."""
    if impl not in implementations[name]:
        raise InputError(
            f"impl {impl} does not support {what}",
            where=key,
            allowed=", ".join(other for other, supporting in implementations.items() if impl in supporting),
            next_step=f"Or choose an implementation that supports it: {', '.join(implementations[name])}",
        )


def _either(names: Iterable[str]) -> str:
    return " or ".join(names)
