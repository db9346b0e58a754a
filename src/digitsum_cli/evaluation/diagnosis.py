"""Diagnoses checkpoints; many of them in parallel in spawned processes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from digitsum_cli.core.accuracy_kind import AccuracyKind
from digitsum_cli.core.checkpoint import Weights
from digitsum_cli.core.generation import Rows
from digitsum_cli.core.sampled import draw_scoring_rows
from digitsum_cli.core.tasks.draws import Draws
from digitsum_cli.core.weights import load_weights
from digitsum_cli.diagnostics.diagnosis import Diagnosis, diagnose, diagnose_on_rows
from digitsum_cli.evaluation.checkpoint_data import CheckpointData
from digitsum_cli.evaluation.checkpoints import TrialCheckpoint
from digitsum_cli.evaluation.parallel import work_in_parallel
from digitsum_cli.execution.executor import Send
from digitsum_cli.execution.start import convert_weights
from digitsum_cli.execution.training import build_trial_classifier, use_one_thread
from digitsum_cli.trials.setting import Setting
from digitsum_cli.trials.trial import Trial

BOOK_LENGTHS = (5, 10, 15, 20, 25, 30, 35)
_ROWS = 20_000
"""Rows that a network is diagnosed on if they are drawn; the probe's cost grows with their number."""

_Work = tuple[TrialCheckpoint, Sequence[int], Mapping[int, Rows], Weights | None]


@dataclass(frozen=True)
class DiagnosedTrial:
    """A trial and the diagnosis of its best checkpoint."""

    trial: Trial
    diagnosis: Diagnosis

    @property
    def setting(self) -> Setting:
        """The setting of the trial."""
        return Setting.of(self.trial)

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis with its trial as plain values, for JSON."""
        trial = self.trial
        trial_columns = {"trial": trial.identity, "length": trial.length, "seed": trial.seed, **self.setting.columns}
        return {**trial_columns, **self.diagnosis.to_dict()}


def diagnose_checkpoints(checkpoints: Sequence[TrialCheckpoint], processes: int) -> Iterator[DiagnosedTrial]:
    """Diagnoses checkpoints.

    Every checkpoint is also tested at the lengths of all others; if there is only one length, at the book's lengths.
    The diagnosis is computed on every draw of the trial's task; on drawn rows, if these are too many; and on the test
    rows of the lengths that there are, if the data are not the task's.

    Arguments:
        checkpoints: the checkpoints.
        processes: number of parallel processes; a few checkpoints are diagnosed sequentially in this process.

    Yields:
        Each trial as soon as its diagnosis is done.

    Raises:
        InputError: the weights of a checkpoint do not match its trial, or its test rows are needed and cannot be read.
        DigitsumError: a process was killed.
    """
    lengths = {checkpoint.trial.length for checkpoint in checkpoints}
    if len(lengths) == 1:
        lengths |= set(BOOK_LENGTHS)
    longest_first = sorted(checkpoints, key=lambda checkpoint: -checkpoint.trial.length)
    data = CheckpointData()
    from_files = [each for each in checkpoints if each.trial.data is None]
    foreign = any(each.trial.foreign for each in from_files)
    test_rows = {each.trial.length: data.test_rows(each) for each in from_files} if foreign else {}
    work = [
        (checkpoint, sorted(lengths), test_rows if checkpoint.trial.foreign else {}, checkpoint.start())
        for checkpoint in longest_first
    ]
    for _, diagnosed in work_in_parallel(_diagnose, work, processes):
        yield diagnosed


def _diagnose(work: _Work, _: Send) -> DiagnosedTrial:
    use_one_thread()
    checkpoint, lengths, rows, start = work
    trial, kind = checkpoint.trial, checkpoint.trial.accuracy_kind
    initial = build_trial_classifier(trial)
    if start is not None:
        load_weights(initial, convert_weights(trial, start))
    models = initial, checkpoint.classifier()
    if kind is not AccuracyKind.TEST and isinstance(trial.task.every_row(trial.length), Draws):
        return DiagnosedTrial(trial, diagnose(*models, trial.length, lengths, trial.task))
    if kind is not AccuracyKind.TEST:
        kind = AccuracyKind.SAMPLED
        number = min(_ROWS, trial.scoring_rows)
        possible = [length for length in lengths if length >= trial.task.minimum_length]
        rows = {length: draw_scoring_rows(length, number, trial.task) for length in possible}
    return DiagnosedTrial(trial, diagnose_on_rows(*models, trial.length, rows, kind, trial.task))
