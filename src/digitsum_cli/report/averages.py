"""Means over seeds."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def mean_over_seeds(arrays: Sequence[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """The mean of arrays of equal shape, one per seed."""
    mean: npt.NDArray[np.float64] = np.mean(arrays, axis=0)
    return mean
