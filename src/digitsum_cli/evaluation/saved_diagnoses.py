"""Diagnoses on disk: computed once, then reused by ``evaluate`` and ``report``."""

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from digitsum_cli.core.bounded_read import read_bounded
from digitsum_cli.diagnostics.diagnosis import Diagnosis
from digitsum_cli.errors import DigitsumError
from digitsum_cli.evaluation.checkpoints import TrialCheckpoint
from digitsum_cli.evaluation.diagnosis import DiagnosedTrial, diagnose_checkpoints
from digitsum_cli.json_text import json_text
from digitsum_cli.rundir.outputs import Outputs
from digitsum_cli.trials.trial import Trial

FILE_NAME = "diagnosis.json"
_MAXIMUM_BYTES = 1_000_000_000


def load_or_diagnose(
    checkpoints: Sequence[TrialCheckpoint],
    folder: Path,
    outputs: Outputs,
    processes: int,
    on_diagnosed: Callable[[int, int], None],
) -> list[DiagnosedTrial]:
    """Loads the diagnoses saved in a folder if they belong to exactly these trials, or else computes and saves them.

    Arguments:
        checkpoints: the checkpoints.
        folder: the folder of ``diagnosis.json``.
        outputs: writes it.
        processes: number of parallel processes.
        on_diagnosed: called with the number of diagnoses done and the total.

    Returns:
        One diagnosis per checkpoint, in the same order.

    Raises:
        InputError: the weights of a checkpoint do not match its trial.
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
    with contextlib.suppress(DigitsumError):  # if the file cannot be written, they are computed again every time
        outputs.write({folder / FILE_NAME: diagnosis_content(in_order)})
    return in_order


def diagnosis_content(diagnosed: Sequence[DiagnosedTrial]) -> bytes:
    """The content of ``diagnosis.json``."""
    rows = [each.to_dict() for each in diagnosed]
    return json_text({"checkpoints": rows, "sha256": _digest(rows)}).encode()


def _read(path: Path, trials: Mapping[str, Trial]) -> dict[str, Diagnosis]:
    """The diagnoses in a file by trial identity; empty if it is missing, damaged or belongs to other trials."""
    try:
        document = json.loads(read_bounded(path, _MAXIMUM_BYTES))
        checkpoints = document["checkpoints"]
        if document["sha256"] != _digest(checkpoints):
            return {}
        return {row["trial"]: Diagnosis.from_dict(row, trials[row["trial"]].task) for row in checkpoints}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _digest(checkpoints: Any) -> str:
    """The checksum of the diagnoses as JSON, so that a changed number is detected."""
    return hashlib.sha256(json_text({"checkpoints": checkpoints}).encode()).hexdigest()
