"""The user's code that the checkpoints of a run need."""

from collections.abc import Iterable

from digitsum_cli.core.registry import CELLS
from digitsum_cli.core.user_cells import register_cell
from digitsum_cli.core.user_code import code_not_allowed
from digitsum_cli.errors import InputError
from digitsum_cli.rundir.directory import RunDirectory
from digitsum_cli.trials.trial import Trial


def register_code_of_trials(trials: Iterable[Trial], run: RunDirectory | None, *, allow_code: bool) -> None:
    """Executes the copies in a run of the cells that trials use; the files that they were copied from do not matter.

    Arguments:
        trials: the trials.
        run: their run; None if they belong to none.
        allow_code: whether code of the user's may be executed.

    Raises:
        InputError: it may not be, or a copy is missing or damaged.
    """
    wanted = {trial.model.cell for trial in trials} - CELLS.keys()
    saved = {code.name: code for code in run.saved_code()} if run else {}
    missing = sorted(wanted - saved.keys())
    if missing:
        raise InputError(
            f"the code of the cell {missing[0]} is not in {run.code if run else 'a run'}, or has been changed there",
            next_step="Give a checkpoint inside the run that trained it, with its folder code/ as it was written",
        )
    codes = [saved[name] for name in sorted(wanted)]
    if codes and not allow_code:
        raise code_not_allowed(codes)
    for code in codes:
        register_cell(code)
