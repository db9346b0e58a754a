"""The rows of each epoch: the train split as it stands, shuffled, or drawn anew.

What an epoch draws depends on the seed and on its number alone, so a training can be taken up at any epoch. The streams
are NumPy's legacy ``RandomState``, which stays the same in all versions.
"""

from dataclasses import dataclass

import numpy as np

from digitsum_cli.core.generation import DIGITS, FREE_DIGITS, Rows
from digitsum_cli.errors import InputError

_SHUFFLING, _DRAWING = 0, 1


@dataclass(frozen=True)
class TrainingRows:
    """Which rows a training reads, epoch by epoch.

    Arguments:
        train: the train split.
        shuffle: in a new order in every epoch.
        fresh: new rows of the same distribution in every epoch, as many as ``train`` has, which must be a multiple of
            100: as many for each pair of first digits.
        seed: of both, 0 to 2**32 - 1.

    Raises:
        InputError: fresh rows are asked for, and the train split has no multiple of 100.

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

    def __post_init__(self) -> None:
        if self.fresh and len(self.train) % (DIGITS * DIGITS):
            raise InputError(f"{len(self.train)} train rows cannot be drawn anew", allowed="a multiple of 100 rows")

    @property
    def change(self) -> bool:
        """Whether an epoch reads other rows, or the same in another order, than the one before."""
        return self.shuffle or self.fresh

    def of_epoch(self, epoch: int) -> Rows:
        """The rows of an epoch, counted from 0, in the order in which they are read."""
        rows = self.train
        if self.fresh:
            rows = draw_rows(rows.digits.shape[1], len(rows) // (DIGITS * DIGITS), self._stream(epoch, _DRAWING))
        if self.shuffle:
            order = self._stream(epoch, _SHUFFLING).permutation(len(rows))
            rows = Rows(rows.digits[order], rows.labels[order])
        return rows

    def _stream(self, epoch: int, purpose: int) -> np.random.RandomState:
        return np.random.RandomState([self.seed, epoch, purpose])


def draw_rows(length: int, k: int, stream: np.random.RandomState) -> Rows:
    """Draws ``k`` rows for each of the 100 pairs of first digits, all positions and then all values at once.

    The rows have the distribution of ``generate_rows``, but another order of draws: this one takes microseconds.

    Arguments:
        length: digits in a row, at least 3.
        k: rows for each pair, at least 1.
        stream: the random stream.
    """
    rows = DIGITS * DIGITS * k
    digits = np.zeros((rows, length), dtype=np.int8)
    pair = np.arange(rows) // k
    digits[:, 0], digits[:, 1] = pair // DIGITS, pair % DIGITS
    position = stream.randint(FREE_DIGITS, length, size=rows)
    digits[np.arange(rows), position] = stream.randint(0, DIGITS, size=rows)
    return Rows(digits, digits[:, 0] + digits[:, 1])
