"""The options that commands share, and their conversion to overrides of the settings."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digitsum_cli.cli.grouped_help import COMMON_OPTIONS, RUN_OPTIONS
from digitsum_cli.core.registry import IMPLEMENTATIONS

if TYPE_CHECKING:
    from digitsum_cli.cli.console import Console
    from digitsum_cli.settings import Override


def path(text: str | Path) -> Path:
    """A path from the command line, with ``~`` expanded. An empty one, such as an unset variable, is refused."""
    if not str(text).strip():
        raise typer.BadParameter("the path is empty; use . for the current folder")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise typer.BadParameter(f"the home folder in {str(text)!r} is unknown") from error


Config = Annotated[
    Path | None,
    typer.Argument(
        parser=path,
        metavar="CONFIG",
        help="A YAML file or the name of a shipped config (see digitsum configs).",
        show_default=False,
    ),
]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a setting, such as --set train.lr=3e-3. Repeatable."),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="Print the result to stdout as one JSON document.", rich_help_panel=COMMON_OPTIONS),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Hide progress and messages.", rich_help_panel=COMMON_OPTIONS)
]
PrintConfig = Annotated[
    bool, typer.Option("--print-config", help="Show the resolved settings and exit.", rich_help_panel=COMMON_OPTIONS)
]
Debug = Annotated[
    bool, typer.Option("--debug", help="Show the traceback if an error occurs.", rich_help_panel=COMMON_OPTIONS)
]
Lengths = Annotated[
    str | None,
    typer.Option(
        metavar="LIST", help="Sequence lengths: 5,10,20 or 5..35 (step 5) or 5..35..10 (default: from CONFIG)."
    ),
]
Epochs = Annotated[
    str | None, typer.Option(metavar="N", help="Number of passes over the training set (default: from CONFIG).")
]
Seeds = Annotated[
    str | None, typer.Option(metavar="LIST", help="Training seeds: 0,3,5 or 0..9 (default: from CONFIG).")
]
Implementations = Annotated[
    str | None,
    typer.Option(metavar="NAME,…", help=f"One or more of {', '.join(IMPLEMENTATIONS)} (default: from CONFIG)."),
]
Out = Annotated[
    Path | None,
    typer.Option(
        parser=path, metavar="DIR", help="Run directory (default: a new one in runs/).", rich_help_panel=RUN_OPTIONS
    ),
]
Force = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Overwrite an existing run. It is deleted once the new one has its first result.",
        rich_help_panel=RUN_OPTIONS,
    ),
]
ReplaceForce = Annotated[
    bool, typer.Option("--force", help="Replace existing files that this command did not make of this run.")
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Resume an existing run; with more epochs, continue its trainings.",
        rich_help_panel=RUN_OPTIONS,
    ),
]
AllowCode = Annotated[
    bool,
    typer.Option(
        "--allow-code", help="Execute the code of your own cells and tasks (FILE.py:Class). Only if you trust it."
    ),
]
NoLock = Annotated[
    bool,
    typer.Option(
        "--no-lock",
        help="Do not lock the run directory: for file systems without locks. Only one command may write.",
        rich_help_panel=RUN_OPTIONS,
    ),
]
THRESHOLD_HELP = "Accuracies that count as remembered: for the memory span, and for the seeds that reach them"
Thresholds = Annotated[
    str | None,
    typer.Option(
        "--threshold",
        metavar="LIST",
        help=f"{THRESHOLD_HELP} (default: 0.5,0.9).",
    ),
]
DiagnosisJobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", "-j", min=1, metavar="N", help="Number of checkpoints diagnosed in parallel (default: CPU cores)."
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", "-j", min=1, metavar="N", help="Number of parallel trainings (default: CPU cores)."),
]


def find_config(config: Path | None, console: "Console") -> Path | None:
    """The file that CONFIG names; prints a message if a shipped config is used instead of a missing file.

    Raises:
        InputError: there is neither such a file nor such a shipped config.
    """
    from digitsum_cli.settings.shipped import find_config

    if config is None:
        return None
    found = find_config(config)
    if found != config and config.suffix:
        console.message(f"{config} not found; using the shipped config {found.stem}")
    return found


def explain_single_seed(seeds: str | None, console: "Console") -> None:
    """Prints a message if ``--seeds`` is one number, which could be meant as how many."""
    if seeds is not None and re.fullmatch(r"[0-9]{1,6}", seeds) and (number := int(seeds)) > 1:
        console.message(f"--seeds {number} is one seed, {number}; for {number} seeds, use --seeds 0..{number - 1}")


def check_resume_options(resume: bool, force: bool, out: Path | None) -> None:
    """Checks that ``--resume`` fits the other options.

    Raises:
        InputError: it is combined with ``--force``, or ``--out`` is missing.
    """
    from digitsum_cli.errors import InputError

    if resume and force:
        raise InputError("--resume continues a run but --force deletes it", allowed="one of the two")
    if resume and out is None:
        raise InputError("--resume requires --out", next_step="Name the run to resume with --out DIR")


def parse_thresholds(text: str) -> tuple[float, ...]:
    """The thresholds of the memory span, in ascending order.

    Raises:
        InputError: a threshold is not a number above 0 and up to 1.
    """
    from digitsum_cli.errors import InputError

    try:
        thresholds = {float(part) for part in text.split(",")}
    except ValueError:
        thresholds = set()
    if not thresholds or not all(0 < threshold <= 1 for threshold in thresholds):
        raise InputError(
            f"{text!r} is not a list of accuracies",
            where="--threshold",
            allowed="numbers above 0 and up to 1, such as 0.5,0.9",
        )
    return tuple(sorted(thresholds))


def overrides(assignments: list[str] | None, **options: tuple[str, Any]) -> "list[Override]":
    """The overrides from the command line, ``--set`` first.

    Arguments:
        assignments: the value of each ``--set``.
        options: for each named option, its settings key and its value; options that are None are skipped.

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
