"""Tasks about the first two digits, with the book's rows.

A row is ``length`` digits. The first two are arbitrary; the rest are 0 except one *distractor* at a random position::

    6 7 0 0 1 0

Source: Qiu Xipeng, *Neural Networks and Deep Learning* practice book, chapter 6.1.
"""

from abc import abstractmethod
from functools import cached_property

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.tasks.draws import FIRST_DIGITS, Draws
from digitsum_cli.core.tasks.task import Digits, Task

_Integers = npt.NDArray[np.integer]


class TwoDigitTask(Task):
    """A label for each pair of first digits; zeros and one distractor follow."""

    symbols = 10
    strata = symbols**FIRST_DIGITS
    label_digits = FIRST_DIGITS
    minimum_length = FIRST_DIGITS + 1

    @abstractmethod
    def label_of_pair(self, first: _Integers, second: _Integers) -> _Integers:
        """The labels of pairs of first digits; the arguments and the result have the same shape."""

    def label(self, digits: Digits) -> npt.NDArray[np.int8]:
        """The labels of rows, of shape ``(rows,)``."""
        return self._labels[digits[:, 0], digits[:, 1]]

    def generate(self, length: int, k: int, stream: np.random.RandomState) -> Digits:
        """Draws ``k`` rows for each of the 100 pairs of first digits, the first digit in the outer loop.

        Each row draws the distractor's position with ``randint(2, length)`` and then its value with ``randint(0, 10)``.
        """
        digits = np.zeros((self.strata * k, length), dtype=np.int8)
        row = 0
        for first in range(self.symbols):
            for second in range(self.symbols):
                for _ in range(k):
                    position = stream.randint(FIRST_DIGITS, length)
                    digits[row, :FIRST_DIGITS] = first, second
                    digits[row, position] = stream.randint(0, self.symbols)
                    row += 1
        return digits

    def sample(self, length: int, k: int, stream: np.random.RandomState) -> Digits:
        """Draws ``k`` rows for each of the 100 pairs of first digits, first all positions, then all values."""
        rows = self.strata * k
        digits = np.zeros((rows, length), dtype=np.int8)
        pair = np.arange(rows) // k
        digits[:, 0], digits[:, 1] = pair // self.symbols, pair % self.symbols
        position = stream.randint(FIRST_DIGITS, length, size=rows)
        digits[np.arange(rows), position] = stream.randint(0, self.symbols, size=rows)
        return digits

    def enumerate(self, length: int) -> Draws | None:
        """Every draw of a length."""
        return Draws(self._labels, length - FIRST_DIGITS)

    @property
    def label_shares(self) -> npt.NDArray[np.float64]:
        """The relative frequency of each label, of shape ``(classes,)``."""
        shares: npt.NDArray[np.float64] = np.bincount(self._labels.ravel(), minlength=self.classes) / self.strata
        return shares

    @cached_property
    def _labels(self) -> npt.NDArray[np.int8]:
        """The label by first and second digit."""
        return self.label_of_pair(*np.indices((self.symbols, self.symbols))).astype(np.int8)
