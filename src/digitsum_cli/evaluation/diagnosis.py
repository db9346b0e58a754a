"""Diagnoses of checkpoints, of many side by side in spawned processes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from digitsum_cli.diagnostics.diagnosis import Diagnosis, diagnose
from digitsum_cli.errors import DigitsumError
from digitsum_cli.evaluation.scoring import checkpoint_settings, load_classifier
from digitsum_cli.execution.executor import Executor, Send
from digitsum_cli.execution.in_process import InProcessExecutor
from digitsum_cli.execution.processes import ProcessExecutor
from digitsum_cli.execution.training import build_trial_classifier, use_one_thread
from digitsum_cli.trials.setting_columns import Row, setting_row
from digitsum_cli.trials.trial import Trial

BOOK_LENGTHS = (5, 10, 15, 20, 25, 30, 35)
_FEW = 12
"""As many are done by the time that a process has loaded torch."""

_Work = tuple[Path, Trial, Sequence[int]]


@dataclass(frozen=True)
class DiagnosedTrial:
    """A trial and what was found in its kept weights."""

    trial: Trial
    diagnosis: Diagnosis

    @property
    def row(self) -> Row:
        """Length, seed and the settings, by column."""
        return {"length": self.trial.length, "seed": self.trial.seed, **setting_row(self.trial)}

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis with its trial as plain values, for JSON."""
        return {"trial": self.trial.identity, **self.row, **self.diagnosis.to_dict()}


def diagnose_checkpoints(paths: Sequence[Path], processes: int) -> Iterator[DiagnosedTrial]:
    """Diagnoses checkpoints.

    The accuracy at other lengths is taken at all lengths that occur, and for a single length at the book's.

    Arguments:
        paths: safetensors files.
        processes: how many are looked into side by side; a few are looked into here, one after the other.

    Yields:
        Each trial, as its diagnosis ends.

    Raises:
        InputError: a file is missing or damaged, or was not saved with the settings of a trial.
        DigitsumError: a process was killed.
    """
    trials = [(path, checkpoint_settings(path)[0]) for path in paths]
    lengths = {trial.length for _, trial in trials}
    if len(lengths) == 1:
        lengths |= set(BOOK_LENGTHS)
    longest_first = sorted(trials, key=lambda pair: -pair[1].length)
    work = [(path, trial, sorted(lengths)) for path, trial in longest_first]
    parallel = processes > 1 and len(work) > _FEW
    executor: Executor[_Work, DiagnosedTrial] = (
        ProcessExecutor(_diagnose, processes, _process_died) if parallel else InProcessExecutor(_diagnose)
    )
    with executor:
        for _, diagnosed in executor.submit(work, lambda *_: None):
            yield diagnosed


def _diagnose(work: _Work, _: Send) -> DiagnosedTrial:
    use_one_thread()
    path, trial, lengths = work
    here = replace(trial, device="cpu")
    diagnosis = diagnose(build_trial_classifier(here), load_classifier(path, here), trial.length, lengths)
    return DiagnosedTrial(trial, diagnosis)


def _process_died(_: int | None) -> NoReturn:
    raise DigitsumError("a process of the diagnosis was killed", next_step="Run it again, with -j 1")
