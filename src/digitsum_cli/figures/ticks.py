"""Positions of axis ticks."""

import math

from matplotlib.ticker import MaxNLocator


def every_nth(number: int, maximum: int) -> range:
    """The positions, out of ``number``, to label: at most ``maximum``, equally spaced, including the first."""
    return range(0, number, math.ceil(number / maximum))


def whole_numbers(maximum: int) -> MaxNLocator:
    """Places up to ``maximum`` + 1 ticks, at integers only; at least one."""
    return MaxNLocator(maximum, integer=True, min_n_ticks=1)
