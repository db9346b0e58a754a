"""How long a training takes, also one that is taken up where it was left."""

import time


class Clock:
    """Counts seconds from where it is made.

    Arguments:
        before: seconds that had passed in earlier sessions.
    """

    def __init__(self, before: float = 0.0) -> None:
        self._start = time.perf_counter() - before

    def seconds(self) -> float:
        """How many have passed in all."""
        return time.perf_counter() - self._start
