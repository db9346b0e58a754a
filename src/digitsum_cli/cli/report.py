"""``digitsum report``: write a one-page report of a run."""

from pathlib import Path
from typing import Annotated

import typer

from digitsum_cli.cli import options
from digitsum_cli.cli.console import Console

REPORT_EXAMPLES = """
  digitsum report runs/srn
  digitsum report runs/srn --threshold 0.5,0.8 --out srn.html
"""


def report(
    run: Annotated[Path, typer.Argument(parser=options.path, metavar="RUN", help="A run directory.")],
    threshold: Annotated[
        str | None, typer.Option(metavar="LIST", help=f"{options.THRESHOLD_HELP} (default: as in the run).")
    ] = None,
    jobs: options.DiagnosisJobs = None,
    out: Annotated[
        Path | None,
        typer.Option(parser=options.path, metavar="FILE", help="File to write (default: RUN/report.html)."),
    ] = None,
    force: options.ReplaceForce = False,
    allow_code: options.AllowCode = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    print_config: options.PrintConfig = False,
    debug: options.Debug = False,
) -> None:
    """Write a one-page report of a run, to read or share.

    The report is one HTML file that works offline: the answer, tables, figures, the reasons, settings, provenance
    and the commands to reproduce the run. Runs the diagnosis first if it is missing. An earlier report of the run is
    replaced, any other file only with --force.
    """
    from digitsum_cli.cli.print_config import show_settings
    from digitsum_cli.errors import InputError
    from digitsum_cli.evaluation.checkpoints import checkpoints_of_run, read_intact_checkpoints
    from digitsum_cli.evaluation.saved_run import read_run
    from digitsum_cli.rundir.access import require_writable

    console = Console(as_json=as_json, quiet=quiet, user_code=allow_code)
    if out is not None and out.is_dir():
        raise InputError(f"{out} is a folder", where="--out", next_step="Name a file, such as report.html")
    thresholds = None if threshold is None else options.parse_thresholds(threshold)
    saved = read_run(run, thresholds, allow_code=allow_code)
    if print_config:
        if saved.settings.settings is None:
            raise InputError(f"no config has exactly the trainings of {run}")
        return show_settings(saved.settings.settings, console)

    from digitsum_cli.cli.diagnosis_display import diagnose_with_progress
    from digitsum_cli.cli.study_result import report_lost_trainings, report_missing_checkpoints
    from digitsum_cli.report.page import render_page
    from digitsum_cli.report.run_page import report_page
    from digitsum_cli.rundir.outputs import Outputs, check_destination

    path, outputs = out or saved.run.report, Outputs(saved.run, force)
    check_destination(path, saved.run, saved.run.report, folder=False)
    require_writable(path)
    found = checkpoints_of_run(run)
    report_missing_checkpoints(run, found.missing, console)
    report_lost_trainings(run, found, console)
    checkpoints = read_intact_checkpoints(found.done)
    diagnosed = []
    if checkpoints:
        diagnosed = diagnose_with_progress(checkpoints, saved.run.diagnosis, outputs, jobs, console)
    page = report_page(saved, diagnosed)
    outputs.write({path: render_page(page).encode()})
    console.show(*page.answer)
    console.document({"run": str(run), "report": str(path), **saved.analysis.to_dict()})
    console.message(f"The report is in {path}")
