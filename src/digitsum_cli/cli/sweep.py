"""``digitsum sweep``: run all trials; make the table and the figures."""

import sys
from typing import Annotated

import typer

from digitsum_cli.cli import options
from digitsum_cli.cli.console import Console
from digitsum_cli.cli.grouped_help import RUN_OPTIONS

SWEEP_EXAMPLES = """
  digitsum sweep configs/srn.yaml
  digitsum sweep quick --seeds 0..4
  digitsum sweep --lengths 5..20 --set sweep.train.lr=1e-3,3e-3 --out runs/rates
  digitsum sweep srn --seeds 0..19 --out runs/srn --resume
  digitsum sweep srn --threshold 0.5,0.8
"""


def sweep(
    config: options.Config = None,
    lengths: options.Lengths = None,
    impl: options.Implementations = None,
    seeds: options.Seeds = None,
    epochs: options.Epochs = None,
    jobs: options.Jobs = None,
    out: options.Out = None,
    resume: options.Resume = False,
    retry_failed: Annotated[
        bool,
        typer.Option(
            "--retry-failed", help="With --resume: rerun trials that failed or diverged.", rich_help_panel=RUN_OPTIONS
        ),
    ] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop as soon as a training fails or diverges.")
    ] = False,
    force: options.Force = False,
    no_lock: options.NoLock = False,
    allow_code: options.AllowCode = False,
    threshold: options.Thresholds = None,
    assignments: options.Assignments = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    print_config: options.PrintConfig = False,
    debug: options.Debug = False,
) -> None:
    """Run all trials; make the table and the figures.

    A trial is one combination of a length and one value per axis. Trials run in parallel on one thread each; the
    results do not depend on the number of jobs. Each trial is saved as soon as it finishes.

    Without CONFIG, runs the shipped config srn: the book's experiment with ten seeds.
    """
    from digitsum_cli.analysis.summary import THRESHOLDS
    from digitsum_cli.cli.print_config import show_settings
    from digitsum_cli.errors import InputError
    from digitsum_cli.settings import resolve_settings
    from digitsum_cli.settings.shipped import DEFAULT_SWEEP, name_for_run, shipped_config

    console = Console(as_json=as_json, quiet=quiet, user_code=allow_code)
    options.explain_single_seed(seeds, console)
    chosen = options.overrides(
        assignments,
        lengths=("data.lengths", lengths),
        impl=("sweep.model.impl", impl),
        seeds=("sweep.train.seed", seeds),
        epochs=("train.epochs", epochs),
    )
    options.check_resume_options(resume, force, out)
    if retry_failed and not resume:
        raise InputError("--retry-failed requires --resume", next_step="Add --resume, and name the run with --out")
    thresholds = THRESHOLDS if threshold is None else options.parse_thresholds(threshold)
    file = options.find_config(config, console) or shipped_config(DEFAULT_SWEEP)
    settings = resolve_settings(file, chosen)
    if print_config:
        return show_settings(settings, console)

    from digitsum_cli.cli.study_display import StudyDisplay
    from digitsum_cli.cli.study_result import report_how_to_resume, report_new_run, show_result
    from digitsum_cli.execution.trial_executor import usable_cores
    from digitsum_cli.rundir.directory import open_run
    from digitsum_cli.study.run_options import RunOptions
    from digitsum_cli.study.study import run_study

    run = open_run(out, name_for_run(file))
    report_new_run(run, resume, console)
    with StudyDisplay(console, run.path) as display:
        try:
            run_options = RunOptions(
                jobs or usable_cores(),
                allow_fewer=jobs is None,
                resume=resume,
                retry_failed=retry_failed,
                force=force,
                fail_fast=fail_fast,
                lock=not no_lock,
                allow_code=allow_code,
                command=sys.argv,
            )
            result = run_study(settings, run, display, run_options, thresholds)
        except KeyboardInterrupt as interruption:
            report_how_to_resume(run, force, interruption, console)
            raise
    show_result(result, console, "to run these trials again, add --resume --retry-failed")
