"""What a person sees while checkpoints are diagnosed."""

from collections.abc import Sequence
from pathlib import Path

from digitsum_cli.cli.console import Console
from digitsum_cli.evaluation.checkpoints import TrialCheckpoint
from digitsum_cli.evaluation.diagnosis import DiagnosedTrial
from digitsum_cli.evaluation.saved_diagnoses import diagnoses_of
from digitsum_cli.execution.trial_executor import usable_cores


def diagnose_shown(
    checkpoints: Sequence[TrialCheckpoint], folder: Path, jobs: int | None, console: Console
) -> list[DiagnosedTrial]:
    """Diagnoses checkpoints, or reads what was found before, with a bar that moves.

    Arguments:
        checkpoints: that were read.
        folder: where ``diagnosis.json`` stands or is written.
        jobs: how many are looked into side by side; None for as many as there are cores.
        console: where to show it.
    """
    with console.progress() as progress:
        task = progress.add_task("diagnosis", total=len(checkpoints))
        return diagnoses_of(
            checkpoints, folder, jobs or usable_cores(), lambda done, _: progress.update(task, completed=done)
        )
