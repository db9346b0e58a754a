"""How functions of this package are compiled."""

from typing import Any

from numba import njit

compiled: Any = njit(nogil=True, error_model="numpy", inline="always")
"""Written into the functions that call it: compiling is quicker so than linking and optimising step by step.

An argument that is a constant where it is called, such as the cell's name, is one inside: of its branches, only the one
that is taken is compiled.
"""
