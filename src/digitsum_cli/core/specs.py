"""The entries of the registry; needs neither torch nor Numba.

Code is given as an import path, ``package.module:name``, and imported when it is used, so checking settings does not
load it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

MEMORY_CELL = "cell"
"""The name of an LSTM's ``c_t`` when it is shown together with the gates."""


@dataclass(frozen=True)
class CellSpec:
    """A recurrent cell.

    Arguments:
        implementations: the cell's import path by implementation and activation: a ``RecurrentLayer`` for ``manual``,
            a ``TorchLayer`` for ``torch``, a ``CompiledCell`` for ``fused``. Missing combinations are rejected.
        gates: the subscripts of its parameters ``W``, ``U`` and ``b``, in the order in which they are drawn; empty for
            a cell with a single ``W``, ``U`` and ``b``.
        candidate: the recurrent weight matrix whose spectral radius is reported; in a gated cell, the candidate's. None
            for a cell without one.
        step_cost: the duration of a step relative to the SRN's.
        own: whether it is a cell of the user's, which draws its own initial weights.
    """

    implementations: Mapping[str, Mapping[str, str]]
    gates: tuple[str, ...]
    candidate: str | None
    step_cost: float
    own: bool = False

    @property
    def activations(self) -> tuple[str, ...]:
        """The activations of all implementations."""
        return tuple(dict.fromkeys(name for by_name in self.implementations.values() for name in by_name))

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The suffixes of ``W``, ``U`` and ``b`` in the parameter names, one per gate."""
        return tuple(f"_{gate}" for gate in self.gates) or ("",)

    def import_path(self, impl: str, activation: str) -> str | None:
        """The import path of an implementation of the cell; None if there is none."""
        return self.implementations.get(impl, {}).get(activation)


@dataclass(frozen=True)
class ActivationSpec:
    """An activation.

    Arguments:
        function: the import path of a function of tensors.
        bounds: the range of its values; infinite where it is unbounded.
    """

    function: str
    bounds: tuple[float, float]


@dataclass(frozen=True)
class InitialisationSpec:
    """A way to draw the initial weights.

    Arguments:
        function: the import path of a ``digitsum_cli.core.initialisation.Initialise``.
        arrays: the import path of a function that draws the same weights for a hand-written cell as arrays, without
            torch; or None.
        gated: whether it supports cells with gates.
        shared: whether all implementations start with the same weights.
    """

    function: str
    arrays: str | None = None
    gated: bool = True
    shared: bool = True


@dataclass(frozen=True)
class OptimizerSpec:
    """An optimizer.

    Arguments:
        autograd: the import path of PyTorch's class, which takes the parameters, ``lr`` and ``weight_decay``.
        fused: the import path of its number in the compiled trainer, or None if that does not support it.
    """

    autograd: str
    fused: str | None = None


@dataclass(frozen=True)
class LossSpec:
    """How the losses of a batch's rows are reduced to the one that is differentiated.

    Arguments:
        reduction: PyTorch's name for it.
        divisor: maps the number of rows to the number that their summed loss is divided by.
    """

    reduction: str
    divisor: Callable[[int], int]


Top = Callable[[int, int, float], float]
"""Maps the step (counted from 0), the total number of steps, and the share of them until the longest rows come, to the
share of the way from the shortest to the longest rows."""


@dataclass(frozen=True)
class CurriculumSpec:
    """A curriculum: how long the rows of a training are.

    Arguments:
        top: how far the longest rows have grown; None if all rows have the trial's length.
        grows: whether ``top`` depends on the step, so that a training cannot be continued for more epochs.
    """

    top: Top | None = None
    grows: bool = False


Schedule = Callable[[int, int], float]
"""Maps the step (counted from 0) and the total number of steps to the factor of the learning rate."""
