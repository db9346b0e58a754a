"""Measures how far back a recurrent network remembers, using the digit-sum experiment."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from digitsum_cli.core.cells.cell import Cell
    from digitsum_cli.core.tasks.sequence_task import SequenceTask
    from digitsum_cli.core.tasks.two_digits import TwoDigitTask

__version__ = "0.1.0"
__all__ = ["Cell", "SequenceTask", "TwoDigitTask", "sweep"]

_MODULES = {
    "Cell": "digitsum_cli.core.cells.cell",
    "SequenceTask": "digitsum_cli.core.tasks.sequence_task",
    "TwoDigitTask": "digitsum_cli.core.tasks.two_digits",
    "sweep": "digitsum_cli.notebook.sweep",
}


def __getattr__(name: str) -> Any:
    """Imports public names when they are used, so that the command line starts without torch."""
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
