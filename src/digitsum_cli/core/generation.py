"""The digit-sum task: rows drawn from the book's random stream.

A row is ``length`` digits. The first two are free, the rest are 0 but for one *distractor* at a random position.
The label is the sum of the first two digits (19 classes, 0-18)::

    6 7 0 0 1 0 -> 6 + 7 -> class 13

For each of the 100 pairs (first digit in the outer loop, second in the inner) ``k`` rows are made. A row draws the
distractor's position with ``randint(2, length)`` and then its value with ``randint(0, 10)``, from NumPy's legacy
``RandomState`` (MT19937). One stream runs through all lengths and splits in the order given.

Source: Qiu Xipeng, *Neural Networks and Deep Learning* practice book, chapter 6.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digitsum_cli.errors import InputError

DIGITS = 10
CLASSES = 19
FREE_DIGITS = 2
MINIMUM_LENGTH = FREE_DIGITS + 1
SPLIT_NAMES = ("train", "eval", "test")


@dataclass(frozen=True)
class Rows:
    """The rows of one split.

    Arguments:
        digits: whole numbers 0-9 of shape ``(rows, length)``.
        labels: whole numbers 0-18 of shape ``(rows,)``, the sums of the first two digits.
    """

    digits: npt.NDArray[np.int8]
    labels: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Rows":
        """The chosen rows, in order; ``chosen`` has the shape ``(rows,)``."""
        return Rows(self.digits[chosen], self.labels[chosen])


@dataclass(frozen=True)
class Splits:
    """The three splits of one length."""

    train: Rows
    eval: Rows
    test: Rows

    @property
    def length(self) -> int:
        """The number of digits in a row."""
        return int(self.train.digits.shape[1])

    def items(self) -> tuple[tuple[str, Rows], ...]:
        """The splits with their names, in the order in which they are drawn."""
        return tuple((name, getattr(self, name)) for name in SPLIT_NAMES)


def require_length(length: int) -> None:
    """Checks that a row of this length has a place for the distractor.

    Raises:
        InputError: ``length`` is below 3.
    """
    if length < MINIMUM_LENGTH:
        raise InputError(
            f"length {length} is too short",
            allowed=f"{MINIMUM_LENGTH} or more: two digits to add up and room for a distractor",
        )


def generate_rows(length: int, k: int, stream: np.random.RandomState) -> Rows:
    """Draws ``k`` rows for each of the 100 pairs of first digits.

    Arguments:
        length: digits in a row, at least 3.
        k: rows for each pair, at least 1.
        stream: the random stream; ``200 * k`` numbers are drawn from it.

    Returns:
        ``100 * k`` rows.

    Raises:
        InputError: ``length`` is below 3 or ``k`` below 1.
    """
    require_length(length)
    if k < 1:
        raise InputError(f"k is {k}", allowed="1 or more rows for each pair of digits")
    digits = np.zeros((DIGITS * DIGITS * k, length), dtype=np.int8)
    row = 0
    for first in range(DIGITS):
        for second in range(DIGITS):
            for _ in range(k):
                position = stream.randint(FREE_DIGITS, length)
                digits[row, :FREE_DIGITS] = first, second
                digits[row, position] = stream.randint(0, DIGITS)
                row += 1
    return Rows(digits, digits[:, 0] + digits[:, 1])


def generate_splits(
    lengths: Sequence[int], k_train: int = 3, k_eval: int = 1, k_test: int = 1, seed: int = 0
) -> dict[int, Splits]:
    """Draws the splits of every length from one stream, in the order given.

    Arguments:
        lengths: digits in a row, each at least 3 and none twice.
        k_train, k_eval, k_test: rows for each pair of first digits, in each split.
        seed: of ``numpy.random.RandomState``, 0 to 2**32 - 1.

    Returns:
        The splits by length. A length's rows depend on the lengths before it.

    Raises:
        InputError: a length is below 3 or stands twice, a ``k`` is below 1, or the seed is out of range.
    """
    if len(set(lengths)) < len(lengths):
        raise InputError(f"a length stands twice in {list(lengths)}")
    if not 0 <= seed < 2**32:
        raise InputError(f"the seed is {seed}", allowed="0 to 2**32 - 1")
    stream = np.random.RandomState(seed)
    return {
        length: Splits(*(generate_rows(length, k, stream) for k in (k_train, k_eval, k_test))) for length in lengths
    }
