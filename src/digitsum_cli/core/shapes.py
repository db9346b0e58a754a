"""The shapes and types of named arrays, and checking them."""

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from digitsum_cli.errors import InputError

Shapes = Mapping[str, tuple[tuple[int, ...], str]]
"""Maps each name to its shape and data type, such as ``float32``."""


def shapes_of(arrays: Mapping[str, npt.NDArray[Any]]) -> Shapes:
    """The shapes of arrays."""
    return {name: (array.shape, str(array.dtype)) for name, array in arrays.items()}


def require_shapes(arrays: Mapping[str, npt.NDArray[Any]], expected: Shapes, mismatch: str) -> None:
    """Checks that arrays have the expected names, shapes and types.

    Arguments:
        mismatch: how the error message begins, such as ``the weights do not match the model``.

    Raises:
        InputError: an array is missing or unexpected, or has the wrong shape or type.
    """
    given = shapes_of(arrays)
    parts = [f"{name} is missing" for name in expected.keys() - given.keys()]
    parts += [f"{name} is unexpected" for name in given.keys() - expected.keys()]
    for name in expected.keys() & given.keys():
        if expected[name] != given[name]:
            (shape, dtype), (given_shape, given_dtype) = expected[name], given[name]
            parts.append(f"{name} is {given_dtype} of shape {given_shape} instead of {dtype} of shape {shape}")
    if parts:
        raise InputError(f"{mismatch}: {', '.join(sorted(parts))}")
