"""The book's task: add up the first two digits.

6 7 0 0 1 0 -> 6 + 7 -> class 13
"""

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.tasks.two_digits import TwoDigitTask


class DigitSum(TwoDigitTask):
    """The label is the sum of the first two digits: 19 classes, 0-18."""

    name = "digit-sum"
    classes = 19
    label_name = "sum"
    label_in_words = "the sum of the first two digits"

    def label_of_pair(self, first: npt.NDArray[np.integer], second: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
        """The sum."""
        return first + second
