"""A classifier's answers to every draw of a length, and where they are wrong."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.generation import CLASSES, DIGITS


@dataclass(frozen=True)
class Answers:
    """The answers to all ``1000 * (length - 2)`` draws of a length, which are equally likely.

    Arguments:
        length: digits in a row.
        predictions: classes 0-18 of shape ``(10, 10, length - 2, 10)``: by first digit, second digit, position of the
            distractor (0 is the third digit) and its value.
    """

    length: int
    predictions: npt.NDArray[np.int8]

    @property
    def labels(self) -> npt.NDArray[np.int8]:
        """The sums of the first two digits, of the shape of ``predictions``."""
        digits = np.arange(DIGITS, dtype=np.int8)
        sums = np.add.outer(digits, digits)
        return np.broadcast_to(sums[:, :, None, None], self.predictions.shape)

    @property
    def accuracy(self) -> float:
        """The share of right answers under the generator's own distribution, 0 to 1."""
        return float((self.predictions == self.labels).mean())

    @property
    def by_distractor(self) -> npt.NDArray[np.float64]:
        """The accuracy over the 100 pairs of first digits, of shape ``(length - 2, 10)``: by position and value.

        A value of 0 is no distractor, so its column is one and the same number at every position.
        """
        accuracy: npt.NDArray[np.float64] = (self.predictions == self.labels).mean(axis=(0, 1))
        return accuracy

    @property
    def digit_slopes(self) -> tuple[float, float]:
        """By how much the answer rises, on average, for each one that the first, or the second, digit is higher.

        The slopes of the least-squares line: 1 where a digit is added in full, 0 where it is lost.
        """
        digits = np.arange(DIGITS) - (DIGITS - 1) / 2
        by_pair = self.predictions.mean(axis=(2, 3))
        first, second = by_pair.mean(axis=1) @ digits, by_pair.mean(axis=0) @ digits
        return float(first / (digits @ digits)), float(second / (digits @ digits))

    @property
    def confusion(self) -> npt.NDArray[np.int64]:
        """How many draws of each label (row) got each answer (column), of shape ``(19, 19)``."""
        cells = self.labels.astype(np.int64) * CLASSES + self.predictions
        return np.bincount(cells.ravel(), minlength=CLASSES * CLASSES).reshape(CLASSES, CLASSES)
