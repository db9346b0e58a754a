"""Measures the duration of a training, including one that was resumed."""

import time


class Clock:
    """A clock that starts when it is created.

    Arguments:
        before: seconds elapsed in earlier sessions.
    """

    def __init__(self, before: float = 0.0) -> None:
        self._start = time.perf_counter() - before

    def seconds(self) -> float:
        """The total number of seconds elapsed."""
        return time.perf_counter() - self._start
