"""Scores kept weights: one checkpoint, or every one of a run."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from digitsum_cli.core.audit import unseen_rows
from digitsum_cli.core.bounded_read import require_inside
from digitsum_cli.core.checkpoint import Weights, read_checkpoint
from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.data_files import digest_splits
from digitsum_cli.core.dataset import DigitSumDataset, DigitSumSplits
from digitsum_cli.core.exact import exact_score
from digitsum_cli.core.generation import Rows, Splits
from digitsum_cli.core.record import Score
from digitsum_cli.core.runner import Runner
from digitsum_cli.core.weights import load_weights
from digitsum_cli.errors import InputError
from digitsum_cli.execution.training import build_trial_classifier, use_one_thread
from digitsum_cli.rundir.access import check_links
from digitsum_cli.rundir.directory import RunDirectory, is_checkpoint_name
from digitsum_cli.rundir.store import Store
from digitsum_cli.settings import Override, Settings, resolve_settings
from digitsum_cli.settings.schema import ModelSettings, TrainSettings
from digitsum_cli.settings.task import task_of
from digitsum_cli.trials.plan import load_data, resolved_device
from digitsum_cli.trials.ram import count_parameters
from digitsum_cli.trials.results import wilson_columns
from digitsum_cli.trials.setting_columns import setting_row
from digitsum_cli.trials.trial import Trial

_NOT_OF_TRIALS = ("log_every", "device")


@dataclass(frozen=True)
class CheckpointScores:
    """How the weights of one checkpoint do at their length.

    Arguments:
        path: the file.
        trial: what they come from.
        train, eval, test: on these rows.
        test_rows: how many test rows there are.
        unseen_test: on the test rows that the weights were not trained on; None if there are none, or if it is not
            known which rows they were trained on.
        unseen_test_rows: how many these are.
        exact: over every draw of the generator.
    """

    path: Path
    trial: Trial
    train: Score
    eval: Score
    test: Score
    test_rows: int
    unseen_test: Score | None
    unseen_test_rows: int | None
    exact: Score

    def to_dict(self) -> dict[str, Any]:
        """The scores as one flat row: ``eval_loss``, ``eval_accuracy`` and so on."""
        trial = self.trial
        row: dict[str, Any] = {"checkpoint": str(self.path), "trial": trial.identity}
        row |= {"length": trial.length, "seed": trial.seed, **setting_row(trial)}
        for split in ("train", "eval", "test"):
            row |= {f"{split}_{measure}": value for measure, value in asdict(getattr(self, split)).items()}
        return row | {
            "test_rows": self.test_rows,
            **wilson_columns(self.test.accuracy, self.test_rows),
            "unseen_test_rows": self.unseen_test_rows,
            "unseen_test_accuracy": self.unseen_test.accuracy if self.unseen_test else None,
            "exact_accuracy": self.exact.accuracy,
            "exact_loss": self.exact.loss,
        }


def find_checkpoints(path: Path) -> list[Path]:
    """The checkpoint at ``path``, or every one of the run there, in the order of its tables.

    Raises:
        InputError: there is nothing, a folder without checkpoints, or one with links that lead out of it.
    """
    if not path.is_dir():
        if (run := run_of(path)) is not None:
            check_links(run)
            require_inside(path, run.path)
        return [path]
    run = RunDirectory(path)
    check_links(run)
    checkpoints = sorted(require_inside(found, path) for found in run.checkpoints.glob("*.safetensors"))
    if run.store.is_file():
        with Store(run.store) as store:
            names = [run.checkpoint(trial.name) for trial in store.trials().values()]
        checkpoints = [checkpoint for checkpoint in names if checkpoint in set(checkpoints)]
    if not checkpoints:
        raise InputError(
            f"{path} is not a run with checkpoints", next_step="Name a run directory or a .safetensors file"
        )
    return checkpoints


def run_of(checkpoint: Path) -> RunDirectory | None:
    """The run that a checkpoint stands in; None if it stands in none."""
    run = RunDirectory(checkpoint.parent.parent)
    return run if checkpoint.parent.name == run.checkpoints.name and run.store.exists() else None


def diagnosis_folder(source: Path) -> Path:
    """Where the diagnosis of a run, of a run's checkpoint or of another is kept unless another folder is given.

    Raises:
        InputError: a link leads out of the run.
    """
    if source.is_dir():
        return RunDirectory(source).diagnosis
    if (run := run_of(source)) is not None:
        return require_inside(run.diagnosis / source.stem, run.path)
    return source.with_name(f"{source.stem}-diagnosis")


def checkpoint_settings(path: Path, overrides: Sequence[Override] = ()) -> tuple[Trial, Settings]:
    """The trial that a checkpoint comes from, and its settings with other values at some ``data`` keys.

    Raises:
        InputError: the file is not a checkpoint of a trial, or ``overrides`` change more than data and device.
    """
    stored = read_checkpoint(path).settings
    if not stored:
        raise InputError(f"{path} has no settings: it was saved by hand", next_step="Load it with Runner.load_model")
    try:
        trial = Trial.from_dict(stored)
        preset = _settings_tree(trial)
        original = resolve_settings(preset=preset)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    if is_checkpoint_name(path.name) and path.stem != trial.name:
        raise InputError(
            f"{path} holds the weights of another trial, {trial.name}", next_step="Give it its own name again"
        )
    if any(override.key == "data.dir" for override in overrides):
        preset["data"]["rows"] = "fixed"
    settings = resolve_settings(preset=preset, overrides=overrides)
    before, after = (_of_the_training(each) for each in (original, settings))
    for key in before:
        if before[key] != after[key] and not (key == "data.rows" and settings.data.dir is not None):
            raise InputError(
                f"{path} was trained with {key} {before[key]!r}, not {after[key]!r}",
                next_step="Only data.lengths, k, seed and dir, and train.device may differ when scoring",
            )
    return trial, settings


def score_checkpoints(paths: Sequence[Path], overrides: Sequence[Override] = ()) -> Iterator[CheckpointScores]:
    """Scores checkpoints on the data they were trained with, or on other data.

    Arguments:
        paths: safetensors files.
        overrides: other values at ``data`` keys.

    Raises:
        InputError: a checkpoint or a data file is wrong (see ``checkpoint_settings``), the checkpoint's own data
            cannot be had again, or the other data lack its length.
    """
    use_one_thread()
    by_trial = [(path, *checkpoint_settings(path, overrides)) for path in paths]
    for path, trial, settings in by_trial:
        device = resolved_device(settings.train.device)
        splits = _splits_for(path, trial, settings)
        data = DigitSumSplits.of(splits, device)
        model = load_classifier(path, replace(trial, device=device))
        runner = Runner(model)
        train, eval_, test = (
            runner.evaluate(split, batch_size=trial.batch_size) for split in (data.train, data.eval, data.test)
        )
        unseen = _unseen_test_rows(trial, splits)
        yield CheckpointScores(
            path,
            trial,
            train,
            eval_,
            test,
            test_rows=len(splits.test),
            unseen_test=runner.evaluate(DigitSumDataset(unseen, device)) if unseen else None,
            unseen_test_rows=None if unseen is None else len(unseen),
            exact=exact_score(model, trial.length, task_of(trial)),
        )


def load_classifier(path: Path, trial: Trial) -> DigitSumClassifier:
    """The classifier of a trial with the kept weights of a checkpoint.

    Raises:
        InputError: the file is missing or damaged, or its weights do not fit the trial.
    """
    weights = read_checkpoint(path).weights
    _require_size(weights, trial, path)
    model = build_trial_classifier(trial)
    load_weights(model, weights, source=str(path))
    return model


def _require_size(weights: Weights, trial: Trial, path: Path) -> None:
    """Before a network as large as the settings say is built, the file must hold as many numbers."""
    wanted, given = count_parameters(trial), sum(array.size for array in weights.values())
    if given != wanted:
        raise InputError(f"{path} does not fit its settings: it holds {given:,} numbers instead of {wanted:,}")


def _settings_tree(trial: Trial) -> dict[str, dict[str, Any]]:
    data = trial.data
    of_data: dict[str, Any] = {"task": trial.task, "lengths": [trial.length]}
    if data:
        k = {"train": data.k_train, "eval": data.k_eval, "test": data.k_test}
        of_data |= {"lengths": list(data.lengths), "k": k, "seed": data.seed, "rows": trial.rows}
    return {
        "data": of_data,
        "model": {name: getattr(trial, name) for name in ModelSettings.model_fields},
        "train": {name: getattr(trial, name) for name in TrainSettings.model_fields if name not in _NOT_OF_TRIALS},
    }


def _of_the_training(settings: Settings) -> dict[str, Any]:
    """What no longer changes when weights are scored, by dotted key."""
    sections = {"model": settings.model, "train": settings.train}
    values = {f"{name}.{key}": value for name, section in sections.items() for key, value in section}
    del values["train.device"]
    return {"data.task": settings.data.task, "data.rows": settings.data.rows, **values}


def _unseen_test_rows(trial: Trial, splits: Splits) -> Rows | None:
    """The test rows that a trial was not trained on; None if its training rows cannot be had."""
    if trial.rows == "fresh":
        return None
    if digest_splits(splits) == trial.data_digest:
        trained_on = splits.train
    elif trial.data is not None:
        trained_on = trial.data.splits(task_of(trial)).train
    else:
        return None
    return unseen_rows(splits.test, trained_on)


def _splits_for(path: Path, trial: Trial, settings: Settings) -> Splits:
    unchanged = settings.data == resolve_settings(preset=_settings_tree(trial)).data
    if unchanged and trial.data is None:
        settings = settings.with_values({"data.dir": _data_folder_of_run(path)})
    if settings.data.dir is not None:
        settings = settings.with_values({"data.lengths": (trial.length,)})
    if trial.length not in settings.data.lengths:
        raise InputError(f"the data have no length {trial.length}, which {path} was trained for")
    splits = load_data(settings.data)[trial.length]
    if unchanged and digest_splits(splits) != trial.data_digest:
        raise InputError(
            f"the data of {path} are not those it was trained on any more", next_step="Name others with --data"
        )
    return splits


def _data_folder_of_run(path: Path) -> str:
    """The ``data.dir`` of the run that a checkpoint stands in.

    Raises:
        InputError: it stands in none, or the run has none.
    """
    run = run_of(path)
    folder = resolve_settings(run.config).data.dir if run is not None and run.config.is_file() else None
    if folder is None:
        raise InputError(f"{path} was trained on data read from files", next_step="Name their folder with --data")
    return folder
