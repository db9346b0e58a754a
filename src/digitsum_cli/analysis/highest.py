"""The highest of many settings, said no larger than it is: picked afterwards, perhaps tied, perhaps by chance."""

from collections.abc import Sequence
from dataclasses import dataclass

_MAXIMUM_NAMED = 4

Rank = tuple[float, ...]


@dataclass(frozen=True)
class Contender:
    """One of the settings.

    Arguments:
        subject: its name.
        rank: its value, comparable with those of the others.
        value: its value in words.
        sentence: what is said of it.
        measure: what the highest is called, such as ``the longest memory span at 50 %``.
        interval: the ends of its value's interval, comparable with ranks; None if it has none.
    """

    subject: str
    rank: Rank
    value: str
    sentence: str
    measure: str
    interval: tuple[Rank, Rank] | None


def highest(contenders: Sequence[Contender], settings: int) -> list[str]:
    """Sentences on the highest of some settings.

    Arguments:
        contenders: the settings with a value.
        settings: number of settings, including those without a value.
    """
    if not contenders:
        return [f"none of {settings} settings was trained successfully at every length."]
    best = max(contender.rank for contender in contenders)
    first, *tied = (contender for contender in contenders if contender.rank == best)
    others = [contender for contender in contenders if contender.rank != best]
    if len(tied) + 1 == settings:
        return [f"all {settings} settings tie for {first.measure}, {first.value}."]
    if tied:
        named = [contender.subject for contender in (first, *tied)]
        return [f"{len(named)} of {settings} settings tie for {first.measure}, {first.value}: {short_list(named)}."]
    sentences = [
        f"highest of {settings} settings, picked afterwards, so its value is optimistic until it is trained with other "
        f"seeds: {first.sentence}"
    ]
    intervals = [contender.interval for contender in others if contender.interval is not None]
    if first.interval is None or not intervals:
        sentences.append("without intervals, its lead over the others may be chance.")
    elif overlapping := sum(high >= first.interval[0] for _, high in intervals):
        sentences.append(f"its interval overlaps with those of {overlapping} of the other {settings - 1} settings.")
    return sentences


def short_list(names: Sequence[str]) -> str:
    """The first four names, and how many more there are."""
    more = f" and {len(names) - _MAXIMUM_NAMED} more" if len(names) > _MAXIMUM_NAMED else ""
    return f"{'; '.join(names[:_MAXIMUM_NAMED])}{more}"
