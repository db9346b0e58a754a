"""Tasks about the first two digits, with the book's rows.

A row is ``length`` digits. The first two are arbitrary; the rest are 0 except one *distractor* at a random position::

    6 7 0 0 1 0

There may be several distractors, or every digit after the second may be one, as in the book's PyTorch edition.

Source: Qiu Xipeng, *Neural Networks and Deep Learning* practice book, chapter 6.1.
"""

from abc import abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.tasks.draws import FIRST_DIGITS, Draws
from digitsum_cli.core.tasks.task import Digits, Distractors, Task, whole_numbers

_Integers = npt.NDArray[np.integer]
_DRAWN_AT_ONCE = 1_000_000
"""Random numbers that are held in memory while positions are drawn."""


@dataclass(frozen=True)
class TwoDigitTask(Task):
    """A label for each pair of first digits; zeros and distractors follow.

    Arguments:
        distractors: how many positions after the second digit get a random digit, 0-9; ``"all"`` for all of them.
    """

    symbols = 10
    strata = symbols**FIRST_DIGITS

    distractors: Distractors = 1

    @property
    def label_digits(self) -> int:
        """Two."""
        return FIRST_DIGITS

    @property
    def minimum_length(self) -> int:
        """The two digits and the distractors."""
        return FIRST_DIGITS + (1 if isinstance(self.distractors, str) else self.distractors)

    def with_distractors(self, distractors: Distractors) -> Self:
        """The same task with another number of distractors."""
        return replace(self, distractors=distractors)

    @abstractmethod
    def label_of_pair(self, first: _Integers, second: _Integers) -> _Integers:
        """The labels of pairs of first digits; the arguments and the result have the same shape."""

    def label(self, digits: Digits) -> npt.NDArray[np.int8]:
        """The labels of rows, of shape ``(rows,)``."""
        labels: npt.NDArray[np.int8] = self.labels_by_pair[digits[:, 0], digits[:, 1]]
        return labels

    def label_at_end(self, digits: Digits, lengths: _Integers) -> npt.NDArray[np.int8]:
        """The labels of rows of different lengths, which are at the end of their digits; of shape ``(rows,)``."""
        rows, firsts = np.arange(len(digits)), digits.shape[1] - lengths
        labels: npt.NDArray[np.int8] = self.labels_by_pair[digits[rows, firsts], digits[rows, firsts + 1]]
        return labels

    def generate(self, length: int, k: int, stream: np.random.RandomState) -> Digits:
        """Draws ``k`` rows for each of the 100 pairs of first digits, the first digit in the outer loop.

        Each row draws the distractor's position with ``randint(2, length)`` and then its value with ``randint(0, 10)``.
        Several distractors draw all positions with ``permutation(length - 2)``, and then all values.
        """
        digits = np.zeros((self.strata * k, length), dtype=np.int8)
        row = 0
        for first in range(self.symbols):
            for second in range(self.symbols):
                for _ in range(k):
                    positions = self._draw_positions(length, stream)
                    digits[row, :FIRST_DIGITS] = first, second
                    digits[row, positions] = stream.randint(0, self.symbols, size=len(positions))
                    row += 1
        return digits

    def _draw_positions(self, length: int, stream: np.random.RandomState) -> _Integers:
        if isinstance(self.distractors, str):
            return np.arange(FIRST_DIGITS, length)
        if self.distractors == 1:
            return stream.randint(FIRST_DIGITS, length, size=1)
        return FIRST_DIGITS + stream.permutation(length - FIRST_DIGITS)[: self.distractors]

    def sample_strata(self, strata: _Integers, lengths: int | _Integers, stream: np.random.RandomState) -> Digits:
        """Draws a row for each given pair of first digits, first all positions, then all values."""
        rows, longest = len(strata), int(np.max(lengths))
        starts = np.broadcast_to(longest - np.asarray(lengths), rows)
        digits = np.zeros((rows, longest), dtype=np.int8)
        if isinstance(self.distractors, str):  # all
            digits[:, FIRST_DIGITS:] = stream.randint(0, self.symbols, size=(rows, longest - FIRST_DIGITS))
            for row in np.flatnonzero(starts):
                digits[row, : starts[row]] = 0
        else:
            positions = self._sample_positions(starts + FIRST_DIGITS, longest, self.distractors, stream)
            np.put_along_axis(digits, positions, stream.randint(0, self.symbols, size=positions.shape), axis=1)
        digits[np.arange(rows), starts], digits[np.arange(rows), starts + 1] = divmod(strata, self.symbols)
        return digits

    @staticmethod
    def _sample_positions(
        firsts: _Integers, longest: int, distractors: int, stream: np.random.RandomState
    ) -> _Integers:
        """Positions without repeats, from each row's first possible one on, of shape ``(rows, distractors)``."""
        if distractors == 1:
            return stream.randint(firsts[:, None], longest)
        places = np.arange(FIRST_DIGITS, longest)
        at_once = max(1, _DRAWN_AT_ONCE // len(places))
        positions = []
        for row in range(0, len(firsts), at_once):
            part = firsts[row : row + at_once, None]
            ranks = stream.random_sample((len(part), len(places)))
            ranks[places < part] = np.inf
            positions.append(ranks.argsort(axis=1)[:, :distractors])
        return FIRST_DIGITS + np.concatenate(positions)

    def every_row(self, length: int) -> Draws | None:
        """Every draw of a length; None with several distractors."""
        return Draws(self.labels_by_pair, length - FIRST_DIGITS) if self.distractors == 1 else None

    def supports(self, digits: Digits) -> npt.NDArray[np.bool_]:
        """Which rows have no more digits other than 0, after the second, than there are distractors."""
        others: npt.NDArray[np.integer] = np.count_nonzero(digits[:, FIRST_DIGITS:], axis=1)
        return others <= (digits.shape[1] if isinstance(self.distractors, str) else self.distractors)

    @property
    def label_shares(self) -> npt.NDArray[np.float64]:
        """The relative frequency of each label, of shape ``(classes,)``."""
        shares: npt.NDArray[np.float64] = np.bincount(self.labels_by_pair.ravel(), minlength=self.classes) / self.strata
        return shares

    @cached_property
    def labels_by_pair(self) -> npt.NDArray[np.int8]:
        """The labels of every first (row) and second digit (column), of shape ``(10, 10)``.

        Raises:
            InputError: ``label_of_pair`` returns something else than labels.
        """
        shape = (self.symbols, self.symbols)
        return whole_numbers(
            self, self.label_of_pair(*np.indices(shape)), shape, self.classes, "label_of_pair", "labels"
        )
