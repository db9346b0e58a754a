"""Is the sum of the first two digits odd? One bit to keep, but no digit can be ignored to find it.

6 7 0 0 1 0 -> (6 + 7) mod 2 -> 1
"""

from digitsum_cli import TwoDigitTask


class Parity(TwoDigitTask):
    """The label is 0 if the sum of the first two digits is even, 1 if it is odd."""

    classes = 2
    label_name = "parity"
    label_in_words = "the parity of the sum of the first two digits"

    def label_of_pair(self, first, second):
        """The parity of the sum."""
        return (first + second) % 2
