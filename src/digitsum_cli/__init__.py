"""Measures how far back a recurrent network remembers, using the digit-sum experiment."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from digitsum_cli.core.cells.cell import Cell

__version__ = "0.1.0"
__all__ = ["Cell"]


def __getattr__(name: str) -> Any:
    """Imports public names when they are used, so that the command line starts without torch."""
    if name == "Cell":
        from digitsum_cli.core.cells.cell import Cell

        return Cell
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
