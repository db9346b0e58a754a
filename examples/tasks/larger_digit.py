"""Which of the first two digits is larger?

6 7 0 0 1 0 -> the second -> 2
"""

import numpy as np

from digitsum_cli import TwoDigitTask


class LargerDigit(TwoDigitTask):
    """The label is 1 if the first digit is larger, 2 if the second is, and 0 if they are equal."""

    classes = 3
    label_name = "larger digit"
    label_in_words = "which of the first two digits is larger (0: neither)"

    def label_of_pair(self, first, second):
        """Which is larger."""
        return np.select([first > second, second > first], [1, 2], 0)
