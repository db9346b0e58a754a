"""Do two implementations compute the same? Compares states, gradients and training from the same weights."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from digitsum_cli.comparison.implementations import Shapes, build_implementation
from digitsum_cli.core.generation import Rows
from digitsum_cli.settings.schema import Settings

ADAM_STEPS = 200
TOLERANCES = {
    "float32": {"states": 1e-5, "gradients": 1e-5, "trained weights": 5e-4},
    "float64": {"states": 1e-12, "gradients": 1e-12, "trained weights": 1e-9},
}


@dataclass(frozen=True)
class Difference:
    """How much two implementations differ in one quantity.

    Arguments:
        quantity: ``states``, ``gradients`` or ``trained weights`` (after 200 Adam steps).
        parameter: the parameter of the equations that it belongs to; empty for the states.
        largest: the largest absolute difference of all elements.
        scale: the largest absolute value in the first implementation.
        tolerance: the maximum of ``largest``.
    """

    quantity: str
    parameter: str
    largest: float
    scale: float
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Whether the difference is within the tolerance; NaN never is."""
        return self.largest <= self.tolerance


@dataclass(frozen=True)
class Parity:
    """Two implementations on the first training batch of one length, in one precision.

    Arguments:
        shapes: for each implementation, the output shape of each part.
    """

    impls: tuple[str, str]
    length: int
    dtype: str
    shapes: dict[str, Shapes]
    differences: tuple[Difference, ...]

    @property
    def agrees(self) -> bool:
        """Whether every difference is within its tolerance."""
        return all(difference.agrees for difference in self.differences)


def check_parity(settings: Settings, impls: tuple[str, str], rows: Rows) -> Iterator[Parity]:
    """Compares two implementations in float32 and float64.

    PyTorch's second bias vector is fixed at 0, so that both have the parameters of the equations.

    Arguments:
        settings: cell, sizes, learning rate, batch size and seed.
        impls: the names of the two; the first is the reference.
        rows: the training rows of one length.
    """
    training = settings.with_values({"train.epochs": ADAM_STEPS})
    for dtype in (np.float32, np.float64):
        first, second = (build_implementation(training, impl, dtype, rows) for impl in impls)
        shapes = {impls[0]: first.shapes(), impls[1]: second.shapes()}
        compared = {
            "states": ({"": first.states()}, {"": second.states()}),
            "gradients": (first.gradients(), second.gradients()),
            "trained weights": (first.trained_weights(ADAM_STEPS), second.trained_weights(ADAM_STEPS)),
        }
        yield Parity(
            impls,
            rows.digits.shape[1],
            dtype.__name__,
            shapes,
            tuple(
                Difference(
                    quantity,
                    parameter,
                    largest=float(np.abs(a[parameter] - b[parameter]).max()),
                    scale=float(np.abs(a[parameter]).max()),
                    tolerance=TOLERANCES[dtype.__name__][quantity],
                )
                for quantity, (a, b) in compared.items()
                for parameter in a
            ),
        )
