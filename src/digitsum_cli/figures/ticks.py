"""Which places of an axis carry a label."""

import math

from matplotlib.ticker import MaxNLocator


def every_nth(number: int, maximum: int) -> range:
    """The places out of ``number`` that are labelled: at most ``maximum``, equally far apart, the first among them."""
    return range(0, number, math.ceil(number / maximum))


def whole_numbers(maximum: int) -> MaxNLocator:
    """Places at whole numbers only, up to ``maximum`` + 1 of them, if need be a single one."""
    return MaxNLocator(maximum, integer=True, min_n_ticks=1)
