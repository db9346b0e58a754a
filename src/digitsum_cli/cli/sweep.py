"""``digitsum sweep``: every trial, the table, the figures."""

import sys
from typing import Annotated

import typer

from digitsum_cli.cli.console import Console
from digitsum_cli.cli.options import (
    AsJson,
    Assignments,
    Config,
    Debug,
    Epochs,
    Force,
    Implementations,
    Jobs,
    Lengths,
    Out,
    PrintConfig,
    Quiet,
    Resume,
    Seeds,
    Thresholds,
    overrides,
    parse_thresholds,
    require_run_to_resume,
)

SWEEP_EXAMPLES = """
  digitsum sweep configs/srn.yaml
  digitsum sweep configs/quick.yaml --seeds 0..4
  digitsum sweep --lengths 5..20 --set sweep.train.lr=1e-3,3e-3 --out runs/rates
  digitsum sweep configs/srn.yaml --out runs/srn --resume
  digitsum sweep configs/srn.yaml --threshold 0.5,0.8
"""


def sweep(
    config: Config = None,
    lengths: Lengths = None,
    impl: Implementations = None,
    seeds: Seeds = None,
    epochs: Epochs = None,
    jobs: Jobs = None,
    out: Out = None,
    resume: Resume = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="With --resume: run those that failed or diverged again.")
    ] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop at the first training that fails or diverges.")
    ] = False,
    force: Force = False,
    threshold: Thresholds = None,
    assignments: Assignments = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    print_config: PrintConfig = False,
    debug: Debug = False,
) -> None:
    """Train every trial: the table and the figures.

    A trial is a combination of a length and the values of the axes. Trials run side by side, one thread each; the
    numbers do not depend on how many. Each finished trial is saved at once.
    """
    from digitsum_cli.analysis.memory_spans import THRESHOLDS
    from digitsum_cli.cli.print_config import show_settings
    from digitsum_cli.errors import InputError
    from digitsum_cli.settings import resolve_settings

    console = Console(as_json=as_json, quiet=quiet)
    chosen = overrides(
        assignments,
        lengths=("data.lengths", lengths),
        impl=("sweep.model.impl", impl),
        seeds=("sweep.train.seed", seeds),
        epochs=("train.epochs", epochs),
    )
    require_run_to_resume(resume, force, out)
    if retry_failed and not resume:
        raise InputError("--retry-failed goes on with a run", next_step="Add --resume, and name the run with --out")
    thresholds = THRESHOLDS if threshold is None else parse_thresholds(threshold)
    settings = resolve_settings(config, chosen)
    if print_config:
        return show_settings(settings, console)

    from digitsum_cli.cli.study_display import StudyDisplay
    from digitsum_cli.cli.study_result import say_how_to_go_on, say_if_nothing_is_resumed, show_result
    from digitsum_cli.execution.execute import usable_cores
    from digitsum_cli.rundir.directory import open_run
    from digitsum_cli.study.run_options import RunOptions
    from digitsum_cli.study.study import run_study

    run = open_run(out, config.stem if config else "sweep")
    say_if_nothing_is_resumed(run, resume, console)
    with StudyDisplay(console) as display:
        try:
            options = RunOptions(
                jobs or usable_cores(),
                or_fewer=jobs is None,
                resume=resume,
                retry_failed=retry_failed,
                force=force,
                fail_fast=fail_fast,
                command=sys.argv,
            )
            result = run_study(settings, run, display, options, thresholds)
        except KeyboardInterrupt:
            say_how_to_go_on(run.path, force, console)
            raise
    show_result(result, console, "--resume --retry-failed runs them again")
