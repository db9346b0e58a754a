"""Numbers that are noted down one after the other."""

import numpy as np
import numpy.typing as npt

_ROOM = 1024


class GrowingArray:
    """A growing list of numbers in one array. What was read from it stays as it was when more are added.

    Arguments:
        numbers: the first ones.
    """

    def __init__(self, numbers: npt.ArrayLike = ()) -> None:
        self._room = np.array(numbers, np.float64)
        self._length = len(self._room)

    def __len__(self) -> int:
        return self._length

    def append(self, number: float) -> None:
        """Adds a number at the end."""
        if self._length == len(self._room):
            self._room = np.concatenate([self._room, np.empty(max(_ROOM, self._length))])
        self._room[self._length] = number
        self._length += 1

    def array(self) -> npt.NDArray[np.float64]:
        """All of them so far; no copy is made."""
        return self._room[: self._length]
