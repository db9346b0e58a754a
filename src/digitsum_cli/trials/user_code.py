"""Code of the user's that settings name: found, allowed, executed, and called by its name in trials."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from digitsum_cli.core.registry import CELLS
from digitsum_cli.core.tasks import TASKS
from digitsum_cli.core.user_classes import register_user_class
from digitsum_cli.core.user_code import CELL, TASK, UserCode, check_unchanged, code_not_allowed, find_user_code
from digitsum_cli.errors import InputError
from digitsum_cli.settings.schema import DataSettings, Settings, check_shortest
from digitsum_cli.trials.inputs import find_file
from digitsum_cli.trials.trial import Trial


def with_user_code(
    combinations: Sequence[Settings],
    working_directories: Sequence[Path] = (),
    *,
    allow_code: bool,
    own_code: Sequence[UserCode] = (),
    saved_code: Sequence[UserCode] = (),
) -> tuple[list[Settings], tuple[UserCode, ...]]:
    """Executes the cells and tasks of the user's that settings name.

    Arguments:
        combinations: settings without axes.
        working_directories: where else a relative file may be.
        allow_code: whether code of the user's may be executed.
        own_code: the source of classes that are already running, which needs no permission.
        saved_code: the copies of such code in the run, for files that are missing.

    Returns:
        The settings with the names that cells and tasks have in trials, and the code.

    Raises:
        InputError: code may not be executed, is missing, has changed since the run was made, or is not a cell or a
            task; or the rows do not fit the task.
    """
    user_code = _read_user_code(combinations, working_directories, own_code, saved_code)
    to_allow = [code for code in user_code.values() if code not in own_code]
    if to_allow and not allow_code:
        raise code_not_allowed(to_allow)
    for (kind, _), code in user_code.items():
        register_user_class(kind, code)
    named = [_with_names_of_code(each, user_code) for each in combinations]
    for settings in named:
        _check_task(settings.data)
    return named, tuple(user_code.values())


def with_names_in_trials(settings: Settings, trial: Trial) -> Settings:
    """The settings of a plan with the names that a cell and a task have in one of its trials."""
    model = settings.model.model_copy(update={"cell": trial.model.cell})
    data = settings.data.model_copy(update={"task": trial.drawing.task})
    return settings.model_copy(update={"model": model, "data": data})


def _with_names_of_code(settings: Settings, user_code: Mapping[tuple[str, str], UserCode]) -> Settings:
    """The settings with the names that a cell and a task of the user's have in trials."""
    model, data = settings.model, settings.data
    if code := user_code.get((CELL, model.cell)):
        model = model.model_copy(update={"cell": code.name})
    if code := user_code.get((TASK, data.task)):
        data = data.model_copy(update={"task": code.name})
    return settings.model_copy(update={"model": model, "data": data})


def _check_task(data: DataSettings) -> None:
    """Raises an error if the rows do not fit the task, which is not checked earlier if it is one of the user's."""
    try:
        check_shortest(data)
    except ValueError as error:
        raise InputError(f"data: {error}") from error


def _read_user_code(
    combinations: Iterable[Settings],
    working_directories: Sequence[Path],
    own_code: Sequence[UserCode],
    saved_code: Sequence[UserCode],
) -> dict[tuple[str, str], UserCode]:
    """The code of the user's that ``model.cell`` and ``data.task`` name, by key and name; nothing is executed.

    Arguments:
        combinations: settings without axes.
        working_directories: where else a relative file may be.
        own_code: the source of classes that are already running, by their ``reference``.
        saved_code: the copies in the run, for files that are missing.

    Raises:
        InputError: a file or module is missing, is not Python, or is not the one in the run.
    """
    own, saved = ({code.reference: code for code in codes} for codes in (own_code, saved_code))
    named = {(CELL, each.model.cell) for each in combinations if each.model.cell not in CELLS}
    named |= {(TASK, each.data.task) for each in combinations if each.data.task not in TASKS}
    found: dict[tuple[str, str], UserCode] = {}
    for key, name in sorted(named):
        if name in own:
            found[key, name] = own[name]
            continue
        file, _, class_name = name.rpartition(":")
        if not file.endswith(".py"):
            found[key, name] = find_user_code(name)
            continue
        path = find_file(file, key, working_directories)
        missing = not path.exists() and name in saved
        found[key, name] = saved[name] if missing else replace(find_user_code(f"{path}:{class_name}"), reference=name)
    for code in found.values():
        check_unchanged(code, saved_code)
    return found
