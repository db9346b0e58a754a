"""An array that numbers can be appended to."""

import numpy as np
import numpy.typing as npt

_INITIAL_CAPACITY = 1024


class GrowingArray:
    """Numbers in one array that grows as needed. Arrays already read from it do not change when numbers are appended.

    Arguments:
        numbers: the initial numbers.
    """

    def __init__(self, numbers: npt.ArrayLike = ()) -> None:
        self._buffer = np.array(numbers, np.float64)
        self._length = len(self._buffer)

    def __len__(self) -> int:
        return self._length

    def append(self, number: float) -> None:
        """Appends a number."""
        if self._length == len(self._buffer):
            self._buffer = np.concatenate([self._buffer, np.empty(max(_INITIAL_CAPACITY, self._length))])
        self._buffer[self._length] = number
        self._length += 1

    def array(self) -> npt.NDArray[np.float64]:
        """All numbers so far, without copying."""
        return self._buffer[: self._length]
