"""``digitsum compare``: implementations side by side."""

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digitsum_cli.cli import options
from digitsum_cli.cli.console import Console

if TYPE_CHECKING:
    from digitsum_cli.settings import Override, Settings

COMPARE_EXAMPLES = """
  digitsum compare --impl manual,torch
  digitsum compare --impl manual,torch --lengths 10,30 --seeds 0..4 --epochs 500
  digitsum compare srn --impl manual,torch --out runs/compared
"""

HALF_A_MINUTE: dict[str, dict[str, Any]] = {
    "data": {"lengths": [5, 10, 20]},
    "train": {"epochs": 30},
    "sweep": {"train.seed": [0, 1, 2]},
}
"""What is compared unless a config says otherwise: the book's settings, cut to fit half a minute on two cores."""

_OF_THE_UPDATE = ("optimizer", "lr_schedule", "weight_decay", "clip_norm", "loss")


def compare(
    config: options.Config = None,
    impl: options.Implementations = None,
    lengths: options.Lengths = None,
    seeds: options.Seeds = None,
    epochs: options.Epochs = None,
    jobs: options.Jobs = None,
    out: Annotated[
        Path | None,
        typer.Option(parser=options.named_path, metavar="DIR", help="Keep the trainings and the comparison there."),
    ] = None,
    force: options.Force = False,
    assignments: options.Assignments = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    print_config: options.PrintConfig = False,
    debug: options.Debug = False,
) -> None:
    """Compare implementations: parity, speed, accuracy.

    Do they compute the same numbers, how fast, and how accurate do they get? The first implementation is the
    reference. Without a config the trainings are short, to fit half a minute.
    """
    from digitsum_cli.cli.print_config import show_settings

    console = Console(as_json=as_json, quiet=quiet)
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
    from digitsum_cli.cli.study_result import WHERE_REASONS_ARE
    from digitsum_cli.comparison.comparison import Comparison, compare_numbers, compare_speeds
    from digitsum_cli.core.registry import INITIALISATIONS, TORCH
    from digitsum_cli.errors import DigitsumError
    from digitsum_cli.execution.trial_executor import usable_cores
    from digitsum_cli.rundir.access import check_not_taken, require_writable
    from digitsum_cli.rundir.directory import RunDirectory
    from digitsum_cli.settings.schema import TrainSettings
    from digitsum_cli.study.run_options import RunOptions
    from digitsum_cli.study.study import run_study
    from digitsum_cli.trials.plan import plan_trials

    if out is not None:
        check_not_taken(RunDirectory(out), force=force)
        require_writable(out)
    plan_trials(settings)  # what cannot be trained is refused before anything is measured
    book = TrainSettings()
    own = [f"train.{name}" for name in _OF_THE_UPDATE if getattr(settings.train, name) != getattr(book, name)]
    console.message("Parity: the same weights in each, then states, gradients and 200 Adam steps")
    if own:
        console.message(f"Parity and speed are measured with plain Adam; {', '.join(own)} count for accuracy alone")
    parities = compare_numbers(settings)
    show_parity(parities, console)
    console.message("Speed: forward, backward and whole training steps in turn")
    timings = compare_speeds(settings)
    show_speed(timings, console)
    console.message(f"Accuracy: {settings.train.epochs} epochs from the same seeds (the book trains for 500)")
    if not INITIALISATIONS[settings.model.init].shared and TORCH in settings.sweep["model.impl"]:
        console.message(
            "By the book, torch starts as the library does and the others do not: accuracies differ, also far apart. "
            "With --set model.init=orthogonal all start alike"
        )
    with ExitStack() as stack:
        folder = out or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="digitsum-compare-")))
        run = RunDirectory(folder)
        display = stack.enter_context(StudyDisplay(console))
        run_options = RunOptions(
            jobs or usable_cores(), or_fewer=jobs is None, force=force or out is None, command=sys.argv
        )
        study = run_study(settings, run, display, run_options)
        comparison = Comparison(parities, timings, study)
        run.write_comparison(comparison.to_dict())
    show_accuracy(comparison, console)
    console.document(comparison.to_dict())
    if out is not None:
        console.message(f"The trainings and comparison.json are in {out}")
    comparison.study.raise_failures(
        WHERE_REASONS_ARE if out is not None else "Keep the trainings with --out to see more"
    )
    if not comparison.agrees:
        raise DigitsumError("the implementations differ by more than the tolerance; see the table of parity")


def _resolve(config: Path | None, chosen: "list[Override]") -> "Settings":
    """The settings, with an axis of at least two implementations: all there are unless some were chosen."""
    from digitsum_cli.core.registry import IMPLEMENTATIONS
    from digitsum_cli.errors import InputError
    from digitsum_cli.settings import Override, resolve_settings

    preset = None if config else HALF_A_MINUTE
    settings = resolve_settings(config, chosen, preset)
    if "model.impl" not in settings.sweep:
        every = Override("sweep.model.impl", list(IMPLEMENTATIONS), "model.impl")
        settings = resolve_settings(config, [*chosen, every], preset)
    if others := sorted(settings.sweep.keys() - {"model.impl", "train.seed"}):
        raise InputError(
            f"compare does not vary {', '.join(others)}", where="sweep", allowed="the axes model.impl and train.seed"
        )
    if len(settings.sweep["model.impl"]) < 2:
        raise InputError(
            f"there is nothing to compare {settings.sweep['model.impl'][0]!r} with",
            where="--impl",
            allowed=f"two or more of {', '.join(IMPLEMENTATIONS)}",
        )
    return settings
