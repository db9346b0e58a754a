"""``manual`` and ``torch``: digitsum's Runner, on the cell written by hand and on the library's layer."""

import sys

import numpy as np

from benchmarks.contenders import BATCH_SIZE, Losses, Task
from digitsum_cli.core import DigitSumDataset, Rows, Runner, build_classifier


class Manual:
    """One trial by the Runner; at the end of each run it must evaluate, which it does on a single row."""

    trials = 1
    impl = "manual"

    def __init__(self, task: Task) -> None:
        self.runner = Runner(build_classifier(task.cell, self.impl, task.hidden, task.hidden, seed=0))
        rows = task.rows
        self.train_set = DigitSumDataset(rows)
        self.eval_set = DigitSumDataset(Rows(rows.digits[:1], rows.labels[:1]))
        self.step_losses: list[float] = []

    def run(self, epochs: int) -> None:
        """Trains on."""
        record = self.runner.train(
            self.train_set,
            self.eval_set,
            epochs=epochs,
            batch_size=BATCH_SIZE,
            eval_every=sys.maxsize,
            log_every=sys.maxsize,
        )
        self.step_losses.extend(record.step_losses)

    def losses(self) -> Losses:
        """The loss of every step so far."""
        return np.array(self.step_losses)[:, np.newaxis]


class Torch(Manual):
    """The same on ``torch.nn.RNN``, ``nn.LSTM`` or ``nn.GRU``."""

    impl = "torch"
