"""What an entry of the registry says; free of torch and Numba.

Code is named as ``package.module:name`` and imported when it is used, so that settings are checked without it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

MEMORY_CELL = "cell"
"""What an LSTM's ``c_t`` is called where it is shown beside the gates."""


@dataclass(frozen=True)
class CellSpec:
    """A recurrent cell.

    Arguments:
        implementations: by implementation and activation, where the cell is: a ``RecurrentLayer`` for ``manual``, a
            ``TorchLayer`` for ``torch``, a ``CompiledCell`` for ``fused``. What is not there is refused.
        gates: the subscripts of its parameters ``W``, ``U`` and ``b``, in the order in which they are drawn; empty for
            a cell that has one of each.
        candidate: the matrix that the last ``h`` is multiplied with on its way to the next, in a gated cell that of
            the candidate; its spectral radius is the network's.
        step_cost: how long a step takes, as a multiple of the SRN's.
    """

    implementations: Mapping[str, Mapping[str, str]]
    gates: tuple[str, ...]
    candidate: str
    step_cost: float

    @property
    def activations(self) -> tuple[str, ...]:
        """Those of all implementations."""
        return tuple(dict.fromkeys(name for by_name in self.implementations.values() for name in by_name))

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What follows ``W``, ``U`` and ``b`` in the names of its parameters, one for each of them."""
        return tuple(f"_{gate}" for gate in self.gates) or ("",)

    def where(self, impl: str, activation: str) -> str | None:
        """Where an implementation of the cell is; None if there is none."""
        return self.implementations.get(impl, {}).get(activation)


@dataclass(frozen=True)
class ActivationSpec:
    """An activation.

    Arguments:
        function: of tensors.
        bounds: of its values; infinite where it has none.
    """

    function: str
    bounds: tuple[float, float]


@dataclass(frozen=True)
class InitialisationSpec:
    """A way to draw the initial weights.

    Arguments:
        function: a ``digitsum_cli.core.initialisation.Initialise``.
        arrays: what draws the same weights for a cell by hand as arrays, without torch, or None.
        gated: whether cells with gates have it.
        scaled: whether it has a scale.
        shared: whether all implementations start with the same weights.
    """

    function: str
    arrays: str | None = None
    gated: bool = True
    scaled: bool = False
    shared: bool = True


@dataclass(frozen=True)
class OptimizerSpec:
    """An optimizer.

    Arguments:
        autograd: the class of PyTorch's, which takes the parameters, ``lr`` and ``weight_decay``.
        fused: its number in the compiled trainer, or None if that does not have it.
    """

    autograd: str
    fused: str | None = None


@dataclass(frozen=True)
class LossSpec:
    """How the losses of a batch's rows become the one whose gradient is taken.

    Arguments:
        reduction: what PyTorch calls it.
        divisor: what their sum is divided by, from the number of rows.
    """

    reduction: str
    divisor: Callable[[int], int]


Schedule = Callable[[int, int], float]
"""What the learning rate is multiplied by, from the step (counted from 0) and how many there will be."""
