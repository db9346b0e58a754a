"""Stops what runs trials, without losing what has ended meanwhile."""

from collections.abc import Generator, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


class Stop(BaseException):
    """Thrown into a generator of outcomes: it yields those that have ended meanwhile, and raises it again."""


def stopped(outcomes: Generator[T]) -> Iterator[T]:
    """Stops a generator of outcomes; gives those that have ended meanwhile."""
    try:
        yield outcomes.throw(Stop)
        yield from outcomes
    except Stop:
        pass


def undisturbed(ended: Iterable[T]) -> Generator[T]:
    """Yields what has ended to the last, also when it is stopped once more."""
    for each in ended:
        try:
            yield each
        except Stop:
            continue
