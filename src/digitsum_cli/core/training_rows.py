"""The training rows of each epoch: the training set in its original order, shuffled, or newly drawn.

What an epoch draws depends only on the seed and on its number, so training can be resumed at any epoch. The streams are
NumPy's legacy ``RandomState``, which is the same in all versions.
"""

from dataclasses import dataclass

import numpy as np

from digitsum_cli.core.curriculum import Curriculum
from digitsum_cli.core.generation import Rows, labelled
from digitsum_cli.core.tasks import DIGIT_SUM, Task
from digitsum_cli.errors import InputError

_SHUFFLING, _DRAWING, _LENGTHS = 0, 1, 3  # 2 is that of rows drawn for scoring, see ``sampled``


@dataclass(frozen=True)
class TrainingRows:
    """The rows that a network is trained on, epoch by epoch.

    Arguments:
        train: the training set.
        shuffle: whether to shuffle the rows in every epoch.
        fresh: whether to draw new rows from the same distribution in every epoch, as many as ``train`` has. Their
            number must be a multiple of the task's strata (100 in the digit-sum task), so that every stratum gets
            the same number of rows.
        seed: seed of both, 0 to 2**32 - 1.
        task: the task that defines the rows.
        curriculum: how long the rows of each batch are, if they are fresh; None for those of ``train``.

    Raises:
        InputError: ``fresh`` is set, and the training set is not such a multiple; or there is a curriculum without it.

    Example:
        >>> from digitsum_cli.core import generate_splits
        >>> rows = TrainingRows(generate_splits([6])[6].train, shuffle=True, seed=0)
        >>> rows.for_epoch(0).digits[0].tolist(), rows.for_epoch(1).digits[0].tolist()
        ([1, 9, 0, 0, 0, 0], [1, 0, 4, 0, 0, 0])
    """

    train: Rows
    shuffle: bool = False
    fresh: bool = False
    seed: int = 0
    task: Task = DIGIT_SUM
    curriculum: Curriculum | None = None

    def __post_init__(self) -> None:
        if self.fresh and len(self.train) % self.task.strata:
            raise InputError(
                f"cannot draw {len(self.train)} fresh training rows", allowed=f"a multiple of {self.task.strata} rows"
            )

        if self.curriculum and not self.fresh:
            raise InputError("a curriculum needs fresh rows, since those of the training set have one length")

    @property
    def vary_by_epoch(self) -> bool:
        """Whether the rows, or their order, differ from epoch to epoch."""
        return self.shuffle or self.fresh

    def for_epoch(self, epoch: int) -> Rows:
        """The rows of an epoch, counted from 0, in training order."""
        if self.curriculum:
            return self._by_length(epoch, self.curriculum)
        rows = self.train
        if self.fresh:
            length, k = rows.digits.shape[1], len(rows) // self.task.strata
            rows = labelled(self.task.draw(length, k, self._stream(epoch, _DRAWING)), self.task)
        if self.shuffle:
            order = self._stream(epoch, _SHUFFLING).permutation(len(rows))
            rows = Rows(rows.digits[order], rows.labels[order])
        return rows

    def _by_length(self, epoch: int, curriculum: Curriculum) -> Rows:
        """As many rows of each stratum, those of a batch with one length, at the end of their digits."""
        number, longest = self.train.digits.shape
        strata = np.arange(number) // (number // self.task.strata)
        if self.shuffle:
            strata = self._stream(epoch, _SHUFFLING).permutation(strata)
        lengths = curriculum.lengths(longest, number, epoch, self._stream(epoch, _LENGTHS))
        of_rows = np.repeat(lengths, curriculum.batch_size)[:number]
        drawn = self.task.sample_strata(strata, of_rows, self._stream(epoch, _DRAWING))
        digits = np.zeros_like(self.train.digits)
        digits[:, longest - drawn.shape[1] :] = drawn
        return Rows(digits, self.task.label_at_end(digits, of_rows), lengths)

    def _stream(self, epoch: int, purpose: int) -> np.random.RandomState:
        return np.random.RandomState([self.seed, epoch, purpose])
