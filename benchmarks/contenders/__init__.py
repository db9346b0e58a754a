"""The contenders: each trains the same classifier in a different way, from the same weights and on the same batches."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.generation import Rows, generate_splits

BATCH_SIZE = 8
LEARNING_RATE = 0.001
STEPS_PER_EPOCH = 38
MOST_EPOCHS = 500
ENSEMBLE = 8
"""How many trials an ensemble trains at once: seeds 0 to 7."""

Losses = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Task:
    """What to train on.

    Arguments:
        length: digits per row.
        hidden: hidden size, and embedding size.
        cell: ``srn``, ``lstm`` or ``gru``; ``vmap`` and ``jax`` have only the SRN.
    """

    length: int
    hidden: int
    cell: str = "srn"

    @property
    def rows(self) -> Rows:
        """The 300 training rows: 37 batches of eight and one of four."""
        return generate_splits([self.length])[self.length].train


class Implementation(Protocol):
    """A training, initially at step 0. Its ``trials`` have the seeds 0, 1, …"""

    trials: int

    def run(self, epochs: int) -> None:
        """Trains for more epochs; this is timed."""

    def losses(self) -> Losses:
        """Returns the loss of every step so far, of shape ``(steps, trials)``."""


_HOME = {
    "plain": "plain:Plain",
    "manual": "runner:Manual",
    "torch": "runner:Torch",
    "vmap": "vmap:Vmap",
    "jax": "jax_scan:Single",
    "jax ensemble": "jax_scan:Ensemble",
    "fused": "fused:Fused",
    "product": "product:Product",
}


def build(name: str, task: Task) -> Implementation:
    """Builds a contender by name; imports its libraries only now."""
    module, class_name = _HOME[name].split(":")
    contender = getattr(import_module(f"{__name__}.{module}"), class_name)
    return cast(Callable[[Task], Implementation], contender)(task)
