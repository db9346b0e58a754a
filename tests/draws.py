"""The rows of every draw of the digit sum."""

from digitsum_cli.core.generation import Rows, labelled
from digitsum_cli.core.tasks import DIGIT_SUM


def every_draw(length: int, first_digit: int | None = None) -> Rows:
    """In the order first digit, second digit, position, value; those with one first digit, or all."""
    return labelled(DIGIT_SUM.every_draw(length).digits(first_digit))
