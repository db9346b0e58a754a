"""Finds and reads saved checkpoints, each with its trial."""

import contextlib
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from digitsum_cli.analysis.summary import THRESHOLDS
from digitsum_cli.core.bounded_read import require_inside
from digitsum_cli.core.checkpoint import Weights, digest_weights, read_checkpoint
from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.weights import load_weights
from digitsum_cli.errors import DigitsumWarning, InputError
from digitsum_cli.execution.training import build_trial_classifier
from digitsum_cli.rundir.access import check_links
from digitsum_cli.rundir.directory import RunDirectory, is_checkpoint_name
from digitsum_cli.rundir.replaced import ReplacedRun
from digitsum_cli.rundir.store import Store
from digitsum_cli.trials.outcome import Status
from digitsum_cli.trials.ram import count_parameters
from digitsum_cli.trials.trial import Trial


@dataclass(frozen=True)
class TrialCheckpoint:
    """A checkpoint read from disk: the best weights of a trial."""

    path: Path
    trial: Trial
    weights: Weights

    def start(self) -> Weights | None:
        """The weights that the trial started from, as copied into its run; None if they were drawn.

        Raises:
            InputError: the copy is missing or damaged, or the checkpoint belongs to no run.
        """
        digest = self.trial.start_digest
        if digest is None:
            return None
        run = run_of(self.path)
        if run is None:
            raise InputError(
                f"{self.path} started from the weights of another checkpoint, and is in no run that has a copy of them"
            )
        weights = read_checkpoint(run.start(digest)).weights
        if digest_weights(weights) != digest:
            raise InputError(f"{run.start(digest)} holds other weights than its name says")
        return weights

    def classifier(self, device: str = "cpu") -> DigitSumClassifier:
        """The trial's classifier with these weights.

        Raises:
            InputError: the weights do not match the trial.
        """
        expected, given = count_parameters(self.trial), sum(array.size for array in self.weights.values())
        if given != expected:  # before building a network as large as the settings say
            raise InputError(
                f"{self.path} does not match its settings: it holds {given:,} weights instead of {expected:,}"
            )
        model = build_trial_classifier(self.trial, device)
        load_weights(model, self.weights, source=str(self.path))
        return model


@dataclass(frozen=True)
class FoundCheckpoints:
    """The given checkpoint, or those of a run in table order; numbers are 0 for a given checkpoint.

    Arguments:
        paths: all checkpoints.
        statuses: the status of each checkpoint's trial; those that belong to no run count as done.
        missing: number of trials that are done but whose checkpoint is missing.
        diverged, failed, ended: number of trials of the run that diverged, that failed, and that ended at all.
        thresholds: accuracies that count as remembered: those of the run, or the defaults if it has none.
    """

    paths: list[Path]
    statuses: Mapping[Path, Status | Literal["unfinished"]]
    missing: int = 0
    diverged: int = 0
    failed: int = 0
    ended: int = 0
    thresholds: Sequence[float] = THRESHOLDS

    @property
    def done(self) -> list[Path]:
        """Checkpoints of the trials that are done."""
        return [path for path in self.paths if self.statuses.get(path, "done") == "done"]


def read_trial_checkpoint(path: Path) -> TrialCheckpoint:
    """Reads a checkpoint.

    Raises:
        InputError: the file is missing or damaged, is not a checkpoint of a trial, or belongs to another trial than its
            name says.
    """
    checkpoint = read_checkpoint(path)
    if not checkpoint.settings:
        raise InputError(
            f"{path} has no trial settings: it was not saved by a run", next_step="Load it with Runner.load_model"
        )
    try:
        trial = Trial.from_dict(checkpoint.settings)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    if is_checkpoint_name(path.name) and path.stem != trial.name:
        raise InputError(
            f"{path} holds the weights of another trial, {trial.name}", next_step="Rename the file to match"
        )
    return TrialCheckpoint(path, trial, checkpoint.weights)


def read_intact_checkpoints(paths: Iterable[Path]) -> list[TrialCheckpoint]:
    """Reads the checkpoints of a run. Damaged ones are left out, with a warning for each."""
    read = []
    for path in paths:
        try:
            read.append(read_trial_checkpoint(path))
        except InputError as error:
            warnings.warn(f"left out: {error}", DigitsumWarning, stacklevel=2)
    return read


def read_checkpoints(source: Path, paths: Iterable[Path]) -> list[TrialCheckpoint]:
    """Reads the intact checkpoints of a run, or a single one.

    Arguments:
        source: the run directory or the checkpoint.
        paths: the checkpoints found there.

    Raises:
        InputError: the single checkpoint is damaged, or no checkpoint of the run is intact.
    """
    if not source.is_dir():
        return [read_trial_checkpoint(path) for path in paths]
    read = read_intact_checkpoints(paths)
    if not read:
        raise InputError(
            f"no checkpoint in {source} is intact",
            next_step="To train them again, repeat the command that made the run, with --resume",
        )
    return read


def find_checkpoints(path: Path) -> FoundCheckpoints:
    """The checkpoint at ``path``, or all checkpoints of the run at ``path``.

    Raises:
        InputError: the folder has no checkpoints, or links that lead out of it.
    """
    if not path.is_dir():
        if (run := run_of(path)) is not None:
            check_links(run)
            require_inside(path, run.path)
            with contextlib.suppress(InputError):  # a damaged store keeps no checkpoint from being evaluated
                of_run = checkpoints_of_run(run.path)
                return FoundCheckpoints([path], of_run.statuses, thresholds=of_run.thresholds)
        return FoundCheckpoints([path], {})
    found = checkpoints_of_run(path)
    if not found.paths:
        next_step = ReplacedRun(RunDirectory(path)).hint() or "Give a run directory or a .safetensors file"
        raise InputError(f"{path} is not a run with checkpoints", next_step=next_step)
    return found


def checkpoints_of_run(path: Path) -> FoundCheckpoints:
    """All checkpoints of a run, or of a folder with checkpoints but no store.

    Raises:
        InputError: the store is damaged, or the folder has links that lead out of it.
    """
    run = RunDirectory(path)
    check_links(run)
    paths = sorted(require_inside(found, path) for found in run.checkpoints.glob("*.safetensors"))
    if not run.store.is_file():
        return FoundCheckpoints(paths, {})
    with Store(run.store) as store:
        trials, ended, thresholds = store.trials(), store.ended(), store.thresholds()
    present = set(paths)
    expected = {identity: run.checkpoint(trial.name) for identity, trial in trials.items()}
    statuses = {expected[identity]: outcome.status for identity, outcome in ended.items() if identity in expected}
    counts = Counter(statuses.values())
    return FoundCheckpoints(
        [path for path in expected.values() if path in present],
        statuses | {path: "unfinished" for path in expected.values() if path not in statuses},
        missing=sum(status == "done" and path not in present for path, status in statuses.items()),
        diverged=counts["diverged"],
        failed=counts["failed"],
        ended=len(statuses),
        thresholds=thresholds or THRESHOLDS,
    )


def run_of(checkpoint: Path) -> RunDirectory | None:
    """The run that a checkpoint belongs to; None if it belongs to none."""
    run = RunDirectory(checkpoint.parent.parent)
    return run if checkpoint.parent.name == run.checkpoints.name and run.store.exists() else None


def diagnosis_folder(source: Path) -> Path:
    """The default folder for the diagnosis of a run, of a run's checkpoint or of a single checkpoint.

    Raises:
        InputError: a link leads out of the run.
    """
    if source.is_dir():
        return RunDirectory(source).diagnosis
    if (run := run_of(source)) is not None:
        return require_inside(run.diagnosis / source.stem, run.path)
    return source.with_name(f"{source.stem}-diagnosis")
