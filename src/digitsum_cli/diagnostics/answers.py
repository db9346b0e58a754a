"""A classifier's answers to every draw of a length, or to some rows, and its errors."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.generation import Rows
from digitsum_cli.core.tasks import DIGIT_SUM, Task
from digitsum_cli.core.tasks.draws import FIRST_DIGITS


@dataclass(frozen=True)
class Answers:
    """The answers to all ``1000 * (length - 2)`` draws of a length, which are equally likely.

    Arguments:
        length: digits per row.
        predictions: classes of shape ``(10, 10, length - 2, 10)``: by first digit, second digit, position of the
            distractor (0 is the third digit) and its value.
        task: the task that defines the labels.
    """

    length: int
    predictions: npt.NDArray[np.int8]
    task: Task = DIGIT_SUM

    @property
    def labels(self) -> npt.NDArray[np.int8]:
        """The correct answers, of the shape of ``predictions``."""
        draws = self.task.every_draw(self.length)
        return np.broadcast_to(draws.labels[:, :, None, None], self.predictions.shape)

    @property
    def accuracy(self) -> float:
        """The share of correct answers under the generator's own distribution, 0 to 1."""
        return float((self.predictions == self.labels).mean())

    @property
    def by_distractor(self) -> npt.NDArray[np.float64]:
        """The accuracy over the 100 pairs of first digits, of shape ``(length - 2, 10)``: by position and value.

        A value of 0 means no distractor, so its column is constant over the positions.
        """
        accuracy: npt.NDArray[np.float64] = (self.predictions == self.labels).mean(axis=(0, 1))
        return accuracy

    @property
    def digit_slopes(self) -> tuple[float, float]:
        """The slopes of the answer over the first and the second digit; see ``digit_slopes``."""
        return digit_slopes(self.predictions.mean(axis=(2, 3)))

    @property
    def confusion(self) -> npt.NDArray[np.int64]:
        """How many draws of each label (row) got each answer (column), of shape ``(classes, classes)``."""
        return _confusion(self.labels, self.predictions, self.task)


@dataclass(frozen=True)
class RowAnswers:
    """The answers to some rows; its properties are those of ``Answers``.

    Arguments:
        rows: one or more rows.
        predictions: classes of shape ``(rows,)``.
        task: the task that defines the labels.
    """

    rows: Rows
    predictions: npt.NDArray[np.int8]
    task: Task = DIGIT_SUM

    @property
    def accuracy(self) -> float:
        """The share of correct answers, 0 to 1."""
        return float((self.predictions == self.rows.labels).mean())

    @property
    def by_distractor(self) -> npt.NDArray[np.float64]:
        """The accuracy on the rows with a digit at a position, of shape ``(length - 2, 10)``: by position and digit.

        NaN if there is no such row.
        """
        correct = self.predictions == self.rows.labels
        others = self.rows.digits[:, FIRST_DIGITS:].T
        with np.errstate(invalid="ignore"):
            accuracy: npt.NDArray[np.float64] = np.array(
                [
                    np.bincount(digits, correct, self.task.symbols) / np.bincount(digits, minlength=self.task.symbols)
                    for digits in others
                ]
            )
        return accuracy

    @property
    def digit_slopes(self) -> tuple[float, float]:
        """The slopes of the answer over the first and the second digit: those of the least-squares plane."""
        pairs = np.column_stack([self.rows.digits[:, :FIRST_DIGITS], np.ones(len(self.rows))])
        first, second, _ = np.linalg.lstsq(pairs, self.predictions.astype(np.float64))[0]
        return float(first), float(second)

    @property
    def confusion(self) -> npt.NDArray[np.int64]:
        """How many rows of each label (row) got each answer (column), of shape ``(classes, classes)``."""
        return _confusion(self.rows.labels, self.predictions, self.task)


def _confusion(labels: npt.NDArray[np.int8], predictions: npt.NDArray[np.int8], task: Task) -> npt.NDArray[np.int64]:
    cells = labels.astype(np.int64) * task.classes + predictions
    return np.bincount(cells.ravel(), minlength=task.classes**2).reshape(task.classes, task.classes)


def digit_slopes(by_pair: npt.NDArray[np.floating | np.integer]) -> tuple[float, float]:
    """The average rise of the class when the first, or the second, digit rises by one.

    These are the slopes of the least-squares plane. In the digit-sum task, 1 means that a digit is added in full, 0
    that it is lost.

    Arguments:
        by_pair: classes or their means, of shape ``(10, 10)``: by first and second digit.
    """
    symbols = len(by_pair)
    digits = np.arange(symbols) - (symbols - 1) / 2
    first, second = by_pair.mean(axis=1) @ digits, by_pair.mean(axis=0) @ digits
    return float(first / (digits @ digits)), float(second / (digits @ digits))
