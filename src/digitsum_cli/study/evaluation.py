"""Scores kept weights: one checkpoint, or every one of a run."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from digitsum_cli.core.checkpoint import read_checkpoint
from digitsum_cli.core.data_files import digest_splits
from digitsum_cli.core.dataset import DigitSumSplits
from digitsum_cli.core.generation import Splits
from digitsum_cli.core.record import Score
from digitsum_cli.core.runner import Runner
from digitsum_cli.core.weights import load_weights
from digitsum_cli.errors import InputError
from digitsum_cli.settings import Override, Settings, resolve_settings
from digitsum_cli.study.plan import load_data, resolved_device
from digitsum_cli.study.results import setting_row
from digitsum_cli.study.run_directory import RunDirectory
from digitsum_cli.study.training import build_trial_classifier, use_one_thread
from digitsum_cli.study.trial import Trial


@dataclass(frozen=True)
class CheckpointScores:
    """How the weights of one checkpoint do on the three splits of their length."""

    path: Path
    trial: Trial
    train: Score
    eval: Score
    test: Score

    def to_dict(self) -> dict[str, Any]:
        """The scores as one flat row: ``eval_loss``, ``eval_accuracy`` and so on."""
        trial = self.trial
        row: dict[str, Any] = {"checkpoint": str(self.path), "trial": trial.identity}
        row |= {"length": trial.length, "seed": trial.seed, **setting_row(trial)}
        for split in ("train", "eval", "test"):
            row |= {f"{split}_{measure}": value for measure, value in asdict(getattr(self, split)).items()}
        return row


def find_checkpoints(path: Path) -> list[Path]:
    """The checkpoint at ``path``, or every one of the run there.

    Raises:
        InputError: there is nothing, or a folder without checkpoints.
    """
    if not path.is_dir():
        return [path]
    checkpoints = sorted(RunDirectory(path).checkpoints.glob("*.safetensors"))
    if not checkpoints:
        raise InputError(
            f"{path} is not a run with checkpoints", next_step="Name a run directory or a .safetensors file"
        )
    return checkpoints


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
    settings = resolve_settings(preset=preset, overrides=overrides)
    for section in ("model", "train"):
        before, after = getattr(original, section).model_dump(), getattr(settings, section).model_dump()
        for key in before:
            if before[key] != after[key] and key != "device":
                raise InputError(
                    f"{path} was trained with {section}.{key} {before[key]!r}, not {after[key]!r}",
                    next_step="Only data.* and train.device may differ when scoring",
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
    for path, trial, settings in sorted(by_trial, key=lambda item: (item[1].length, item[0])):
        device = resolved_device(settings.train.device)
        data = DigitSumSplits.of(_splits_for(path, trial, settings), device)
        model = build_trial_classifier(replace(trial, device=device))
        load_weights(model, read_checkpoint(path).weights, source=str(path))
        runner = Runner(model)
        scores = (runner.evaluate(split, batch_size=trial.batch_size) for split in (data.train, data.eval, data.test))
        yield CheckpointScores(path, trial, *scores)


def _settings_tree(trial: Trial) -> dict[str, dict[str, Any]]:
    data = trial.data
    k = {"train": data.k_train, "eval": data.k_eval, "test": data.k_test} if data else {}
    return {
        "data": {"lengths": list(data.lengths), "k": k, "seed": data.seed} if data else {"lengths": [trial.length]},
        "model": {name: getattr(trial, name) for name in ("cell", "impl", "embedding_size", "hidden_size", "init")},
        "train": {name: getattr(trial, name) for name in ("epochs", "batch_size", "lr", "seed", "eval_every")},
    }


def _splits_for(path: Path, trial: Trial, settings: Settings) -> Splits:
    unchanged = settings.data == resolve_settings(preset=_settings_tree(trial)).data
    if unchanged and trial.data is None:
        raise InputError(f"{path} was trained on data read from files", next_step="Name their folder with --data")
    if settings.data.dir is not None:
        settings = settings.with_values({"data.lengths": (trial.length,)})
    if trial.length not in settings.data.lengths:
        raise InputError(f"the data have no length {trial.length}, which {path} was trained for")
    splits = load_data(settings.data)[trial.length]
    if unchanged and digest_splits(splits) != trial.data_digest:
        raise InputError(f"the data drawn again for {path} are not those it was trained on")
    return splits
