"""What a network is asked: the contract of a task."""

import math
from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.tasks.draws import Draws
from digitsum_cli.errors import InputError

Digits = npt.NDArray[np.int8]
"""Rows of digits, of shape ``(rows, length)``."""


class Floor(NamedTuple):
    """The accuracy of always giving the most frequent label.

    Arguments:
        label: the most frequent one; the lowest of several.
        accuracy: 0 to 1.
    """

    label: int
    accuracy: float

    def __str__(self) -> str:
        return f"always answering {self.label} ({100 * self.accuracy:.3g} %)"


class Task(ABC):
    """Rows of digits, each with a label that the network names at the end of the row.

    A task draws its rows from NumPy's legacy ``RandomState``, whose streams are the same in all versions.

    Attributes:
        name: in settings.
        symbols: how many different digits there are, at most 10; the rows of the embedding.
        classes: how many different labels there are, at most 100; they are 0, 1, … ``classes - 1``.
        strata: rows come in groups of this size, the strata of the generator: ``k`` is the number of groups.
        label_digits: the label depends on so many digits at the beginning of a row.
        minimum_length: the fewest digits in a row.
        label_name: what a label is called, in axis labels and tables: ``sum``.
        label_in_words: which label is right, in sentences: ``the sum of the first two digits``.
    """

    name: ClassVar[str]
    symbols: ClassVar[int]
    classes: ClassVar[int]
    strata: ClassVar[int]
    label_digits: ClassVar[int]
    minimum_length: ClassVar[int]
    label_name: ClassVar[str]
    label_in_words: ClassVar[str]

    @abstractmethod
    def label(self, digits: Digits) -> npt.NDArray[np.int8]:
        """The labels of rows, of shape ``(rows,)``.

        Arguments:
            digits: of shape ``(rows, length)``; at least the first ``label_digits`` of each row.
        """

    @abstractmethod
    def generate(self, length: int, k: int, stream: np.random.RandomState) -> Digits:
        """Draws the rows of a split, ``k`` for each stratum, one after the other.

        Arguments:
            length: digits in a row, at least ``minimum_length``.
            k: at least 1.
            stream: the random stream; how many numbers are drawn from it decides which rows come next.
        """

    @abstractmethod
    def sample(self, length: int, k: int, stream: np.random.RandomState) -> Digits:
        """Draws rows with the distribution of ``generate``, all at once, which takes microseconds."""

    @abstractmethod
    def enumerate(self, length: int) -> Draws | None:
        """Every draw of a length; None if there are too many to list."""

    @property
    @abstractmethod
    def label_shares(self) -> npt.NDArray[np.float64]:
        """How frequent each label is, of shape ``(classes,)``; they add up to 1."""

    @property
    def floor(self) -> Floor:
        """The best accuracy that can be had without reading any digit."""
        shares = self.label_shares
        return Floor(int(shares.argmax()), float(shares.max()))

    @property
    def guess_loss(self) -> float:
        """The loss of always answering with the labels' own frequencies, in nats: the entropy of the labels."""
        shares: list[float] = self.label_shares.tolist()
        return -sum(share * math.log(share) for share in shares if share)

    def require_length(self, length: int) -> None:
        """Checks that rows can be so short.

        Raises:
            InputError: ``length`` is below ``minimum_length``.
        """
        if length < self.minimum_length:
            raise InputError(f"length {length} is too short", allowed=f"{self.minimum_length} or more digits")

    def every_draw(self, length: int) -> Draws:
        """Every draw of a length, for what cannot do without.

        Raises:
            InputError: ``length`` is below ``minimum_length``, or there are too many draws to list.
        """
        self.require_length(length)
        draws = self.enumerate(length)
        if draws is None:
            raise InputError(f"the rows of the task {self.name} cannot all be listed at length {length}")
        return draws
