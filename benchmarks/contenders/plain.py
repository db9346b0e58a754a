"""``plain``: a plain PyTorch loop. A DataLoader collates row by row, and ``loss.item()`` is called at every step.

The SRN is a Python loop, as in the book; the LSTM and the GRU are PyTorch's layers, which most people use.
"""

from collections.abc import Iterator

import numpy as np
import torch
from tests.plain_loop import PlainClassifier, loader_of
from torch.nn.functional import cross_entropy

from benchmarks.contenders import BATCH_SIZE, LEARNING_RATE, Losses, Task


class Plain:
    """One trial with the plain loop."""

    trials = 1

    def __init__(self, task: Task, impl: str = "manual", seed: int = 0) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.model = PlainClassifier(impl if task.cell == "srn" else task.cell, task.hidden, task.hidden)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=LEARNING_RATE)
        rows = task.rows
        digits, labels = (torch.from_numpy(values).to(torch.int64) for values in (rows.digits, rows.labels))
        self.loader = loader_of(digits, labels, BATCH_SIZE)
        self.step_losses: list[float] = []

    def steps(self) -> Iterator[float]:
        """Trains one epoch, step by step."""
        for digits, labels in self.loader:
            loss = cross_entropy(self.model(digits), labels)
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
            self.optimizer.zero_grad()
            yield loss.item()

    def run(self, epochs: int) -> None:
        """Trains for more epochs."""
        for _ in range(epochs):
            self.step_losses.extend(self.steps())

    def losses(self) -> Losses:
        """Returns the loss of every step so far."""
        return np.array(self.step_losses)[:, np.newaxis]
