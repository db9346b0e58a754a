"""How functions of this package are compiled."""

from typing import Any

from numba import njit

compiled: Any = njit(nogil=True, error_model="numpy", inline="always")
"""Compiles a function inline into its callers, which compiles faster than linking and optimising each function.

An argument that is a constant in the caller, such as the cell's import path, is a constant inside as well, so only the
branch that is taken is compiled.
"""
