"""Every draw that the generator can make at a length.

A draw is a pair of first digits, a position and a value of the distractor: 100 * (length - 2) * 10 draws, all equally
likely. Where the value is 0 there is no distractor, so the length - 2 draws of a pair with that value are one and the
same row: there are 100 * (9 * (length - 2) + 1) distinct rows. Counting draws instead of rows gives every row the
weight that it has under the generator, in whole numbers.
"""

import numpy as np

from digitsum_cli.core.generation import DIGITS, FREE_DIGITS, Rows, require_length


def count_draws(length: int) -> int:
    """How many draws there are at a length."""
    return DIGITS * DIGITS * (length - FREE_DIGITS) * DIGITS


def every_draw(length: int, first_digit: int | None = None) -> Rows:
    """The rows of all draws, in the order first digit, second digit, position, value (the last runs fastest).

    Arguments:
        length: digits in a row, at least 3.
        first_digit: only the draws with this first digit; None for all of them.

    Returns:
        ``1000 * (length - 2)`` rows, or a tenth of them.

    Raises:
        InputError: ``length`` is below 3.
    """
    require_length(length)
    first_digits = range(DIGITS) if first_digit is None else [first_digit]
    drawn = np.zeros((len(first_digits), DIGITS, length - FREE_DIGITS, DIGITS, length), dtype=np.int8)
    drawn[..., 0] = np.reshape(first_digits, (-1, 1, 1, 1))
    drawn[..., 1] = np.arange(DIGITS).reshape(-1, 1, 1)
    for place in range(length - FREE_DIGITS):
        drawn[:, :, place, :, FREE_DIGITS + place] = np.arange(DIGITS)
    digits = drawn.reshape(-1, length)
    return Rows(digits, digits[:, 0] + digits[:, 1])
