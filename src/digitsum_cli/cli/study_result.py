"""What ``train`` and ``sweep`` show at the end: the table, where things are, and what failed."""

import shlex
from pathlib import Path

from digitsum_cli.analysis.analysis import Analysis
from digitsum_cli.cli.console import Console
from digitsum_cli.report.analysis_tables import analysis_tables
from digitsum_cli.rundir.directory import RunDirectory
from digitsum_cli.study.result import StudyResult

WHERE_REASONS_ARE = "See the columns status and reason in results.csv"


def show_result(result: StudyResult, console: Console, after_failures: str) -> None:
    """Shows a study's result.

    Arguments:
        result: of the study.
        console: where.
        after_failures: what can be done if a trial failed or diverged.

    Raises:
        TrialsFailedError: a trial failed or diverged; everything was shown.
    """
    console.document(
        {"run": str(result.run.path), "trials": [row.columns for row in result.rows], **result.analysis.to_dict()}
    )
    show_analysis(result.analysis, console)
    run = result.run
    files = (run.results, run.history, run.analysis, run.checkpoints, run.figures)
    there = [f"{path.name}/" if path.is_dir() else path.name for path in files if path.exists()]
    console.message(f"The run is in {run.path}: {', '.join(there)}")
    name = shlex.quote(str(run.path))
    why = f"Why? digitsum evaluate {name} --diagnose. " if run.checkpoints.exists() else ""
    console.message(f"{why}On one page: digitsum report {name}")
    result.raise_failures(f"{WHERE_REASONS_ARE}; {after_failures}")


def say_if_nothing_is_resumed(run: RunDirectory, resume: bool, console: Console) -> None:
    """Says that a run that is to be gone on with is not there."""
    if resume and not run.store.exists():
        console.message(f"There is no run in {run.path} yet: it begins")


def say_what_is_missing(path: Path, missing: int, console: Console) -> None:
    """Says that trials of a run have no weights any more."""
    if missing:
        name = shlex.quote(str(path))
        console.message(
            f"The weights of {missing} trials that are done are missing from {path}; the command that made the run, "
            f"with --out {name} --resume, trains them again"
        )


def say_how_to_go_on(path: Path, force: bool, console: Console) -> None:
    """Says, after an interruption, what is saved and how to go on."""
    how = f"the same command and --out {shlex.quote(str(path))} --resume" + (", without --force" if force else "")
    console.message(f"What was finished is saved in {path}; go on with {how}")


def show_analysis(analysis: Analysis, console: Console) -> None:
    """Shows what the trials say together: tables, then the answer in words."""
    console.show(*analysis_tables(analysis))
    console.show(*analysis.answer)
