"""The settings of a run: those in its ``config.yaml`` if they describe the trials in the store, or else the trials'."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from digitsum_cli.errors import DigitsumWarning, InputError
from digitsum_cli.rundir.directory import RunDirectory
from digitsum_cli.settings import Settings, resolve_settings
from digitsum_cli.trials.planned_settings import describes, planned_settings, without_continued
from digitsum_cli.trials.trial import Trial

_UNKNOWN_FOLDER = "DIR"


@dataclass(frozen=True)
class SavedSettings:
    """The settings of a run.

    Arguments:
        settings: the settings; None if no settings plan exactly the trials of the run.
        as_written: whether ``config.yaml`` has them.
    """

    settings: Settings | None
    as_written: bool


def saved_settings(run: RunDirectory, trials: Sequence[Trial]) -> SavedSettings:
    """Reads ``config.yaml``; warns if it does not describe the trials, which then count.

    Arguments:
        run: the run directory.
        trials: the trials in its store, in table order.
    """
    folder = None if trials[0].data else _UNKNOWN_FOLDER
    names = {path.stem: name for name, path in run.saved_starts().items()}
    names |= {code.name: code.reference for code in run.saved_code()}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DigitsumWarning)  # of keys that had another name when the run was made
            written = resolve_settings(run.config)
        if describes(written, trials, names) or describes(written, without_continued(trials), names):
            return SavedSettings(written, as_written=True)
        problem = f"{run.config} does not describe the trainings of this run"
        if folder:
            folder = written.data.dir or folder
    except InputError as error:
        problem = str(error)
    warnings.warn(f"{problem}; using the settings in {run.store.name}", DigitsumWarning, stacklevel=2)
    return SavedSettings(planned_settings(trials, folder, names), as_written=False)
