"""Diagnoses on disk: made once, used by the command that made them and by the report."""

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from digitsum_cli.core.atomic_write import atomic_write
from digitsum_cli.core.bounded_read import read_bounded
from digitsum_cli.diagnostics.diagnosis import Diagnosis
from digitsum_cli.errors import DigitsumError
from digitsum_cli.evaluation.checkpoints import TrialCheckpoint
from digitsum_cli.evaluation.diagnosis import DiagnosedTrial, diagnose_checkpoints
from digitsum_cli.json_text import json_text
from digitsum_cli.trials.trial import Trial

FILE_NAME = "diagnosis.json"
_MAXIMUM_BYTES = 1_000_000_000


def diagnoses_of(
    checkpoints: Sequence[TrialCheckpoint], folder: Path, processes: int, on_diagnosed: Callable[[int, int], None]
) -> list[DiagnosedTrial]:
    """The diagnoses of checkpoints: those saved in a folder if they are of these very trials, else made and saved.

    Arguments:
        checkpoints: that were read.
        folder: where ``diagnosis.json`` stands or is written.
        processes: how many are looked into side by side.
        on_diagnosed: is told how many are done, and of how many.

    Returns:
        One for each checkpoint, in their order.

    Raises:
        InputError: the weights of one do not fit its trial.
        DigitsumError: a process was killed.
    """
    trials = {checkpoint.trial.identity: checkpoint.trial for checkpoint in checkpoints}
    found = _read(folder / FILE_NAME, trials)
    if found.keys() == trials.keys():
        return [DiagnosedTrial(trial, found[identity]) for identity, trial in trials.items()]
    found = {}
    for diagnosed in diagnose_checkpoints(checkpoints, processes):
        found[diagnosed.trial.identity] = diagnosed.diagnosis
        on_diagnosed(len(found), len(trials))
    in_order = [DiagnosedTrial(trial, found[identity]) for identity, trial in trials.items()]
    diagnosed_rows = [each.to_dict() for each in in_order]
    document = {"checkpoints": diagnosed_rows, "sha256": _digest(diagnosed_rows)}
    with contextlib.suppress(DigitsumError):  # in a folder that cannot be written, they are made anew every time
        atomic_write(folder / FILE_NAME, json_text(document).encode())
    return in_order


def _read(path: Path, trials: Mapping[str, Trial]) -> dict[str, Diagnosis]:
    """The diagnoses in a file by the trial's identity; none if it is missing, damaged or of other trials."""
    try:
        document = json.loads(read_bounded(path, _MAXIMUM_BYTES))
        checkpoints = document["checkpoints"]
        if document["sha256"] != _digest(checkpoints):
            return {}
        return {row["trial"]: Diagnosis.from_dict(row, trials[row["trial"]].task) for row in checkpoints}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _digest(checkpoints: Any) -> str:
    """Of the diagnoses as JSON, so that a changed number is noticed."""
    return hashlib.sha256(json_text({"checkpoints": checkpoints}).encode()).hexdigest()
