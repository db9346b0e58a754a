"""``digitsum check``: hold a cell of your own against its contract."""

from typing import Annotated, Any

import typer

from digitsum_cli.cli import options
from digitsum_cli.cli.console import Console

CHECK_EXAMPLES = """
  digitsum check ./mycell.py:MyCell --allow-code
  digitsum check mypackage.cells:MyCell --allow-code --json
"""

_TIMED_BATCH = 8


def check(
    cell: Annotated[str, typer.Argument(metavar="CELL", help="FILE.py:Class or package.module:Class.")],
    allow_code: options.AllowCode = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    print_config: options.PrintConfig = False,
    debug: options.Debug = False,
) -> None:
    """Hold a cell of your own against its contract.

    Checks shapes, precision, seeds, gradients, independence of the rows of a batch and more, and says what to change.
    A cell that passes can be trained: digitsum sweep --impl manual --set model.cell=CELL --allow-code. Ends with the
    duration of a step beside those of the built-in cells.
    """
    from digitsum_cli.cli.print_config import show_settings
    from digitsum_cli.core.user_code import code_not_allowed, find_user_code
    from digitsum_cli.settings import resolve_settings

    console = Console(as_json=as_json, quiet=quiet, user_code=allow_code)
    if print_config:
        return show_settings(resolve_settings(overrides=options.overrides([f"model.cell={cell}"])), console)
    code = find_user_code(cell)
    if not allow_code:
        raise code_not_allowed([code])

    import torch

    from digitsum_cli.core.cells.cell import Cell
    from digitsum_cli.core.cells.contract import check_cell, seconds_per_step
    from digitsum_cli.core.classifier import build_classifier
    from digitsum_cli.core.registry import CELLS, load
    from digitsum_cli.core.user_cells import register_cell
    from digitsum_cli.errors import DigitsumError
    from digitsum_cli.table import Table

    torch.set_num_threads(1)
    built_in = list(CELLS)
    register_cell(code)
    own: type[Cell] = load(code.import_path)
    checks = list(check_cell(own))
    failed = [each for each in checks if each.problem]
    console.show(
        Table(
            f"The contract of a cell: {code.class_name} (SHA-256 {code.digest})",
            ("check", "result"),
            [[each.name, each.problem or "yes"] for each in checks],
            text_columns=2,
        )
    )
    document: dict[str, Any] = {
        "cell": cell,
        "sha256": code.digest,
        "checks": [{"check": each.name, "passed": not each.problem, "problem": each.problem} for each in checks],
    }
    if not failed:
        layers = {name: build_classifier(name).rnn_model for name in built_in} | {code.class_name: own(32, 32)}
        times = {name: 1e6 * seconds_per_step(layer, _TIMED_BATCH) for name, layer in layers.items()}
        console.show(
            Table(
                f"Duration of a step of {_TIMED_BATCH} rows with autograd off, hidden size 32",
                ("cell", "µs"),
                [[name, f"{duration:.0f}"] for name, duration in times.items()],
            )
        )
        document["microseconds_per_step"] = times
    console.document(document)
    if failed:
        raise DigitsumError(f"{code.class_name} fails {len(failed)} of {len(checks)} checks; see the table")
    console.message(f"Train it with: digitsum sweep --impl manual --set model.cell={cell} --allow-code")
