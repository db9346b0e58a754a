"""Tables as text, independent of where they are shown, and the formatting of their numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_SMALL, _HUGE = 1e-4, 1e6
"""Numbers outside this range are written with an exponent."""


@dataclass(frozen=True)
class Table:
    """Rows of text under a caption; the first column labels each row.

    Arguments:
        caption: what the table shows.
        columns: the column heads.
        rows: one text per column.
        text_columns: number of leading columns that hold words; the others hold numbers.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    text_columns: int = 1


def percent(share: float | None) -> str:
    """A share as a percentage; a dash if it is missing or NaN."""
    return "–" if share is None or math.isnan(share) else f"{100 * share:.1f} %"


def short_percent(share: float) -> str:
    """A share as a percentage with no more decimals than it has, such as a threshold: ``50 %``, ``99.5 %``."""
    return f"{100 * share:.10g} %"


def percent_interval(share: float | None, low: float | None, high: float | None) -> str:
    """A share with its interval: ``77.0 % [72.1, 81.5]``."""
    interval = "" if low is None or high is None else f" [{100 * low:.1f}, {100 * high:.1f}]"
    return f"{percent(share)}{interval}"


def percent_range(low: float | None, high: float | None) -> str:
    """Two shares in whole per cent: ``44–66``; a dash if either is missing."""
    return "–" if low is None or high is None else f"{100 * low:.0f}–{100 * high:.0f}"


def points(difference: float) -> str:
    """A difference of shares in percentage points: ``+3.1``."""
    return f"{100 * difference:+.1f}"


def in_brackets(interval: tuple[float, float] | None, form: str = ".1f") -> str:
    """An interval of shares in per cent: ``[72.1, 81.5]``; ``[–]`` if there is none."""
    return "[–]" if interval is None else f"[{100 * interval[0]:{form}}, {100 * interval[1]:{form}}]"


def p_value(value: float) -> str:
    """A p-value: ``0.021``, ``< 0.001``."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def number(value: float | None, digits: int) -> str:
    """A number with ``digits`` decimals, or an exponent if it is huge; a dash if it is missing or NaN."""
    if value is None or math.isnan(value):
        return "–"
    return f"{value:.{digits}f}" if abs(value) < _HUGE else significant(value, 3)


def significant(value: float, digits: int) -> str:
    """A number with ``digits`` significant digits; a dash for NaN and infinity."""
    if not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    rounded = f"{value:.{digits - 1}e}"
    exponent = int(rounded.partition("e")[2])
    if not _SMALL <= abs(value) < _HUGE:
        return rounded
    return f"{float(rounded):,.{max(0, digits - 1 - exponent)}f}"
