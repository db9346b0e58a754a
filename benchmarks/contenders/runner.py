"""``manual`` and ``torch``: digitsum's Runner, with the hand-written cell and with PyTorch's layer."""

import sys

import numpy as np

from benchmarks.contenders import BATCH_SIZE, Losses, Task
from digitsum_cli.core import DigitSumDataset, Rows, Runner, build_classifier


class Manual:
    """One trial with the Runner. It always evaluates at the end of a run; here on a single row."""

    trials = 1
    impl = "manual"

    def __init__(self, task: Task) -> None:
        self.runner = Runner(build_classifier(task.cell, self.impl, task.hidden, task.hidden, seed=0))
        rows = task.rows
        self.train_set = DigitSumDataset(rows)
        self.eval_set = DigitSumDataset(Rows(rows.digits[:1], rows.labels[:1]))
        self.step_losses: list[float] = []

    def run(self, epochs: int) -> None:
        """Trains for more epochs."""
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
        """Returns the loss of every step so far."""
        return np.array(self.step_losses)[:, np.newaxis]


class Torch(Manual):
    """The same with ``torch.nn.RNN``, ``nn.LSTM`` or ``nn.GRU``."""

    impl = "torch"
