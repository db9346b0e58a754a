"""The rows that checkpoints were trained with, generated again or read again."""

from functools import cache
from pathlib import Path

from digitsum_cli.core.audit import unseen_rows
from digitsum_cli.core.data_files import digest_splits
from digitsum_cli.core.generation import Rows, Splits
from digitsum_cli.core.registry import ROWS
from digitsum_cli.errors import InputError
from digitsum_cli.evaluation.checkpoints import TrialCheckpoint, run_of
from digitsum_cli.settings import Settings, resolve_settings
from digitsum_cli.settings.validation import validate
from digitsum_cli.trials.inputs import find_data_folder, load_data
from digitsum_cli.trials.planned_settings import settings_tree
from digitsum_cli.trials.trial import GeneratedData, Trial


class CheckpointData:
    """The data of checkpoints; data shared by several checkpoints are generated or read once."""

    def __init__(self) -> None:
        self._generated = cache(GeneratedData.splits)
        self._loaded = cache(load_data)
        self._data_folders: dict[Path, str] = {}

    def splits(self, checkpoint: TrialCheckpoint, settings: Settings) -> Splits:
        """The rows that a checkpoint is scored on.

        Raises:
            InputError: they cannot be read, they are no longer the same, or they do not include its length.
        """
        path, trial = checkpoint.path, checkpoint.trial
        unchanged = settings.data == validate(settings_tree(trial), {}).data
        if unchanged and trial.data is not None:
            splits = self._generated(trial.data, trial.task)
        else:
            splits = self._other_splits(checkpoint, settings, unchanged)
        if unchanged and digest_splits(splits) != trial.data_digest:
            raise InputError(
                f"the data of {path} have changed since it was trained", next_step="Give other data with --data"
            )
        return splits

    def test_rows(self, checkpoint: TrialCheckpoint) -> Rows:
        """The test rows of the data that a checkpoint was trained with."""
        return self.splits(checkpoint, validate(settings_tree(checkpoint.trial), {})).test

    def _other_splits(self, checkpoint: TrialCheckpoint, settings: Settings, unchanged: bool) -> Splits:
        path, length, data = checkpoint.path, checkpoint.trial.length, settings.data
        if unchanged and path.parent not in self._data_folders:
            self._data_folders[path.parent] = _data_folder_of_run(path)
        folder = self._data_folders[path.parent] if unchanged else data.dir
        if folder is not None:
            data = data.model_copy(update={"dir": folder, "lengths": (length,)})
        if length not in data.lengths:
            raise InputError(f"the data do not include length {length}, at which {path} was trained")
        return self._loaded(data)[length]

    def unseen_test_rows(self, trial: Trial, splits: Splits) -> Rows | None:
        """The test rows that a trial was not trained on; None if its training rows are unknown."""
        if ROWS[trial.drawing.rows]:
            return None
        if digest_splits(splits) == trial.data_digest:
            return unseen_rows(splits.test, splits.train)
        return None if trial.data is None else unseen_rows(splits.test, self._generated(trial.data, trial.task).train)


def _data_folder_of_run(path: Path) -> str:
    """The ``data.dir`` of the run that a checkpoint belongs to.

    Raises:
        InputError: the checkpoint belongs to no run, or the run has no ``data.dir``.
    """
    run = run_of(path)
    folder = resolve_settings(run.config).data.dir if run is not None and run.config.is_file() else None
    if run is None or folder is None:
        raise InputError(f"{path} was trained on data read from files", next_step="Give their folder with --data")
    return str(find_data_folder(folder, run.working_directories()))
