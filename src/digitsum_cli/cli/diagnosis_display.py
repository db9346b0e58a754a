"""Progress of a diagnosis."""

from collections.abc import Sequence
from pathlib import Path

from digitsum_cli.cli.console import Console
from digitsum_cli.evaluation.checkpoints import TrialCheckpoint
from digitsum_cli.evaluation.diagnosis import DiagnosedTrial
from digitsum_cli.evaluation.saved_diagnoses import load_or_diagnose
from digitsum_cli.execution.trial_executor import usable_cores
from digitsum_cli.rundir.outputs import Outputs


def diagnose_with_progress(
    checkpoints: Sequence[TrialCheckpoint], folder: Path, outputs: Outputs, jobs: int | None, console: Console
) -> list[DiagnosedTrial]:
    """Diagnoses checkpoints, or reads saved diagnoses, and shows a progress bar.

    Arguments:
        checkpoints: the checkpoints to diagnose.
        folder: the folder of ``diagnosis.json``, which is read or written.
        outputs: writes it.
        jobs: number of checkpoints diagnosed in parallel; None for the number of CPU cores.
        console: where to show the progress bar.
    """
    with console.progress() as progress:
        task = progress.add_task("diagnosis", total=len(checkpoints))
        return load_or_diagnose(
            checkpoints, folder, outputs, jobs or usable_cores(), lambda done, _: progress.update(task, completed=done)
        )
