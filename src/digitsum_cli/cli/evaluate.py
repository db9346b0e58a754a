"""``digitsum evaluate``: score a checkpoint, or every one of a run."""

from pathlib import Path
from typing import Annotated, Any

import typer

from digitsum_cli.cli.console import Console
from digitsum_cli.cli.options import AsJson, Assignments, Debug, PrintConfig, Quiet, overrides

EVALUATE_EXAMPLES = """
  digitsum evaluate runs/srn
  digitsum evaluate runs/srn/checkpoints/length10-….safetensors
  digitsum evaluate runs/srn --data datasets
  digitsum evaluate runs/srn --set data.seed=1
"""


def evaluate(
    source: Annotated[
        Path, typer.Argument(metavar="CHECKPOINT_OR_RUN", help="A .safetensors file or a run directory.")
    ],
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Score on these files instead of the trained-on data.")
    ] = None,
    assignments: Assignments = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    print_config: PrintConfig = False,
    debug: Debug = False,
) -> None:
    """Score a checkpoint, or every one of a run.

    Gives accuracy and loss on the train, eval and test rows. The data are those the weights were trained with, drawn
    again; --data or --set data.… name others.
    """
    from digitsum_cli.cli.print_config import show_settings
    from digitsum_cli.settings import Override
    from digitsum_cli.study.evaluation import checkpoint_settings, find_checkpoints, score_checkpoints

    console = Console(as_json=as_json, quiet=quiet)
    chosen = overrides(assignments)
    if data is not None:
        chosen.append(Override("data.dir", str(data), f"--data {data}"))
    paths = find_checkpoints(source)
    if print_config:
        return show_settings(checkpoint_settings(paths[0], chosen)[1], console)
    rows = [scores.to_dict() for scores in score_checkpoints(paths, chosen)]
    console.document({"checkpoints": rows})
    console.show(_table(rows))


def _table(rows: list[dict[str, Any]]) -> Any:
    from digitsum_cli.cli.tables import new_table, number, percent
    from digitsum_cli.study.results import varied_settings

    named = [
        "length",
        "cell",
        "impl",
        *(name for name in varied_settings(rows) if name not in ("cell", "impl")),
        "seed",
    ]
    table = new_table(
        "Kept weights",
        *(name.replace("_", " ") for name in named),
        *("train accuracy", "eval accuracy", "test accuracy"),
        *("train loss", "eval loss", "test loss"),
    )
    for row in rows:
        table.add_row(
            *(str(row[name]) for name in named),
            *(percent(row[f"{split}_accuracy"]) for split in ("train", "eval", "test")),
            *(number(row[f"{split}_loss"], 4) for split in ("train", "eval", "test")),
        )
    return table
