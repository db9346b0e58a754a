"""Diagnoses of checkpoints, of many side by side in spawned processes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from digitsum_cli.diagnostics.diagnosis import Diagnosis, diagnose
from digitsum_cli.errors import DigitsumError
from digitsum_cli.evaluation.checkpoints import TrialCheckpoint
from digitsum_cli.execution.executor import Executor, Send
from digitsum_cli.execution.in_process import InProcessExecutor
from digitsum_cli.execution.processes import ProcessExecutor
from digitsum_cli.execution.training import build_trial_classifier, use_one_thread
from digitsum_cli.trials.setting import Setting
from digitsum_cli.trials.trial import Trial

BOOK_LENGTHS = (5, 10, 15, 20, 25, 30, 35)
_FEW = 12
"""As many are done by the time that a process has loaded torch."""

_Work = tuple[TrialCheckpoint, Sequence[int]]


@dataclass(frozen=True)
class DiagnosedTrial:
    """A trial and what was found in its best checkpoint."""

    trial: Trial
    diagnosis: Diagnosis

    @property
    def setting(self) -> Setting:
        """Of the trial."""
        return Setting.of(self.trial)

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis with its trial as plain values, for JSON."""
        trial = self.trial
        of_trial = {"trial": trial.identity, "length": trial.length, "seed": trial.seed, **self.setting.columns}
        return {**of_trial, **self.diagnosis.to_dict()}


def diagnose_checkpoints(checkpoints: Sequence[TrialCheckpoint], processes: int) -> Iterator[DiagnosedTrial]:
    """Diagnoses checkpoints.

    The accuracy at other lengths is taken at all lengths that occur, and for a single length at the book's.

    Arguments:
        checkpoints: that were read.
        processes: how many are looked into side by side; a few are looked into here, one after the other.

    Yields:
        Each trial, as its diagnosis ends.

    Raises:
        InputError: the weights of one do not fit its trial.
        DigitsumError: a process was killed.
    """
    lengths = {checkpoint.trial.length for checkpoint in checkpoints}
    if len(lengths) == 1:
        lengths |= set(BOOK_LENGTHS)
    longest_first = sorted(checkpoints, key=lambda checkpoint: -checkpoint.trial.length)
    work = [(checkpoint, sorted(lengths)) for checkpoint in longest_first]
    parallel = processes > 1 and len(work) > _FEW
    executor: Executor[_Work, DiagnosedTrial] = (
        ProcessExecutor(_diagnose, processes, _process_died) if parallel else InProcessExecutor(_diagnose)
    )
    with executor:
        for _, diagnosed in executor.submit(work, lambda *_: None):
            yield diagnosed


def _diagnose(work: _Work, _: Send) -> DiagnosedTrial:
    use_one_thread()
    checkpoint, lengths = work
    trial = checkpoint.trial
    models = build_trial_classifier(trial), checkpoint.classifier()
    diagnosis = diagnose(*models, trial.length, lengths, trial.task)
    return DiagnosedTrial(trial, diagnosis)


def _process_died(_: int | None) -> NoReturn:
    raise DigitsumError("a process of the diagnosis was killed", next_step="Run it again, with -j 1")
