"""``digitsum check``: hold a cell or a task of your own against its contract."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digitsum_cli.cli import options
from digitsum_cli.cli.console import Console

if TYPE_CHECKING:
    from digitsum_cli.core.contract import Check
    from digitsum_cli.core.user_code import UserCode

CHECK_EXAMPLES = """
  digitsum check ./mycell.py:MyCell --allow-code
  digitsum check ./mytask.py:MyTask --allow-code
  digitsum check mypackage.cells:MyCell --allow-code --json
"""

_TIMED_BATCH = 8


def check(
    name: Annotated[str, typer.Argument(metavar="CLASS", help="FILE.py:Class or package.module:Class.")],
    allow_code: options.AllowCode = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    print_config: options.PrintConfig = False,
    debug: options.Debug = False,
) -> None:
    """Hold a cell or a task of your own against its contract.

    Of a cell: shapes, precision, seeds, gradients, independence of the rows of a batch and more, then the duration of a
    step beside those of the built-in cells. Of a task: rows, labels, seeds, and whether the rows that it lists are
    those that it draws. Says what to change. What passes can be used: digitsum sweep --set model.cell=CLASS, or
    data.task=CLASS, with --allow-code.
    """
    from digitsum_cli.cli.print_config import show_settings
    from digitsum_cli.core.user_code import CELL, code_not_allowed, find_user_code
    from digitsum_cli.settings import resolve_settings

    console = Console(as_json=as_json, quiet=quiet, user_code=allow_code)
    if print_config:
        return show_settings(resolve_settings(overrides=options.overrides([f"model.cell={name}"])), console)
    code = find_user_code(name)
    if not allow_code:
        raise code_not_allowed([code])

    from digitsum_cli.core.cells.contract import check_cell, why_no_ensemble
    from digitsum_cli.core.tasks.contract import check_task
    from digitsum_cli.core.user_classes import kind_of, register_user_class
    from digitsum_cli.core.user_code_loading import load_user_class
    from digitsum_cli.errors import DigitsumError

    kind = kind_of(code)
    is_cell = kind == CELL
    register_user_class(kind, code)
    checks = list((check_cell if is_cell else check_task)(load_user_class(code)))
    failed = [each for each in checks if each.problem]
    document = {
        "cell" if is_cell else "task": name,
        "sha256": code.digest,
        **_show_checks(code, is_cell, checks, console),
    }
    ensemble = None
    if is_cell and not failed:
        document["microseconds_per_step"] = _show_durations(code, console)
        ensemble = why_no_ensemble(load_user_class(code))
        document["ensemble"] = ensemble is None
    console.document(document)
    if failed:
        raise DigitsumError(f"{code.class_name} fails {len(failed)} of {len(checks)} checks; see the table")
    if ensemble:
        console.message(ensemble)
    impl = ("manual" if ensemble else "ensemble") if is_cell else "fused"
    console.message(f"Use it with: digitsum sweep --impl {impl} --set {kind}={name} --allow-code")


def _show_checks(code: "UserCode", is_cell: bool, checks: "Sequence[Check]", console: Console) -> dict[str, Any]:
    from digitsum_cli.table import Table

    console.show(
        Table(
            f"The contract of a {'cell' if is_cell else 'task'}: {code.class_name} (SHA-256 {code.digest})",
            ("check", "result"),
            [[each.name, each.problem or "yes"] for each in checks],
            text_columns=2,
        )
    )
    return {"checks": [{"check": each.name, "passed": not each.problem, "problem": each.problem} for each in checks]}


def _show_durations(code: "UserCode", console: Console) -> dict[str, float]:
    """The microseconds of a step of the cell and of the built-in ones."""
    import torch

    from digitsum_cli.core.cells.contract import seconds_per_step
    from digitsum_cli.core.classifier import build_classifier
    from digitsum_cli.core.registry import CELLS, cell_in_words
    from digitsum_cli.table import Table

    torch.set_num_threads(1)
    names = [name for name, spec in CELLS.items() if not spec.own or name == code.name]
    times = {
        name if name != code.name else cell_in_words(name): 1e6
        * seconds_per_step(build_classifier(name).rnn_model, _TIMED_BATCH)
        for name in names
    }
    console.show(
        Table(
            f"Duration of a step of {_TIMED_BATCH} rows with autograd off, hidden size 32",
            ("cell", "µs"),
            [[name, f"{duration:.0f}"] for name, duration in times.items()],
        )
    )
    return times
