"""The shapes and types of arrays by name, and whether others have the same."""

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from digitsum_cli.errors import InputError

Shapes = Mapping[str, tuple[tuple[int, ...], str]]
"""By name: the shape, and the type of the numbers, such as ``float32``."""


def shapes_of(arrays: Mapping[str, npt.NDArray[Any]]) -> Shapes:
    """The shapes of arrays."""
    return {name: (array.shape, str(array.dtype)) for name, array in arrays.items()}


def require_shapes(arrays: Mapping[str, npt.NDArray[Any]], wanted: Shapes, source: str) -> None:
    """Checks that arrays have the names, shapes and types that are wanted.

    Arguments:
        source: where the arrays come from, for the error.

    Raises:
        InputError: one is missing, superfluous, or of another shape or type.
    """
    given = shapes_of(arrays)
    parts = [f"{name} is missing" for name in wanted.keys() - given.keys()]
    parts += [f"{name} is not a parameter of it" for name in given.keys() - wanted.keys()]
    for name in wanted.keys() & given.keys():
        if wanted[name] != given[name]:
            (shape, dtype), (given_shape, given_dtype) = wanted[name], given[name]
            parts.append(f"{name} is {given_dtype} of shape {given_shape} instead of {dtype} of shape {shape}")
    if parts:
        raise InputError(f"{source} does not fit the model: {', '.join(sorted(parts))}")
