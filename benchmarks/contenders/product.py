"""``product``: not a training but large matrix products in single precision, the practical peak of a core."""

import numpy as np
import torch

from benchmarks.contenders import Losses, Task

SIZE = 1024
OPERATIONS = 2 * SIZE**3
"""Floating-point operations of one product."""


class Product:
    """An epoch is one product."""

    trials = 1

    def __init__(self, task: Task) -> None:
        generator = torch.Generator().manual_seed(0)
        self.A, self.B = (torch.randn(SIZE, SIZE, generator=generator) for _ in range(2))
        self.AB = torch.empty(SIZE, SIZE)

    def run(self, epochs: int) -> None:
        """Multiplies ``epochs`` times."""
        for _ in range(epochs):
            torch.mm(self.A, self.B, out=self.AB)

    def losses(self) -> Losses:
        """Returns no losses: nothing is trained."""
        return np.empty((0, 1))
