"""What ``train`` and ``sweep`` show at the end: the table, where things are, and what failed."""

from pathlib import Path

from digitsum_cli.cli.console import Console
from digitsum_cli.study.analysis.analysis import Analysis
from digitsum_cli.study.analysis.tables import analysis_tables
from digitsum_cli.study.study import StudyResult


def show_result(result: StudyResult, console: Console) -> None:
    """Shows a study's result.

    Raises:
        TrialsFailedError: a trial failed or diverged; everything was shown.
    """
    console.document({"run": str(result.run.path), "trials": result.rows, **result.analysis.to_dict()})
    show_analysis(result.analysis, console)
    path = result.run.path
    console.message(f"The run is in {path}: results.csv, history.csv, analysis.json, checkpoints/, figures/")
    console.message(f"Why? digitsum evaluate {path} --diagnose. On one page: digitsum report {path}")
    result.raise_failures()


def say_how_to_go_on(path: Path, console: Console) -> None:
    """Says, after an interruption, what is saved and how to go on."""
    console.message(f"What was finished is saved in {path}; go on with the same command and --out {path} --resume")


def show_analysis(analysis: Analysis, console: Console) -> None:
    """Shows what the trials say together: tables, then the answer in words."""
    console.show(*analysis_tables(analysis))
    console.show(*analysis.answer)
