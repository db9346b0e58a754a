"""``digitsum train``: one model."""

import sys
from typing import Annotated

import typer

from digitsum_cli.cli import options
from digitsum_cli.cli.console import Console
from digitsum_cli.core.registry import IMPLEMENTATIONS

TRAIN_EXAMPLES = """
  digitsum train --length 10
  digitsum train srn --length 20 --impl torch --seed 3 --out runs/twenty
  digitsum train --length 10 --set data.dir=datasets
  digitsum train --length 10 --epochs 5000 --out runs/long --resume
"""


def train(
    config: options.Config = None,
    length: Annotated[
        str | None, typer.Option(metavar="N", help="Digits in a sequence; the first of the config's unless given.")
    ] = None,
    impl: Annotated[
        str | None, typer.Option(metavar="NAME", help=f"Implementation: {' or '.join(IMPLEMENTATIONS)}.")
    ] = None,
    seed: Annotated[str | None, typer.Option(metavar="N", help="Seed of the initial weights.")] = None,
    epochs: options.Epochs = None,
    out: options.Out = None,
    resume: options.Resume = False,
    force: options.Force = False,
    assignments: options.Assignments = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    print_config: options.PrintConfig = False,
    debug: options.Debug = False,
) -> None:
    """Train one model and draw its loss curves.

    Shows step, epoch, loss and accuracy as it goes, and keeps where it stands: --resume goes on from there,
    to the same weights. The data of the one length are drawn from the start of the random stream. A sweep
    draws the lengths before it first; to train on the very rows of a sweep, generate them and set data.dir.

    Without CONFIG, it uses the book's settings.
    """
    from digitsum_cli.cli.print_config import show_settings
    from digitsum_cli.errors import InputError
    from digitsum_cli.settings import resolve_settings

    console = Console(as_json=as_json, quiet=quiet)
    chosen = options.overrides(
        assignments,
        length=("data.lengths", length),
        impl=("model.impl", impl),
        seed=("train.seed", seed),
        epochs=("train.epochs", epochs),
    )
    options.require_run_to_resume(resume, force, out)
    resolved = resolve_settings(options.find_config(config, console), chosen)
    if length is not None and len(resolved.data.lengths) > 1:
        raise InputError(
            f"train takes one length, not {length}", where="--length", next_step="Use digitsum sweep for more"
        )
    settings = resolved.for_one_trial()
    if resolved.sweep:
        console.message(f"One training: the axes {', '.join(resolved.sweep)} are left out (digitsum sweep varies them)")
    if print_config:
        return show_settings(settings, console)

    from digitsum_cli.cli.study_result import say_how_to_go_on, say_if_nothing_is_resumed, show_result
    from digitsum_cli.cli.training_display import TrainingDisplay
    from digitsum_cli.rundir.directory import open_run
    from digitsum_cli.study.run_options import RunOptions
    from digitsum_cli.study.study import run_study

    run = open_run(out, f"train-length{settings.data.lengths[0]}")
    run_options = RunOptions(
        jobs=None, resume=resume, retry_failed=resume, force=force, keep_state=True, command=sys.argv
    )
    say_if_nothing_is_resumed(run, resume, console)
    with TrainingDisplay(console) as display:
        try:
            result = run_study(settings, run, display, run_options)
        except KeyboardInterrupt:
            say_how_to_go_on(run.path, force, console)
            raise
    show_result(result, console, "--resume trains it again")
