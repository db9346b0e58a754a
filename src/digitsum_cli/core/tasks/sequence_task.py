"""Tasks about any part of a row, which draw rows of their own."""

from abc import abstractmethod
from functools import cached_property, lru_cache
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.tasks.task import Digits, Distractors, Task, WeightedRows, whole_numbers
from digitsum_cli.errors import InputError

_ROWS_FOR_SHARES, _LENGTH_FOR_SHARES = 100_000, 20
_LENGTHS_KEPT = 32


class SequenceTask(Task):
    """A task that draws and labels whole rows: define ``label_of_rows`` and ``sample``, and set ``classes``.

    Attributes:
        classes: the number of different labels, at most 100; they are 0, 1, … ``classes - 1``.
        symbols: the number of different digits, at most 10.
        shortest: the smallest number of digits per row, at least 3.
        label_name: the name of a label in axis labels and tables: ``parity``.
        label_in_words: how the label is defined, for use in sentences: ``the parity of the number of ones``.

    Example:
        >>> class LastDigit(SequenceTask):
        ...     classes, label_name, label_in_words = 10, "last digit", "the last digit"
        ...
        ...     def label_of_rows(self, digits):
        ...         return digits[:, -1]
        ...
        ...     def sample(self, generator, length, rows):
        ...         return generator.randint(0, 10, size=(rows, length))
        >>> LastDigit().draw(5, 3, np.random.RandomState(0)).shape
        (300, 5)
    """

    symbols = 10
    strata = 100
    shortest: ClassVar[int] = 3
    label_name = "label"
    label_in_words = "the label"

    @abstractmethod
    def label_of_rows(self, digits: Digits) -> npt.ArrayLike:
        """The labels, from 0 to ``classes - 1``, of rows of shape ``(rows, length)``; of shape ``(rows,)``."""

    @abstractmethod
    def sample(self, generator: np.random.RandomState, length: int, rows: int) -> npt.ArrayLike:
        """Draws rows.

        Arguments:
            generator: the only source of random numbers.
            length: digits per row, at least ``shortest``.
            rows: how many.

        Returns:
            Digits from 0 to ``symbols - 1``, of shape ``(rows, length)``.
        """

    def enumerate(self, length: int) -> WeightedRows | None:
        """Every row of a length with its weight, as ``(digits, weights)``; None, as here, if there are too many."""
        return None

    def every_row(self, length: int) -> WeightedRows | None:
        """``enumerate``, checked, and kept for the next call.

        Raises:
            InputError: what ``enumerate`` returns is not every row once, with a weight above 0.
        """
        return _every_row(self, length)

    @property
    def minimum_length(self) -> int:
        """``shortest``."""
        return self.shortest

    @property
    def label_digits(self) -> int:
        """``shortest``."""
        return self.shortest

    def label(self, digits: Digits) -> npt.NDArray[np.int8]:
        """``label_of_rows``, checked.

        Raises:
            InputError: it raises an error, or returns something else than a label for each row.
        """
        try:
            labels = self.label_of_rows(digits)
        except Exception as error:
            raise InputError(
                f"{self.name}.label_of_rows has no label for such rows: {type(error).__name__}: {error}"
            ) from error
        return whole_numbers(self, labels, digits.shape[:1], self.classes, "label_of_rows", "labels")

    def label_at_end(self, digits: Digits, lengths: npt.NDArray[np.integer]) -> npt.NDArray[np.int8]:
        """The labels of rows of different lengths, which are at the end of their digits; of shape ``(rows,)``."""
        labels = np.zeros(len(digits), np.int8)
        for length in np.unique(lengths):
            of_length = lengths == length
            labels[of_length] = self.label(digits[of_length, digits.shape[1] - length :])
        return labels

    def generate(self, length: int, k: int, stream: np.random.RandomState) -> Digits:
        """Draws ``100 k`` rows at once."""
        return self._sample(length, self.strata * k, stream)

    def sample_strata(
        self, strata: npt.NDArray[np.integer], lengths: int | npt.NDArray[np.integer], stream: np.random.RandomState
    ) -> Digits:
        """Draws as many rows as there are strata, which are all alike: first the shortest ones."""
        rows, longest = len(strata), int(np.max(lengths))
        of_rows = np.broadcast_to(lengths, rows)
        digits = np.zeros((rows, longest), np.int8)
        for length in np.unique(of_rows):
            of_length = np.flatnonzero(of_rows == length)
            digits[of_length, longest - length :] = self._sample(int(length), len(of_length), stream)
        return digits

    def _sample(self, length: int, rows: int, stream: np.random.RandomState) -> Digits:
        return whole_numbers(self, self.sample(stream, length, rows), (rows, length), self.symbols, "sample", "digits")

    def supports(self, digits: Digits) -> npt.NDArray[np.bool_]:
        """All rows: which ones the generator can draw is not known."""
        return np.ones(len(digits), np.bool_)

    def with_distractors(self, distractors: Distractors) -> Self:
        """The same task; it draws its own rows.

        Raises:
            InputError: ``distractors`` is not 1, the default.
        """
        if distractors != 1:
            raise InputError(f"data.distractors has no effect on {self.name}, which draws its own rows", allowed="1")
        return self

    @cached_property
    def label_shares(self) -> npt.NDArray[np.float64]:
        """The relative frequency of each label in 100,000 rows of length 20, of shape ``(classes,)``."""
        digits = self._sample(max(self.shortest, _LENGTH_FOR_SHARES), _ROWS_FOR_SHARES, np.random.RandomState(0))
        shares: npt.NDArray[np.float64] = np.bincount(self.label(digits), minlength=self.classes) / len(digits)
        return shares


@lru_cache(maxsize=_LENGTHS_KEPT)
def _every_row(task: SequenceTask, length: int) -> WeightedRows | None:
    found = task.enumerate(length)
    if found is None:
        return None
    rows, weights = found
    weights = np.asarray(weights, np.float64)
    digits = whole_numbers(task, rows, (len(weights), length), task.symbols, "enumerate", "digits")
    if not (len(weights) and np.isfinite(weights).all() and weights.min() > 0):
        raise InputError(f"{task.name}.enumerate returns weights that are not all finite and above 0")
    if len(np.unique(digits, axis=0)) < len(digits):
        raise InputError(f"{task.name}.enumerate returns the same row more than once")
    return WeightedRows(digits, weights / weights.sum())
