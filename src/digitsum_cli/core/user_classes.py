"""Classes of the user's, executed and added to the registries: cells and tasks."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from inspect import signature
from types import MappingProxyType
from typing import Any

from digitsum_cli.core.registry import CELLS, ENSEMBLE, MANUAL, OWN_CELL, TORCH
from digitsum_cli.core.tasks import TASKS
from digitsum_cli.core.user_code import CELL, TASK, UserCode
from digitsum_cli.core.user_code_loading import load_user_class
from digitsum_cli.errors import InputError

_REGISTERED: dict[tuple[str, str], UserCode] = {}


def registered_code() -> list[tuple[str, UserCode]]:
    """The kind and the code of every class of the user's, so that a new process can be given the same."""
    return [(kind, code) for (kind, _), code in _REGISTERED.items()]


def register_user_class(kind: str, code: UserCode) -> None:
    """Executes the code of a class, and adds the class to the registry of its kind under its name in trials.

    Arguments:
        kind: ``CELL`` or ``TASK``, of ``digitsum_cli.core.user_code``.
        code: its source.

    Raises:
        InputError: the code raises an error, or the class is missing or not of that kind.
    """
    if (kind, code.name) not in _REGISTERED:
        _REGISTER[kind](code)
        _REGISTERED[kind, code.name] = code


def kind_of(code: UserCode) -> str:
    """Whether a class is a ``CELL`` or a ``TASK``; its code is executed.

    Raises:
        InputError: the code raises an error, or the class is missing or neither.
    """
    from digitsum_cli.core.cells.cell import Cell
    from digitsum_cli.core.tasks.task import Task

    loaded = load_user_class(code)
    for kind, base in ((CELL, Cell), (TASK, Task)):
        if isinstance(loaded, type) and issubclass(loaded, base):
            return kind
    raise InputError(
        f"{code.class_name} is neither a cell nor a task",
        where=code.reference,
        next_step="Derive it from digitsum_cli.Cell, TwoDigitTask or SequenceTask",
    )


def _register_cell(code: UserCode) -> None:
    from digitsum_cli.core.cells.cell import Cell
    from digitsum_cli.core.cells.torch_layer import TorchLayer

    cell = _load(code, Cell, "a cell", "digitsum_cli.Cell")
    implementations = {name: {"tanh": code.import_path} for name in (MANUAL, ENSEMBLE)}
    if cell.library is not None:
        if not (isinstance(cell.library, type) and issubclass(cell.library, TorchLayer)):
            raise InputError(
                f"{code.class_name}.library is {cell.library!r}",
                where=code.reference,
                allowed="digitsum_cli.core.TorchSRN, TorchLSTM or TorchGRU",
            )
        implementations[TORCH] = {"tanh": f"{cell.library.__module__}:{cell.library.__qualname__}"}
    CELLS[code.name] = replace(OWN_CELL, implementations=implementations, candidate=cell.candidate)


def _register_task(code: UserCode) -> None:
    from digitsum_cli.core.tasks.task import Task

    task = _load(code, Task, "a task", "digitsum_cli.TwoDigitTask or digitsum_cli.SequenceTask")
    for name in ("classes", "label_name", "label_in_words"):
        if not hasattr(task, name):
            raise InputError(
                f"{code.class_name} has no {name}", where=code.reference, next_step=f"Set {name} in the class"
            )
    limits = {"classes": (2, 100), "symbols": (2, 10), "minimum_length": (3, 10_000)}
    made = task()
    for name, (lowest, highest) in limits.items():
        value = getattr(made, name)
        if not (isinstance(value, int) and lowest <= value <= highest):
            raise InputError(
                f"{code.class_name}.{name} is {value!r}", where=code.reference, allowed=f"{lowest} to {highest:,}"
            )
    try:
        made.floor  # noqa: B018 (draws rows and labels them, or labels every pair)
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"{code.class_name} cannot draw and label rows: {type(error).__name__}: {error}", where=code.reference
        ) from error
    TASKS[code.name] = made


_REGISTER: Mapping[str, Callable[[UserCode], None]] = MappingProxyType({CELL: _register_cell, TASK: _register_task})


def _load(code: UserCode, base: type, what: str, bases: str) -> Any:
    loaded = load_user_class(code)
    if not (isinstance(loaded, type) and issubclass(loaded, base)):
        raise InputError(f"{code.class_name} is not {what}", where=code.reference, next_step=f"Derive it from {bases}")
    if missing := sorted(getattr(loaded, "__abstractmethods__", ())):
        parameters = ", ".join(signature(getattr(loaded, missing[0])).parameters)
        raise InputError(
            f"{code.class_name} has no {missing[0]}",
            where=code.reference,
            next_step=f"Define {missing[0]}({parameters})",
        )
    return loaded
