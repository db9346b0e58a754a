"""What ``train`` and ``sweep`` print at the end: the tables, where the files are, and what failed."""

from pathlib import Path
from typing import TYPE_CHECKING

from digitsum_cli.analysis.analysis import Analysis
from digitsum_cli.analysis.summary import done_in_words
from digitsum_cli.cli.console import Console
from digitsum_cli.report.analysis_tables import analysis_tables
from digitsum_cli.rundir.directory import RunDirectory
from digitsum_cli.rundir.replaced import ReplacedRun
from digitsum_cli.shell import shell_path
from digitsum_cli.study.result import StudyResult

if TYPE_CHECKING:
    from digitsum_cli.evaluation.checkpoints import FoundCheckpoints

FAILURE_HINT = "See the columns status and reason in results.csv"


def show_result(result: StudyResult, console: Console, retry_hint: str) -> None:
    """Prints the result of a study.

    Arguments:
        result: the result.
        console: where to print it.
        retry_hint: how to run trials that failed or diverged again.

    Raises:
        TrialsFailedError: a trial failed or diverged; raised after everything is printed.
    """
    console.document(
        {"run": str(result.run.path), "trials": [row.columns for row in result.rows], **result.analysis.to_dict()}
    )
    show_analysis(result.analysis, console)
    run = result.run
    files = (run.results, run.history, run.analysis, run.checkpoints, run.figures)
    existing = [f"{path.name}/" if path.is_dir() else path.name for path in files if path.exists()]
    console.message(f"The run is in {run.path}: {', '.join(existing)}")
    name = shell_path(run.path)
    diagnose = f"To explain the results: digitsum evaluate {name} --diagnose. " if run.checkpoints.exists() else ""
    console.message(f"{diagnose}For a report on one page: digitsum report {name}")
    result.raise_failures(f"{FAILURE_HINT}; {retry_hint}")


def report_new_run(run: RunDirectory, resume: bool, console: Console) -> None:
    """Prints that there is no run to resume, so a new one starts."""
    if resume and not run.store.exists():
        console.message(f"There is no run in {run.path} yet; starting a new one")


def report_missing_checkpoints(path: Path, missing: int, console: Console) -> None:
    """Prints how many finished trials of a run have lost their checkpoints."""
    if missing:
        name = shell_path(path)
        console.message(
            f"{path} has no checkpoint for {missing} of its finished trials. To train them again, repeat the command "
            f"that made the run, with --out {name} --resume"
        )


def report_lost_trainings(path: Path, found: "FoundCheckpoints", console: Console) -> None:
    """Prints how many trainings of a run diverged or failed; their checkpoints, if any, are from before that."""
    if found.diverged or found.failed:
        done = found.ended - found.diverged - found.failed
        console.message(
            f"Trainings done in {path}: {done_in_words(done, found.diverged, found.failed)}. The checkpoint of a "
            "training that diverged is the best one before that"
        )


def report_how_to_resume(run: RunDirectory, force: bool, interruption: KeyboardInterrupt, console: Console) -> None:
    """Prints, after an interruption, what is saved and how to resume, unless the earlier run has been put back."""
    if hasattr(interruption, "__notes__") and not ReplacedRun(run).exists():
        return
    path = run.path
    how = f"run the same command with --out {shell_path(path)} --resume" + (", without --force" if force else "")
    console.message(f"Finished work is saved in {path}. To resume, {how}")


def show_analysis(analysis: Analysis, console: Console) -> None:
    """Prints the analysis of all trials: tables, then the answer in words."""
    console.show(*analysis_tables(analysis))
    console.show(*analysis.answer)
