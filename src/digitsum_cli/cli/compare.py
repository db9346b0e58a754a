"""``digitsum compare``: compare implementations."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digitsum_cli.cli import options
from digitsum_cli.cli.console import Console
from digitsum_cli.cli.grouped_help import RUN_OPTIONS

if TYPE_CHECKING:
    from digitsum_cli.settings import Override, Settings

COMPARE_EXAMPLES = """
  digitsum compare --impl manual,torch
  digitsum compare --impl manual,torch --lengths 10,30 --seeds 0..4 --epochs 500
  digitsum compare srn --impl manual,torch --out runs/compared
"""

SHORT_COMPARISON: dict[str, dict[str, Any]] = {
    "data": {"lengths": [5, 10, 20]},
    "train": {"epochs": 30},
    "sweep": {"train.seed": [0, 1, 2]},
}
"""The settings without a config: the book's, shortened to take half a minute on two cores."""

_UPDATE_SETTINGS = ("optimizer", "lr_schedule", "weight_decay", "clip_norm", "loss")


def compare(
    config: options.Config = None,
    impl: options.Implementations = None,
    lengths: options.Lengths = None,
    seeds: options.Seeds = None,
    epochs: options.Epochs = None,
    jobs: options.Jobs = None,
    out: Annotated[
        Path | None,
        typer.Option(
            parser=options.path,
            metavar="DIR",
            help="Save the trainings and the comparison in DIR.",
            rich_help_panel=RUN_OPTIONS,
        ),
    ] = None,
    force: options.Force = False,
    no_lock: options.NoLock = False,
    allow_code: options.AllowCode = False,
    assignments: options.Assignments = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    print_config: options.PrintConfig = False,
    debug: options.Debug = False,
) -> None:
    """Compare implementations: parity, speed, accuracy.

    Shows whether they compute the same numbers, how fast they run, and how accurate they get. The first one is the
    reference. By default, compares all implementations.

    Without CONFIG, uses the book's settings, shortened to take about half a minute.
    """
    from digitsum_cli.cli.print_config import show_settings

    console = Console(as_json=as_json, quiet=quiet, user_code=allow_code)
    options.explain_single_seed(seeds, console)
    chosen = options.overrides(
        assignments,
        impl=("sweep.model.impl", impl),
        lengths=("data.lengths", lengths),
        seeds=("sweep.train.seed", seeds),
        epochs=("train.epochs", epochs),
    )
    settings = _resolve(options.find_config(config, console), chosen)
    if print_config:
        return show_settings(settings, console)

    from digitsum_cli.cli.comparison_tables import show_accuracy, show_parity, show_speed
    from digitsum_cli.cli.study_display import StudyDisplay
    from digitsum_cli.cli.study_result import FAILURE_HINT
    from digitsum_cli.comparison.comparison import compare_accuracies, compare_numbers, compare_speeds
    from digitsum_cli.core.registry import INITIALISATIONS, TORCH
    from digitsum_cli.errors import DigitsumError
    from digitsum_cli.execution.trial_executor import usable_cores
    from digitsum_cli.rundir.access import check_not_taken, require_writable
    from digitsum_cli.rundir.directory import RunDirectory
    from digitsum_cli.settings.schema import TrainSettings
    from digitsum_cli.study.run_options import RunOptions
    from digitsum_cli.trials.plan import plan_trials
    from digitsum_cli.trials.user_code import with_names_in_trials

    if out is not None:
        check_not_taken(RunDirectory(out), force=force)
        require_writable(out)
    plan = plan_trials(settings, allow_code=allow_code)  # rejects invalid trials before anything is measured
    measured = with_names_in_trials(settings, plan.trials[0])
    book = TrainSettings()
    changed = [f"train.{name}" for name in _UPDATE_SETTINGS if getattr(settings.train, name) != getattr(book, name)]
    console.message("Parity: comparing states, gradients and 200 Adam steps, starting from the same weights")
    if changed:
        console.message(f"Parity and speed use plain Adam; only accuracy also uses {', '.join(changed)}")
    parities = compare_numbers(measured)
    show_parity(parities, console)
    console.message("Speed: timing forward passes, backward passes and whole training steps")
    timings = compare_speeds(measured)
    show_speed(timings, console)
    console.message(f"Accuracy: training for {settings.train.epochs} epochs with the same seeds (the book: 500)")
    if not INITIALISATIONS[settings.model.init].shared and TORCH in settings.sweep["model.impl"]:
        console.message(
            "With init: book, torch uses PyTorch's default initialisation, so accuracies can differ widely. "
            "To initialise all implementations the same way, use --set model.init=orthogonal"
        )
    run_options = RunOptions(
        jobs or usable_cores(),
        allow_fewer=jobs is None,
        force=force or out is None,
        lock=not no_lock,
        allow_code=allow_code,
        command=sys.argv,
    )
    with StudyDisplay(console) as display:
        comparison = compare_accuracies(settings, parities, timings, out, display, run_options)
    show_accuracy(comparison, console)
    console.document(comparison.to_dict())
    if out is not None:
        console.message(f"The trainings and comparison.json are in {out}")
    comparison.study.raise_failures(
        FAILURE_HINT if out is not None else "To see the reasons, save the trainings with --out"
    )
    if not comparison.agrees:
        raise DigitsumError("the implementations differ by more than the tolerance; see the parity table")


def _resolve(config: Path | None, chosen: "list[Override]") -> "Settings":
    """The settings, with at least two implementations to compare: all of them unless some were chosen."""
    from digitsum_cli.core.registry import AUTOGRAD, ENSEMBLE, IMPLEMENTATIONS, cell_spec
    from digitsum_cli.errors import InputError
    from digitsum_cli.settings import Override, resolve_settings

    preset = None if config else SHORT_COMPARISON
    settings = resolve_settings(config, chosen, preset)
    known = AUTOGRAD if cell_spec(settings.model.cell).own else IMPLEMENTATIONS
    if "model.impl" not in settings.sweep:
        every = Override("sweep.model.impl", list(known), "model.impl")
        settings = resolve_settings(config, [*chosen, every], preset)
    if others := sorted(settings.sweep.keys() - {"model.impl", "train.seed"}):
        raise InputError(
            f"compare cannot vary {', '.join(others)}", where="sweep", allowed="the axes model.impl and train.seed"
        )
    impls, allowed = settings.sweep["model.impl"], f"two or more of {', '.join(known)}"
    if ENSEMBLE in impls:
        raise InputError(f"cannot compare {ENSEMBLE}, which trains many seeds", where="--impl", allowed=allowed)
    if len(impls) < 2:
        raise InputError(f"cannot compare {impls[0]!r} on its own", where="--impl", allowed=allowed)
    return settings
