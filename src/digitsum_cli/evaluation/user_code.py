"""The user's code that the checkpoints of a run need."""

from collections.abc import Iterable

from digitsum_cli.core.registry import CELLS
from digitsum_cli.core.tasks import TASKS
from digitsum_cli.core.user_classes import register_user_class
from digitsum_cli.core.user_code import CELL, TASK, code_not_allowed
from digitsum_cli.errors import InputError
from digitsum_cli.rundir.directory import RunDirectory
from digitsum_cli.trials.trial import Trial


def register_code_of_trials(trials: Iterable[Trial], run: RunDirectory | None, *, allow_code: bool) -> None:
    """Executes the copies in a run of the cells and tasks that trials use; the original files do not matter.

    Arguments:
        trials: the trials.
        run: their run; None if they belong to none.
        allow_code: whether code of the user's may be executed.

    Raises:
        InputError: it may not be, or a copy is missing or damaged.
    """
    trials = list(trials)
    wanted = {(CELL, trial.model.cell) for trial in trials if trial.model.cell not in CELLS}
    wanted |= {(TASK, trial.drawing.task) for trial in trials if trial.drawing.task not in TASKS}
    saved = {code.name: code for code in run.saved_code()} if run else {}
    missing = sorted(name for _, name in wanted if name not in saved)
    if missing:
        raise InputError(
            f"the code of {missing[0]} is not in {run.code if run else 'a run'}, or has been changed there",
            next_step="Give a checkpoint inside the run that trained it, with its folder code/ as it was written",
        )
    codes = [(kind, saved[name]) for kind, name in sorted(wanted)]
    if codes and not allow_code:
        raise code_not_allowed([code for _, code in codes])
    for kind, code in codes:
        register_user_class(kind, code)
