"""What ``train`` and ``sweep`` show at the end: the table, where things are, and what failed."""

from digitsum_cli.cli.console import Console
from digitsum_cli.cli.tables import summary_table
from digitsum_cli.study.study import StudyResult


def show_result(result: StudyResult, console: Console) -> None:
    """Shows a study's result.

    Raises:
        TrialsFailedError: a trial failed or diverged; everything was shown.
    """
    console.document({"run": str(result.run.path), "trials": result.rows, "summary": result.summary})
    console.show(summary_table(result.summary))
    console.message(f"The run is in {result.run.path}: results.csv, history.csv, checkpoints/, figures/")
    result.raise_failures()
