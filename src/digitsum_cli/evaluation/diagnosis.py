"""Diagnoses checkpoints; many of them in parallel in spawned processes."""

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
_MAXIMUM_SEQUENTIAL = 12
"""About as many diagnoses take as long as a new process needs to load torch."""

_Work = tuple[TrialCheckpoint, Sequence[int]]


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

    Arguments:
        checkpoints: the checkpoints.
        processes: number of parallel processes; a few checkpoints are diagnosed sequentially in this process.

    Yields:
        Each trial as soon as its diagnosis is done.

    Raises:
        InputError: the weights of a checkpoint do not match its trial.
        DigitsumError: a process was killed.
    """
    lengths = {checkpoint.trial.length for checkpoint in checkpoints}
    if len(lengths) == 1:
        lengths |= set(BOOK_LENGTHS)
    longest_first = sorted(checkpoints, key=lambda checkpoint: -checkpoint.trial.length)
    work = [(checkpoint, sorted(lengths)) for checkpoint in longest_first]
    parallel = processes > 1 and len(work) > _MAXIMUM_SEQUENTIAL
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
    raise DigitsumError("a diagnosis process was killed", next_step="Run it again with -j 1")
