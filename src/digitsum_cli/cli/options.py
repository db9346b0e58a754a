"""The options that commands share, and how they become overrides of the settings."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digitsum_cli.core.registry import IMPLEMENTATIONS

if TYPE_CHECKING:
    from digitsum_cli.cli.console import Console
    from digitsum_cli.settings import Override


def named_path(text: str | Path) -> Path:
    """A path from the command line; an empty one, as from a variable that is not set, would be the present folder."""
    if not str(text).strip():
        raise typer.BadParameter("an empty name; write . for the present folder")
    return Path(text)


Config = Annotated[
    Path | None,
    typer.Argument(
        metavar="CONFIG",
        help="A YAML file or the name of a shipped config (digitsum configs lists them).",
        show_default=False,
    ),
]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set a key of the settings, e.g. --set train.lr=3e-3. Repeatable."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else there.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no messages.")]
PrintConfig = Annotated[bool, typer.Option("--print-config", help="Show the resolved settings and exit.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Lengths = Annotated[
    str | None,
    typer.Option(metavar="LIST", help="Sequence lengths: 5,10,20 or 5..35 (in steps of 5) or 5..35..10."),
]
Epochs = Annotated[str | None, typer.Option(metavar="N", help="Passes over the training rows.")]
Seeds = Annotated[str | None, typer.Option(metavar="LIST", help="Training seeds: 0,3,5 or 0..9.")]
Implementations = Annotated[
    str | None, typer.Option(metavar="NAME,…", help=f"Implementations: {', '.join(IMPLEMENTATIONS)}.")
]
Out = Annotated[
    Path | None, typer.Option(parser=named_path, metavar="DIR", help="The run directory; runs/NAME unless given.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace a run that stands in the run directory.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run in the run directory.")]
Thresholds = Annotated[
    str | None,
    typer.Option(
        "--threshold",
        metavar="LIST",
        help="Exact accuracies from which on a length counts as remembered; 0.5,0.9 unless given.",
    ),
]
DiagnosisJobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", "-j", min=1, metavar="N", help="Checkpoints diagnosed side by side; as many as cores unless given."
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", "-j", min=1, metavar="N", help="Trainings side by side; as many as cores unless given."),
]


def find_config(config: Path | None, console: "Console") -> Path | None:
    """The file that CONFIG stands for; says so where a shipped config takes the place of a missing file.

    Raises:
        InputError: there is no such file and no such shipped config.
    """
    from digitsum_cli.settings.shipped import find_config

    if config is None:
        return None
    found = find_config(config)
    if found != config and config.suffix:
        console.message(f"There is no file {config} here; using the shipped config {found.stem}")
    return found


def require_run_to_resume(resume: bool, force: bool, out: Path | None) -> None:
    """Checks that ``--resume`` can be followed.

    Raises:
        InputError: it stands beside ``--force``, or without a run.
    """
    from digitsum_cli.errors import InputError

    if resume and force:
        raise InputError("--resume goes on with a run and --force deletes it", allowed="one of the two")
    if resume and out is None:
        raise InputError("--resume needs the run to go on with", next_step="Name it with --out")


def parse_thresholds(text: str) -> tuple[float, ...]:
    """The thresholds of the memory span, in rising order.

    Raises:
        InputError: one is not a number above 0 and up to 1.
    """
    from digitsum_cli.errors import InputError

    try:
        thresholds = {float(part) for part in text.split(",")}
    except ValueError:
        thresholds = set()
    if not thresholds or not all(0 < threshold <= 1 for threshold in thresholds):
        raise InputError(
            f"{text!r} is not a list of accuracies", where="--threshold", allowed="numbers above 0 and up to 1: 0.5,0.9"
        )
    return tuple(sorted(thresholds))


def overrides(assignments: list[str] | None, **options: tuple[str, Any]) -> "list[Override]":
    """The overrides of a command line, ``--set`` first.

    Arguments:
        assignments: what followed each ``--set``.
        options: for each named option its key in the settings and its value; those that are None are left out.

    Raises:
        InputError: an assignment is not of the form ``key=value``.
    """
    from digitsum_cli.settings import Override, parse_assignment
    from digitsum_cli.settings.document import parse_value

    found = [parse_assignment(assignment) for assignment in assignments or []]
    for name, (key, text) in options.items():
        if text is not None:
            origin = f"--{name.replace('_', '-')} {text}"
            found.append(Override(key, parse_value(text, origin), origin))
    return found
