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
    Seeds,
    Thresholds,
    overrides,
    parse_thresholds,
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
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in the run directory.")] = False,
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
    from digitsum_cli.cli.print_config import show_settings
    from digitsum_cli.errors import InputError
    from digitsum_cli.settings import resolve_settings
    from digitsum_cli.study.analysis.memory_spans import THRESHOLDS

    console = Console(as_json=as_json, quiet=quiet)
    chosen = overrides(
        assignments,
        lengths=("data.lengths", lengths),
        impl=("sweep.model.impl", impl),
        seeds=("sweep.train.seed", seeds),
        epochs=("train.epochs", epochs),
    )
    if resume and force:
        raise InputError("--resume goes on with a run and --force deletes it", allowed="one of the two")
    if resume and out is None:
        raise InputError("--resume needs the run to go on with", next_step="Name it with --out")
    thresholds = THRESHOLDS if threshold is None else parse_thresholds(threshold)
    settings = resolve_settings(config, chosen)
    if print_config:
        return show_settings(settings, console)

    from digitsum_cli.cli.study_display import StudyDisplay
    from digitsum_cli.cli.study_result import show_result
    from digitsum_cli.study.execution import usable_cores
    from digitsum_cli.study.run_directory import open_run
    from digitsum_cli.study.study import run_study

    run = open_run(out, config.stem if config else "sweep")
    with StudyDisplay(console) as display:
        try:
            result = run_study(
                settings,
                run,
                display,
                jobs=jobs or usable_cores(),
                resume=resume,
                command=sys.argv,
                force=force,
                thresholds=thresholds,
            )
        except KeyboardInterrupt:
            console.message(f"What was finished is saved in {run.path}; go on with: --out {run.path} --resume")
            raise
    show_result(result, console)
