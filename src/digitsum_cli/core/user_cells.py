"""Cells of the user's in the registry."""

from dataclasses import replace

from digitsum_cli.core.registry import CELLS, MANUAL, OWN_CELL
from digitsum_cli.core.user_code import UserCode, load_user_class
from digitsum_cli.errors import InputError

_REGISTERED: dict[str, UserCode] = {}


def registered_code() -> list[UserCode]:
    """The code of the user's cells in the registry, so that a new process can be given the same."""
    return list(_REGISTERED.values())


def register_cell(code: UserCode) -> None:
    """Executes the code of a cell, and adds the cell to the registry under its name in trials.

    Raises:
        InputError: the code raises an error, or the class is missing or not a ``Cell``.
    """
    from digitsum_cli.core.cells.cell import Cell

    if code.name in CELLS:
        return
    cell = load_user_class(code)
    if not (isinstance(cell, type) and issubclass(cell, Cell)):
        raise InputError(
            f"{code.class_name} is not a cell",
            where=code.reference,
            next_step="Derive it from digitsum_cli.Cell",
        )
    if missing := sorted(getattr(cell, "__abstractmethods__", ())):
        raise InputError(
            f"{code.class_name} has no {missing[0]}", where=code.reference, next_step="Define step(self, x, state)"
        )
    _REGISTERED[code.name] = code
    CELLS[code.name] = replace(OWN_CELL, implementations={MANUAL: {"tanh": code.import_path}}, candidate=cell.candidate)
