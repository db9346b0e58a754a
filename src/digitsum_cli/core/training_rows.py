"""The rows of each epoch: the train split as it stands, shuffled, or drawn anew.

What an epoch draws depends on the seed and on its number alone, so a training can be taken up at any epoch. The streams
are NumPy's legacy ``RandomState``, which stays the same in all versions.
"""

from dataclasses import dataclass

import numpy as np

from digitsum_cli.core.generation import Rows, labelled
from digitsum_cli.core.tasks import DIGIT_SUM, Task
from digitsum_cli.errors import InputError

_SHUFFLING, _DRAWING = 0, 1


@dataclass(frozen=True)
class TrainingRows:
    """Which rows a training reads, epoch by epoch.

    Arguments:
        train: the train split.
        shuffle: in a new order in every epoch.
        fresh: new rows of the same distribution in every epoch, as many as ``train`` has, which must be a multiple of
            the task's strata: in the digit sum of 100, as many for each pair of first digits.
        seed: of both, 0 to 2**32 - 1.
        task: whose rows they are.

    Raises:
        InputError: fresh rows are asked for, and the train split has no such multiple.

    Example:
        >>> from digitsum_cli.core import generate_splits
        >>> rows = TrainingRows(generate_splits([6])[6].train, shuffle=True, seed=0)
        >>> rows.of_epoch(0).digits[0].tolist(), rows.of_epoch(1).digits[0].tolist()
        ([1, 9, 0, 0, 0, 0], [1, 0, 4, 0, 0, 0])
    """

    train: Rows
    shuffle: bool = False
    fresh: bool = False
    seed: int = 0
    task: Task = DIGIT_SUM

    def __post_init__(self) -> None:
        if self.fresh and len(self.train) % self.task.strata:
            raise InputError(
                f"{len(self.train)} train rows cannot be drawn anew", allowed=f"a multiple of {self.task.strata} rows"
            )

    @property
    def change(self) -> bool:
        """Whether an epoch reads other rows, or the same in another order, than the one before."""
        return self.shuffle or self.fresh

    def of_epoch(self, epoch: int) -> Rows:
        """The rows of an epoch, counted from 0, in the order in which they are read."""
        rows = self.train
        if self.fresh:
            length, k = rows.digits.shape[1], len(rows) // self.task.strata
            rows = labelled(self.task.sample(length, k, self._stream(epoch, _DRAWING)), self.task)
        if self.shuffle:
            order = self._stream(epoch, _SHUFFLING).permutation(len(rows))
            rows = Rows(rows.digits[order], rows.labels[order])
        return rows

    def _stream(self, epoch: int, purpose: int) -> np.random.RandomState:
        return np.random.RandomState([self.seed, epoch, purpose])
