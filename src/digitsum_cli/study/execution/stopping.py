"""Stops what runs trials, without losing what has ended meanwhile."""

from collections.abc import Generator, Iterator
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
