"""``digitsum train``: train one model."""

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
  digitsum train --length 40 --from runs/twenty/checkpoints/length20-….safetensors
"""


def train(
    config: options.Config = None,
    length: Annotated[
        str | None,
        typer.Option(metavar="N", help="Number of digits in a sequence (default: the first length in CONFIG)."),
    ] = None,
    impl: Annotated[
        str | None, typer.Option(metavar="NAME", help=f"One of {', '.join(IMPLEMENTATIONS)} (default: from CONFIG).")
    ] = None,
    seed: Annotated[
        str | None, typer.Option(metavar="N", help="Seed of the initial weights (default: from CONFIG).")
    ] = None,
    epochs: options.Epochs = None,
    start_from: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="CHECKPOINT", help="Start from the weights of a checkpoint (default: draw them)."
        ),
    ] = None,
    out: options.Out = None,
    resume: options.Resume = False,
    force: options.Force = False,
    no_lock: options.NoLock = False,
    allow_code: options.AllowCode = False,
    assignments: options.Assignments = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    print_config: options.PrintConfig = False,
    debug: options.Debug = False,
) -> None:
    """Train one model and draw its loss curves.

    Shows step, epoch, loss and accuracy during training and saves its state, so that --resume continues to the same
    weights as an uninterrupted training.

    The data are drawn from the start of the random stream, whereas a sweep draws the lengths before this one first.
    To train on exactly the rows of a sweep, generate them with digitsum generate and set data.dir.

    Without CONFIG, uses the book's settings.
    """
    from digitsum_cli.cli.print_config import show_settings
    from digitsum_cli.errors import InputError
    from digitsum_cli.settings import Override, resolve_settings

    console = Console(as_json=as_json, quiet=quiet, user_code=allow_code)
    chosen = options.overrides(
        assignments,
        length=("data.lengths", length),
        impl=("model.impl", impl),
        seed=("train.seed", seed),
        epochs=("train.epochs", epochs),
    )
    if start_from is not None:
        chosen.append(Override("train.start_from", str(options.path(start_from)), f"--from {start_from}"))
    options.check_resume_options(resume, force, out)
    resolved = resolve_settings(options.find_config(config, console), chosen)
    if length is not None and len(resolved.data.lengths) > 1:
        raise InputError(
            f"train takes one length, not {length}", where="--length", next_step="To train several, use digitsum sweep"
        )
    settings = resolved.for_one_trial()
    if resolved.sweep:
        console.message(f"Training one model: ignoring the sweep over {', '.join(resolved.sweep)} (see digitsum sweep)")
    if print_config:
        return show_settings(settings, console)

    from digitsum_cli.cli.study_result import report_how_to_resume, report_new_run, show_result
    from digitsum_cli.cli.training_display import TrainingDisplay
    from digitsum_cli.rundir.directory import open_run
    from digitsum_cli.study.run_options import RunOptions
    from digitsum_cli.study.study import run_study

    run = open_run(out, f"train-length{settings.data.lengths[0]}")
    run_options = RunOptions(
        jobs=None,
        resume=resume,
        retry_failed=resume,
        force=force,
        keep_state=True,
        lock=not no_lock,
        allow_code=allow_code,
        command=sys.argv,
    )
    report_new_run(run, resume, console)
    with TrainingDisplay(console, run.path) as display:
        try:
            result = run_study(settings, run, display, run_options)
        except KeyboardInterrupt as interruption:
            report_how_to_resume(run, force, interruption, console)
            raise
    show_result(result, console, "to train it again, add --resume")
