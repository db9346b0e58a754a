"""Diagnoses of checkpoints, of many side by side in spawned processes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from digitsum_cli.diagnostics.diagnosis import Diagnosis, diagnose
from digitsum_cli.errors import DigitsumError
from digitsum_cli.evaluation.scoring import checkpoint_settings, load_classifier
from digitsum_cli.execution.training import build_trial_classifier, use_one_thread
from digitsum_cli.execution.workers import Died, Ended, Send, work_in_processes
from digitsum_cli.settings.task import task_of
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
    if processes > 1 and len(work) > _FEW:
        yield from _diagnose_in_processes(work, processes)
    else:
        use_one_thread()
        yield from (_diagnose(*each) for each in work)


def _diagnose_in_processes(work: Sequence[_Work], processes: int) -> Iterator[DiagnosedTrial]:
    for _, heard in work_in_processes(_diagnose_alone, work, processes):
        if isinstance(heard, Died):
            raise DigitsumError("a process of the diagnosis was killed", next_step="Run it again, with -j 1")
        if isinstance(heard, Ended):
            yield heard.result


def _diagnose_alone(_: Send, path: Path, trial: Trial, lengths: Sequence[int]) -> DiagnosedTrial:
    """In a process of its own."""
    use_one_thread()
    return _diagnose(path, trial, lengths)


def _diagnose(path: Path, trial: Trial, lengths: Sequence[int]) -> DiagnosedTrial:
    here = replace(trial, device="cpu")
    at_start, kept = build_trial_classifier(here), load_classifier(path, here)
    diagnosis = diagnose(at_start, kept, trial.length, lengths, task_of(trial))
    return DiagnosedTrial(trial, diagnosis)
