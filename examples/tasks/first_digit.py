"""Name the first digit: the plainest question of memory.

    6 7 0 0 1 0 -> 6

The network must ignore the second digit, and the distractor after it.
"""

from digitsum_cli import TwoDigitTask


class FirstDigit(TwoDigitTask):
    """The label is the first digit: 10 classes."""

    classes = 10
    label_name = "first digit"
    label_in_words = "the first digit"

    def label_of_pair(self, first, second):
        """The first digit."""
        return first
