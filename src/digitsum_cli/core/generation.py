"""The data sets of a task, drawn as the book draws them.

A single stream, NumPy's legacy ``RandomState`` (MT19937), is used for all lengths and splits in the given order. The
task determines how a row is drawn from it.

Source: Qiu Xipeng, *Neural Networks and Deep Learning* practice book, chapter 6.1.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.tasks import DIGIT_SUM, Task
from digitsum_cli.core.tasks.task import WeightedRows
from digitsum_cli.errors import InputError

SPLIT_NAMES = ("train", "eval", "test")


@dataclass(frozen=True)
class Rows:
    """The rows of one split.

    Arguments:
        digits: integers 0-9 of shape ``(rows, length)``.
        labels: classes of the task, of shape ``(rows,)``.
        batch_lengths: the length of the rows of each batch, of shape ``(batches,)``: these are the last so many of
            their digits, and those before are not read. None if all rows have the length of ``digits``.
    """

    digits: npt.NDArray[np.int8]
    labels: npt.NDArray[np.int8]
    batch_lengths: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Rows":
        """The selected rows, in order; the mask ``chosen`` has shape ``(rows,)``."""
        return Rows(self.digits[chosen], self.labels[chosen])


@dataclass(frozen=True)
class Splits:
    """The three splits of one length."""

    train: Rows
    eval: Rows
    test: Rows

    @property
    def length(self) -> int:
        """The number of digits per row."""
        return int(self.train.digits.shape[1])

    def items(self) -> tuple[tuple[str, Rows], ...]:
        """The splits with their names, in the order in which they are drawn."""
        return tuple((name, getattr(self, name)) for name in SPLIT_NAMES)


def labelled(digits: npt.NDArray[np.int8], task: Task = DIGIT_SUM) -> Rows:
    """Adds a task's labels to rows of digits."""
    return Rows(digits, task.label(digits))


def rows_of_equal_weight(every_row: WeightedRows, task: Task) -> Iterator[tuple[float, Rows]]:
    """Every row of a length, in groups of equal weight: the probability of each group, and its rows.

    The accuracy over all rows is the mean over the groups, weighted by their probabilities; see ``weighted_mean``.
    """
    for weight in np.unique(every_row.weights):
        of_weight = every_row.weights == weight
        yield float(every_row.weights[of_weight].sum()), labelled(every_row.digits[of_weight], task)


def weighted_mean(weights_and_values: Iterable[tuple[float, float]]) -> float:
    """The mean of values with weights, never above the largest value, however the sums are rounded."""
    total = weighted = 0.0
    for weight, value in weights_and_values:
        total += weight
        weighted += weight * value
    return weighted / total


def generate_rows(length: int, k: int, stream: np.random.RandomState, task: Task = DIGIT_SUM) -> Rows:
    """Draws ``k`` rows for each of the task's strata; in the digit-sum task, the 100 pairs of first digits.

    Arguments:
        length: digits per row, at least 3.
        k: rows per pair, at least 1.
        stream: the random stream; the digit-sum task draws ``200 * k`` numbers from it.
        task: the task that defines the rows.

    Returns:
        ``100 * k`` rows.

    Raises:
        InputError: ``length`` is below 3 or ``k`` below 1.
    """
    task.require_length(length)
    if k < 1:
        raise InputError(f"k is {k}", allowed="1 or more rows per pair of digits")
    return labelled(task.generate(length, k, stream), task)


def generate_splits(
    lengths: Sequence[int],
    k_train: int = 3,
    k_eval: int = 1,
    k_test: int = 1,
    seed: int = 0,
    task: Task = DIGIT_SUM,
) -> dict[int, Splits]:
    """Draws the splits of every length from one stream, in the given order.

    Arguments:
        lengths: digits per row, each at least 3 and without repeats.
        k_train, k_eval, k_test: rows per pair of first digits, in each split.
        seed: seed of ``numpy.random.RandomState``, 0 to 2**32 - 1.
        task: the task that defines the rows.

    Returns:
        The splits by length. A length's rows depend on the lengths before it.

    Raises:
        InputError: a length is below 3 or repeated, a ``k`` is below 1, or the seed is out of range.
    """
    if len(set(lengths)) < len(lengths):
        raise InputError(f"a length is repeated in {list(lengths)}")
    if not 0 <= seed < 2**32:
        raise InputError(f"the seed is {seed}", allowed="0 to 2**32 - 1")
    stream = np.random.RandomState(seed)
    return {
        length: Splits(*(generate_rows(length, k, stream, task) for k in (k_train, k_eval, k_test)))
        for length in lengths
    }
