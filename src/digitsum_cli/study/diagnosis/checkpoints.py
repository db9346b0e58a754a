"""Diagnoses of checkpoints, side by side in threads: torch does not hold Python's lock while it computes."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from digitsum_cli.diagnostics.diagnosis import Diagnosis, diagnose
from digitsum_cli.study.evaluation import checkpoint_settings, load_classifier
from digitsum_cli.study.setting_columns import Row, setting_row
from digitsum_cli.study.training import build_trial_classifier, use_one_thread
from digitsum_cli.study.trial import Trial

BOOK_LENGTHS = (5, 10, 15, 20, 25, 30, 35)


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


def diagnose_checkpoints(paths: Sequence[Path], threads: int) -> Iterator[DiagnosedTrial]:
    """Diagnoses checkpoints.

    The accuracy at other lengths is taken at all lengths that occur, and for a single length at the book's.

    Arguments:
        paths: safetensors files.
        threads: how many are looked into side by side.

    Yields:
        Each trial, as its diagnosis ends.

    Raises:
        InputError: a file is missing or damaged, or was not saved with the settings of a trial.
    """
    use_one_thread()
    trials = [(path, checkpoint_settings(path)[0]) for path in paths]
    lengths = {trial.length for _, trial in trials}
    if len(lengths) == 1:
        lengths |= set(BOOK_LENGTHS)
    with ThreadPoolExecutor(threads) as pool:
        longest_first = sorted(trials, key=lambda pair: -pair[1].length)
        running = [pool.submit(_diagnose, path, trial, sorted(lengths)) for path, trial in longest_first]
        try:
            for ended in as_completed(running):
                yield ended.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _diagnose(path: Path, trial: Trial, lengths: Sequence[int]) -> DiagnosedTrial:
    here = replace(trial, device="cpu")
    diagnosis = diagnose(build_trial_classifier(here), load_classifier(path, here), trial.length, lengths)
    return DiagnosedTrial(trial, diagnosis)
