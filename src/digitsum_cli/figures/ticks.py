"""Positions of axis ticks."""

import math
from collections.abc import Iterable, Sequence

from matplotlib.ticker import FixedLocator, Locator, MaxNLocator

_MAXIMUM_LENGTHS = 12

_APART = 0.05
"""The least distance of two ticks, as a share of the axis, so that the labels do not touch."""


def every_nth(number: int, maximum: int) -> range:
    """The positions, out of ``number``, to label: at most ``maximum``, equally spaced, including the first."""
    return range(0, number, math.ceil(number / maximum))


def whole_numbers(maximum: int) -> MaxNLocator:
    """Places up to ``maximum`` + 1 ticks, at integers only; at least one."""
    return MaxNLocator(maximum, integer=True, min_n_ticks=1)


def at_lengths(lengths: Iterable[int]) -> Locator:
    """Places ticks at the lengths, up to twelve of them; lengths too close to the next tick get none.

    Arguments:
        lengths: digits per row, one or more.
    """
    ordered = sorted(set(lengths))
    if len(ordered) > _MAXIMUM_LENGTHS:
        return MaxNLocator(integer=True)
    return FixedLocator(apart(ordered))


def apart(numbers: Sequence[float], *, logarithmic: bool = False) -> list[float]:
    """Those of the numbers whose ticks do not touch: the largest, and each that is far enough from the next.

    Arguments:
        numbers: in ascending order, one or more; above 0 on a logarithmic axis.
        logarithmic: whether the axis is.
    """
    places = [math.log(number) for number in numbers] if logarithmic else list(numbers)
    least = _APART * (places[-1] - places[0])
    kept = [len(places) - 1]
    for index in reversed(range(len(places) - 1)):
        if places[kept[-1]] - places[index] >= least:
            kept.append(index)
    return [numbers[index] for index in reversed(kept)]
