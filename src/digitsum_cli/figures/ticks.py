"""Positions of axis ticks."""

import math
from collections.abc import Iterable

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
    apart = _APART * (ordered[-1] - ordered[0])
    ticks = [ordered[-1]]  # the longest always has one
    for length in reversed(ordered[:-1]):
        if ticks[-1] - length >= apart:
            ticks.append(length)
    return FixedLocator(ticks[::-1])
