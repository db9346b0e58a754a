"""The interface of a task: its rows and their labels."""

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.tasks.draws import Draws
from digitsum_cli.errors import InputError

Digits = npt.NDArray[np.int8]
"""Rows of digits, of shape ``(rows, length)``."""


ALL: Literal["all"] = "all"
Distractors = int | Literal["all"]
"""How many of the digits that do not matter are random; the others are 0."""


class Floor(NamedTuple):
    """The accuracy of always answering with the most frequent label.

    Arguments:
        label: the most frequent label; on a tie, the lowest.
        accuracy: 0 to 1.
    """

    label: int
    accuracy: float

    def __str__(self) -> str:
        return f"always answering {self.label} ({100 * self.accuracy:.3g} %)"


class WeightedRows(NamedTuple):
    """Every row of a length, with its weight.

    Arguments:
        digits: the rows, of shape ``(rows, length)``, each once.
        weights: proportional to their probabilities, of shape ``(rows,)``.
    """

    digits: Digits
    weights: npt.NDArray[np.float64]


class Task(ABC):
    """Rows of digits, each with a label that the network predicts at the end of the row.

    A task draws its rows from NumPy's legacy ``RandomState``, whose streams are the same in all versions.

    Attributes:
        name: its name in settings.
        symbols: the number of different digits, at most 10; also the number of rows of the embedding.
        classes: the number of different labels, at most 100; they are 0, 1, … ``classes - 1``.
        strata: the number of strata that the generator draws from; it draws ``k`` rows from each.
        label_name: the name of a label in axis labels and tables: ``sum``.
        label_in_words: how the label is defined, for use in sentences: ``the sum of the first two digits``.
    """

    name: ClassVar[str]
    symbols: ClassVar[int]
    classes: ClassVar[int]
    strata: ClassVar[int]
    label_name: ClassVar[str]
    label_in_words: ClassVar[str]

    def __init_subclass__(cls, **options: Any) -> None:
        """A task without a name has that of its class."""
        super().__init_subclass__(**options)
        if "name" not in vars(cls):
            cls.name = cls.__name__

    @property
    @abstractmethod
    def label_digits(self) -> int:
        """The fewest digits that have a label."""

    @abstractmethod
    def label(self, digits: Digits) -> npt.NDArray[np.int8]:
        """The labels of rows, of shape ``(rows,)``.

        Arguments:
            digits: of shape ``(rows, length)``; at least the first ``label_digits`` of each row.
        """

    @abstractmethod
    def label_at_end(self, digits: Digits, lengths: npt.NDArray[np.integer]) -> npt.NDArray[np.int8]:
        """The labels of rows of different lengths, of shape ``(rows,)``.

        Arguments:
            digits: of shape ``(rows, longest)``; shorter rows are at its end.
            lengths: digits per row, of shape ``(rows,)``.
        """

    @abstractmethod
    def generate(self, length: int, k: int, stream: np.random.RandomState) -> Digits:
        """Draws the rows of a split, ``k`` for each stratum, one after the other.

        Arguments:
            length: digits per row, at least ``minimum_length``.
            k: rows per stratum, at least 1.
            stream: the random stream; the numbers drawn from it determine which rows come next.
        """

    @abstractmethod
    def sample_strata(
        self, strata: npt.NDArray[np.integer], lengths: int | npt.NDArray[np.integer], stream: np.random.RandomState
    ) -> Digits:
        """Draws a row of each given stratum, from the same distribution as ``generate`` but vectorised.

        Arguments:
            strata: of shape ``(rows,)``, from 0 to ``strata - 1``.
            lengths: digits per row, at least ``minimum_length``: of all rows, or of each, of shape ``(rows,)``.
            stream: the random stream.

        Returns:
            An array of shape ``(rows, longest)``; shorter rows are at its end, after zeros.
        """

    def draw(self, length: int, k: int, stream: np.random.RandomState) -> Digits:
        """Draws ``k`` rows of each stratum, vectorised, which takes microseconds."""
        return self.sample_strata(np.repeat(np.arange(self.strata), k), length, stream)

    @abstractmethod
    def every_row(self, length: int) -> Draws | WeightedRows | None:
        """Every draw of a length, or every row with its probability; None if there are too many to list."""

    @abstractmethod
    def supports(self, digits: Digits) -> npt.NDArray[np.bool_]:
        """Which of some rows the generator can draw, as a mask of shape ``(rows,)``."""

    @abstractmethod
    def with_distractors(self, distractors: Distractors) -> Self:
        """The same task with another number of distractors.

        Raises:
            InputError: the task has no such number of them.
        """

    @property
    @abstractmethod
    def minimum_length(self) -> int:
        """The smallest number of digits per row."""

    @property
    @abstractmethod
    def label_shares(self) -> npt.NDArray[np.float64]:
        """The relative frequency of each label, of shape ``(classes,)``; they add up to 1."""

    @property
    def floor(self) -> Floor:
        """The best accuracy possible without reading any digit."""
        shares = self.label_shares
        return Floor(int(shares.argmax()), float(shares.max()))

    @property
    def guess_loss(self) -> float:
        """The loss of always predicting the label frequencies, in nats: the entropy of the labels."""
        shares: list[float] = self.label_shares.tolist()
        return -sum(share * math.log(share) for share in shares if share)

    def require_length(self, length: int) -> None:
        """Checks that a length is not too short for the task.

        Raises:
            InputError: ``length`` is below ``minimum_length``.
        """
        if length < self.minimum_length:
            raise InputError(f"length {length} is too short", allowed=f"{self.minimum_length} or more digits")

    def every_draw(self, length: int) -> Draws:
        """Every draw of a length; fails if they cannot be enumerated as such.

        Raises:
            InputError: ``length`` is below ``minimum_length``, or there are too many draws to enumerate.
        """
        self.require_length(length)
        draws = self.every_row(length)
        if not isinstance(draws, Draws):
            raise InputError(
                f"the task {self.name} has too many different rows at length {length} to enumerate them all"
            )
        return draws


def whole_numbers(
    task: Task, values: npt.ArrayLike, shape: tuple[int, ...], number: int, method: str, what: str
) -> npt.NDArray[np.int8]:
    """The values that a method of a task has returned.

    Arguments:
        task: the task.
        values: what it has returned.
        shape: their shape.
        number: they are whole numbers from 0 to ``number - 1``.
        method, what: the method and what the values are, for error messages.

    Raises:
        InputError: they are something else.
    """
    found = np.asarray(values)
    problem = None
    if found.shape != shape:
        problem = f"returns the shape {found.shape} instead of {shape}"
    elif not (np.issubdtype(found.dtype, np.integer) or found.dtype == np.bool_):
        problem = f"returns {found.dtype} instead of whole numbers"
    elif found.size and not (found.min() >= 0 and found.max() < number):
        problem = f"returns {what} from {found.min()} to {found.max()} instead of 0 to {number - 1}"
    if problem:
        raise InputError(f"{task.name}.{method} {problem}")
    return found.astype(np.int8)
