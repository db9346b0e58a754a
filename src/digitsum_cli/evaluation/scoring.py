"""Scores checkpoints on the data they were trained with or on other data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from digitsum_cli.core.audit import unseen_rows
from digitsum_cli.core.data_files import digest_splits
from digitsum_cli.core.dataset import DigitSumDataset
from digitsum_cli.core.exact import exact_score
from digitsum_cli.core.generation import Rows, Splits
from digitsum_cli.core.registry import ROWS
from digitsum_cli.core.runner import Runner
from digitsum_cli.errors import InputError
from digitsum_cli.evaluation.checkpoints import TrialCheckpoint, run_of
from digitsum_cli.execution.training import use_one_thread
from digitsum_cli.settings import Override, Settings, resolve_settings
from digitsum_cli.settings.schema import DataSettings, DrawingSettings
from digitsum_cli.settings.validation import validate
from digitsum_cli.trials.plan import find_data_folder, load_data, resolved_device
from digitsum_cli.trials.rows import score_columns
from digitsum_cli.trials.scores import Scores, score_best_checkpoint
from digitsum_cli.trials.setting import Setting
from digitsum_cli.trials.trial import GeneratedData, Trial


@dataclass(frozen=True)
class CheckpointScores:
    """The scores of one checkpoint at its own length.

    Arguments:
        path: the file.
        trial: the trial it belongs to.
        losses: loss on the ``train``, ``eval`` and ``test`` sets, and ``exact``, over every possible draw.
        eval_accuracy: accuracy on the eval set, 0 to 1.
        scores: the other accuracies.
    """

    path: Path
    trial: Trial
    losses: dict[str, float]
    eval_accuracy: float
    scores: Scores

    @property
    def setting(self) -> Setting:
        """The setting of the trial."""
        return Setting.of(self.trial)

    @property
    def columns(self) -> dict[str, Any]:
        """One flat row: ``eval_loss``, ``eval_accuracy`` and so on."""
        trial = self.trial
        row = {"checkpoint": str(self.path), "trial": trial.identity, "length": trial.length, "seed": trial.seed}
        row |= self.setting.columns
        row |= {f"{name}_loss": loss for name, loss in self.losses.items()}
        return {**row, "eval_accuracy": self.eval_accuracy, **score_columns(self.scores)}


def scoring_settings(checkpoint: TrialCheckpoint, overrides: Sequence[Override] = ()) -> Settings:
    """The settings of a checkpoint's trial, with overrides of some ``data`` keys.

    Raises:
        InputError: ``overrides`` change more than data and device.
    """
    path, tree = checkpoint.path, _settings_tree(checkpoint.trial)
    try:
        original = validate(tree, {})
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    if not overrides:
        return original
    if any(override.key == "data.dir" for override in overrides):
        tree["data"]["rows"] = "fixed"
    settings = resolve_settings(preset=tree, overrides=overrides)
    before, after = _training_settings(original), _training_settings(settings)
    for key in before:
        if before[key] != after[key] and not (key == "data.rows" and settings.data.dir is not None):
            raise InputError(
                f"{path} was trained with {key} {before[key]!r}, not {after[key]!r}",
                next_step="Only data.lengths, data.k, data.seed, data.dir and train.device may be overridden",
            )
    return settings


def score_checkpoints(
    checkpoints: Sequence[TrialCheckpoint], overrides: Sequence[Override] = ()
) -> Iterator[CheckpointScores]:
    """Scores checkpoints on the data they were trained with, or on other data.

    Arguments:
        checkpoints: the checkpoints.
        overrides: overrides of ``data`` keys.

    Raises:
        InputError: a data file is invalid, the checkpoint's own data cannot be restored, or the other data do not
            include its length; see also ``scoring_settings``.
    """
    use_one_thread()
    resolved = [(checkpoint, scoring_settings(checkpoint, overrides)) for checkpoint in checkpoints]
    data = _Data()
    for checkpoint, settings in resolved:
        yield _score(checkpoint, settings, data)


def _score(checkpoint: TrialCheckpoint, settings: Settings, data: "_Data") -> CheckpointScores:
    trial, device = checkpoint.trial, resolved_device(settings.train.device)
    splits = data.splits(checkpoint, settings)
    unseen = data.unseen_test_rows(trial, splits)
    model = checkpoint.classifier(device)
    runner = Runner(model)
    sets = {**dict(splits.items()), **({"unseen_test": unseen} if unseen else {})}
    scored = {
        name: runner.evaluate(DigitSumDataset(rows, device), batch_size=trial.train.batch_size)
        for name, rows in sets.items()
    }
    exact = exact_score(model, trial.length, trial.task)
    scores = score_best_checkpoint(
        scored.__getitem__,
        lambda: exact.accuracy,
        test_rows=len(splits.test),
        unseen_test_rows=None if unseen is None else len(unseen),
    )
    losses = {**{name: scored[name].loss for name, _ in splits.items()}, "exact": exact.loss}
    return CheckpointScores(checkpoint.path, trial, losses, scored["eval"].accuracy, scores)


class _Data:
    """The data of checkpoints; data shared by several checkpoints are generated or read once."""

    def __init__(self) -> None:
        self._generated = cache(GeneratedData.splits)
        self._loaded = cache(load_data)
        self._data_folders: dict[Path, str] = {}

    def splits(self, checkpoint: TrialCheckpoint, settings: Settings) -> Splits:
        """The rows that a checkpoint is scored on."""
        path, trial = checkpoint.path, checkpoint.trial
        unchanged = settings.data == validate(_settings_tree(trial), {}).data
        if unchanged and trial.data is not None:
            splits = self._generated(trial.data, trial.task)
        else:
            splits = self._other_splits(checkpoint, settings, unchanged)
        if unchanged and digest_splits(splits) != trial.data_digest:
            raise InputError(
                f"the data of {path} have changed since it was trained", next_step="Give other data with --data"
            )
        return splits

    def _other_splits(self, checkpoint: TrialCheckpoint, settings: Settings, unchanged: bool) -> Splits:
        path, length, data = checkpoint.path, checkpoint.trial.length, settings.data
        if unchanged and path.parent not in self._data_folders:
            self._data_folders[path.parent] = _data_folder_of_run(path)
        folder = self._data_folders[path.parent] if unchanged else data.dir
        if folder is not None:
            data = DataSettings(dir=folder, lengths=(length,), task=data.task)
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


def _settings_tree(trial: Trial) -> dict[str, dict[str, Any]]:
    data = trial.data
    data_settings: dict[str, Any] = {"lengths": [trial.length], **trial.drawing.model_dump()}
    if data:
        k = {"train": data.k_train, "eval": data.k_eval, "test": data.k_test}
        data_settings |= {"lengths": list(data.lengths), "k": k, "seed": data.seed}
    return {"data": data_settings, "model": trial.model.model_dump(), "train": trial.train.model_dump()}


def _training_settings(settings: Settings) -> dict[str, Any]:
    """The settings that are fixed once a network is trained, by dotted key."""
    sections = {"model": settings.model, "train": settings.train}
    values = {f"{name}.{key}": value for name, section in sections.items() for key, value in section}
    del values["train.device"], values["train.log_every"]
    return {**{f"data.{key}": getattr(settings.data, key) for key in DrawingSettings.model_fields}, **values}


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
