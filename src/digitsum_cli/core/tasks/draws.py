"""Every draw of a task at one length.

A draw is a pair of first digits plus the distractor's position and value; all draws are equally likely. A value of 0
means no distractor, so a pair's draws with that value are all the same row: at length L there are 100 * (L - 2) * 10
draws, but only 100 * (9 * (L - 2) + 1) different rows. Counting draws instead of rows weights every row as the
generator does, with integer weights.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FIRST_DIGITS = 2
"""The digits that come before the distractor."""


@dataclass(frozen=True)
class Draws:
    """Every draw at one length: each pair of first digits with each position and value of the distractor.

    Arguments:
        labels: the labels of the pairs, of shape ``(symbols, symbols)``: by first and second digit.
        positions: the number of possible positions of the distractor: all after the second digit.
    """

    labels: npt.NDArray[np.int8]
    positions: int

    @property
    def symbols(self) -> int:
        """The number of different digits, which is also the number of the distractor's values, including 0 (none)."""
        return len(self.labels)

    @property
    def length(self) -> int:
        """Digits per row."""
        return FIRST_DIGITS + self.positions

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The number of first digits, second digits, positions and values."""
        return self.symbols, self.symbols, self.positions, self.symbols

    @property
    def count(self) -> int:
        """The number of draws."""
        return self.labels.size * self.positions * self.symbols

    @property
    def rows_per_first_digit(self) -> int:
        """The number of different rows that begin with the same digit."""
        return self.symbols + self.symbols * (self.symbols - 1) * self.positions

    def digits(self, first_digit: int | None = None) -> npt.NDArray[np.int8]:
        """The rows, in the order first digit, second digit, position, value (the last varies fastest).

        Arguments:
            first_digit: only the draws with this first digit; None for all of them.

        Returns:
            An array of shape ``(draws, length)``.
        """
        first_digits = range(self.symbols) if first_digit is None else [first_digit]
        drawn = np.zeros((len(first_digits), *self.shape[1:], self.length), dtype=np.int8)
        drawn[..., 0] = np.reshape(first_digits, (-1, 1, 1, 1))
        drawn[..., 1] = np.arange(self.symbols).reshape(-1, 1, 1)
        for position in range(self.positions):
            drawn[:, :, position, :, FIRST_DIGITS + position] = np.arange(self.symbols)
        return drawn.reshape(-1, self.length)
