"""Name the digit after the marker: what must be kept is not at the beginning, but anywhere.

    0 0 9 4 0 0 -> 4

A row is zeros but for a marker, 9, at a random place, and a random digit from 0 to 8 after it.
"""

import numpy as np

from digitsum_cli import SequenceTask

MARKER = 9


class MarkedDigit(SequenceTask):
    """The label is the digit after the marker: 9 classes. All rows can be listed, so accuracy is exact."""

    classes = 9
    label_name = "marked digit"
    label_in_words = "the digit after the marker 9"

    def label_of_rows(self, digits):
        """The digit after the marker."""
        marker = (digits == MARKER).argmax(axis=1)
        return digits[np.arange(len(digits)), marker + 1]

    def sample(self, generator, length, rows):
        """The place of the marker and the digit, both uniform."""
        places = generator.randint(0, length - 1, size=rows)
        return self._rows(length, places, generator.randint(0, MARKER, size=rows))

    def enumerate(self, length):
        """Every place with every digit, equally likely."""
        places, marked = np.indices((length - 1, MARKER)).reshape(2, -1)
        return self._rows(length, places, marked), np.ones(len(places))

    def _rows(self, length, places, marked):
        digits = np.zeros((len(places), length), np.int8)
        digits[np.arange(len(places)), places] = MARKER
        digits[np.arange(len(places)), places + 1] = marked
        return digits
