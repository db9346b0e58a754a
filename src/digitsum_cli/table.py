"""A table as text, before it is known where it will be shown, and how numbers stand in it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_SMALL, _HUGE = 1e-4, 1e6
"""Beyond these, numbers are written with an exponent."""


@dataclass(frozen=True)
class Table:
    """Rows of text under a caption; the first column names its row.

    Arguments:
        caption: what the table shows.
        columns: their heads.
        rows: as many texts as there are columns.
        text_columns: how many columns, counted from the left, hold words; the others hold numbers.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    text_columns: int = 1


def percent(share: float | None) -> str:
    """A share as a percentage; a dash for what is not there."""
    return "–" if share is None else f"{100 * share:.1f} %"


def percent_interval(share: float | None, low: float | None, high: float | None) -> str:
    """A share with its interval: ``77.0 % [72.1, 81.5]``."""
    interval = "" if low is None or high is None else f" [{100 * low:.1f}, {100 * high:.1f}]"
    return f"{percent(share)}{interval}"


def percent_range(low: float | None, high: float | None) -> str:
    """Two shares in whole per cent: ``44–66``; a dash if one is not there."""
    return "–" if low is None or high is None else f"{100 * low:.0f}–{100 * high:.0f}"


def points_interval(difference: float | None, low: float | None, high: float | None) -> str:
    """A difference of shares in percentage points with its interval: ``+3.1 [-0.4, +6.6]``."""
    if difference is None:
        return "–"
    interval = "" if low is None or high is None else f" [{100 * low:+.1f}, {100 * high:+.1f}]"
    return f"{100 * difference:+.1f}{interval}"


def number(value: float | None, digits: int) -> str:
    """A number with some decimals, but for a huge one; a dash for what is not there."""
    if value is None:
        return "–"
    return f"{value:.{digits}f}" if abs(value) < _HUGE else significant(value, 3)


def significant(value: float, digits: int) -> str:
    """A number of any size with some significant digits; a dash for what is infinite or not a number."""
    if not math.isfinite(value):
        return "–"
    rounded = f"{value:.{digits - 1}e}"
    exponent = int(rounded.partition("e")[2])
    if not _SMALL <= abs(value) < _HUGE and value:
        return rounded
    return f"{float(rounded):,.{max(0, digits - 1 - exponent)}f}"
