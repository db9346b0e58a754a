"""Means and medians over seeds."""

import math
from collections.abc import Iterable, Sequence
from statistics import median

import numpy as np
import numpy.typing as npt


def mean_over_seeds(arrays: Sequence[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """The mean of arrays of equal shape, one per seed."""
    mean: npt.NDArray[np.float64] = np.mean(arrays, axis=0)
    return mean


def median_over_seeds(values: Iterable[float]) -> float:
    """The median of the values that are finite; NaN if there is none."""
    finite = [value for value in values if math.isfinite(value)]
    return median(finite) if finite else math.nan
