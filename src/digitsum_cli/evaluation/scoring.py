"""Scores checkpoints on the data they were trained with or on other data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digitsum_cli.core.accuracy_kind import AccuracyKind, kind_of_data
from digitsum_cli.core.audit import count_outside
from digitsum_cli.core.dataset import DigitSumDataset
from digitsum_cli.core.exact import generator_score
from digitsum_cli.core.runner import Runner
from digitsum_cli.core.sampled import count_scoring_rows
from digitsum_cli.errors import InputError
from digitsum_cli.evaluation.checkpoint_data import CheckpointData
from digitsum_cli.evaluation.checkpoints import TrialCheckpoint
from digitsum_cli.execution.training import use_one_thread
from digitsum_cli.settings import Override, Settings, resolve_settings
from digitsum_cli.settings.schema import DrawingSettings
from digitsum_cli.settings.validation import validate
from digitsum_cli.trials.plan import resolved_device
from digitsum_cli.trials.planned_settings import settings_tree
from digitsum_cli.trials.rows import score_columns
from digitsum_cli.trials.scores import Scores, score_best_checkpoint
from digitsum_cli.trials.setting import Setting
from digitsum_cli.trials.trial import Trial


@dataclass(frozen=True)
class CheckpointScores:
    """The scores of one checkpoint at its own length.

    Arguments:
        path: the file.
        trial: the trial it belongs to.
        kind: the kind of accuracy that describes the data.
        losses: loss on the ``train``, ``eval`` and ``test`` sets, and ``exact``, over every possible draw, or
            ``sampled``, over rows drawn for scoring, unless the data are not the generator's.
        eval_accuracy: accuracy on the eval set, 0 to 1.
        scores: the other accuracies.
    """

    path: Path
    trial: Trial
    kind: AccuracyKind
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
        row |= {**self.setting.columns, "accuracy_kind": self.kind}
        row |= {f"{name}_loss": loss for name, loss in self.losses.items()}
        return {**row, "eval_accuracy": self.eval_accuracy, **score_columns(self.scores)}


def scoring_settings(checkpoint: TrialCheckpoint, overrides: Sequence[Override] = ()) -> Settings:
    """The settings of a checkpoint's trial, with overrides of some ``data`` keys.

    Raises:
        InputError: ``overrides`` change more than data and device.
    """
    path, tree = checkpoint.path, settings_tree(checkpoint.trial)
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
                next_step="Only data.lengths, data.k, data.seed, data.dir, data.distractors, data.scoring_rows and "
                "train.device may be overridden",
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
    data = CheckpointData()
    for checkpoint, settings in resolved:
        yield _score(checkpoint, settings, data)


def _score(checkpoint: TrialCheckpoint, settings: Settings, data: CheckpointData) -> CheckpointScores:
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
    task = settings.data.asked
    kind = kind_of_data(task, trial.length, foreign=count_outside(splits, task) > 0)
    if kind is not AccuracyKind.TEST:
        scored[kind] = generator_score(model, trial.length, task, settings.data.scoring_rows)
    scores = score_best_checkpoint(
        scored.__getitem__,
        lambda: scored[kind].accuracy,
        kind=kind,
        scoring_rows=count_scoring_rows(settings.data.scoring_rows, task),
        test_rows=len(splits.test),
        unseen_test_rows=None if unseen is None else len(unseen),
    )
    losses = {name: score.loss for name, score in scored.items() if name != "unseen_test"}
    return CheckpointScores(checkpoint.path, trial, kind, losses, scored["eval"].accuracy, scores)


def _training_settings(settings: Settings) -> dict[str, Any]:
    """The settings that are fixed once a network is trained, by dotted key."""
    sections = {"model": settings.model, "train": settings.train}
    values = {f"{name}.{key}": value for name, section in sections.items() for key, value in section}
    del values["train.device"], values["train.log_every"]
    drawing = DrawingSettings.model_fields.keys() - {"distractors", "scoring_rows"}
    return {**{f"data.{key}": getattr(settings.data, key) for key in drawing}, **values}
