"""``digitsum evaluate``: score a checkpoint, or every one of a run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from digitsum_cli.cli import options
from digitsum_cli.cli.console import Console

EVALUATE_EXAMPLES = """
  digitsum evaluate runs/srn
  digitsum evaluate runs/srn/checkpoints/length10-….safetensors
  digitsum evaluate runs/srn --diagnose
  digitsum evaluate runs/srn --sequence "6 7 0 0 1 0 0 0 0 0"
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
    diagnose: Annotated[bool, typer.Option("--diagnose", help="Look for the reasons: tables, figures, JSON.")] = False,
    sequence: Annotated[
        str | None, typer.Option(metavar="DIGITS", help='Read one sequence step by step: "6 7 0 0 1 0".')
    ] = None,
    jobs: options.DiagnosisJobs = None,
    out: Annotated[
        Path | None,
        typer.Option(
            parser=options.named_path,
            metavar="DIR",
            help="Where --diagnose and --sequence write; RUN/diagnosis unless given.",
        ),
    ] = None,
    assignments: options.Assignments = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    print_config: options.PrintConfig = False,
    debug: options.Debug = False,
) -> None:
    """Score a checkpoint, or every one of a run.

    Gives accuracy and loss on the train, eval and test rows, and the exact accuracy over every possible row. The data
    are those the weights were trained with, drawn again; --data or --set data.… name others.

    --diagnose says why it forgot: how far back gradients reach, what disturbs the memory, which digit was lost.
    --sequence shows the answer to one sequence, with the state and the probabilities step by step.
    """
    from digitsum_cli.cli.print_config import show_settings
    from digitsum_cli.cli.study_result import say_what_is_missing
    from digitsum_cli.errors import InputError
    from digitsum_cli.evaluation.saved_run import done_checkpoints
    from digitsum_cli.evaluation.scoring import (
        checkpoint_settings,
        diagnosis_folder,
        find_checkpoints,
        score_checkpoints,
    )
    from digitsum_cli.rundir.access import require_writable
    from digitsum_cli.rundir.directory import RunDirectory
    from digitsum_cli.settings import Override

    console = Console(as_json=as_json, quiet=quiet)
    if out is not None and not diagnose and sequence is None:
        raise InputError("--out says where --diagnose and --sequence write", next_step="Add one of them")
    chosen = options.overrides(assignments)
    if data is not None:
        chosen.append(Override("data.dir", str(data), f"--data {data}"))
    paths = find_checkpoints(source)
    done = paths
    if RunDirectory(source).store.is_file():
        done, missing = done_checkpoints(source)
        say_what_is_missing(source, missing, console)
    if print_config:
        return show_settings(checkpoint_settings(paths[0], chosen)[1], console)
    folder = out or diagnosis_folder(source)
    if diagnose or sequence is not None:
        require_writable(folder)
    document: dict[str, Any] = {}
    if sequence is not None:
        document["sequence"] = _show_sequence(paths, sequence, folder, console)
    if diagnose or sequence is None:
        rows = [scores.to_dict() for scores in score_checkpoints(paths, chosen)]
        document["checkpoints"] = rows
        console.show(_table(rows))
    if diagnose:
        document["diagnosis"] = _show_diagnosis(done, folder, jobs, console)
    console.document(document)


def _show_sequence(paths: Sequence[Path], sequence: str, folder: Path, console: Console) -> dict[str, Any]:
    from digitsum_cli.evaluation.walkthrough import walk_through_checkpoint

    walked = walk_through_checkpoint(paths, sequence)
    console.message(f"Read by {walked.path}")
    console.show(walked.table(), walked.verdict)
    png, svg = walked.save_figure(folder)
    console.message(f"The figure is in {png} and {svg.name}")
    return walked.to_dict()


def _show_diagnosis(paths: Sequence[Path], folder: Path, jobs: int | None, console: Console) -> list[dict[str, Any]]:
    from digitsum_cli.cli.diagnosis_display import diagnose_shown
    from digitsum_cli.report.diagnosis_figures import save_diagnosis_figures
    from digitsum_cli.report.diagnosis_tables import diagnosis_table
    from digitsum_cli.report.reasons import reasons

    diagnosed = diagnose_shown(paths, folder, jobs, console)
    console.show(diagnosis_table(diagnosed), *reasons(diagnosed))
    save_diagnosis_figures(diagnosed, folder)
    console.message(f"diagnosis.json and the figures are in {folder}")
    return [each.to_dict() for each in diagnosed]


def _table(rows: list[dict[str, Any]]) -> Any:
    from digitsum_cli.table import Table, number, percent, percent_interval
    from digitsum_cli.trials.setting_columns import value_in_words, varied_settings

    named = [
        "length",
        "cell",
        "impl",
        *(name for name in varied_settings(rows) if name not in ("cell", "impl")),
        "seed",
    ]
    return Table(
        "Kept weights: accuracy and loss, with the 95 % interval of the test rows; exact is over every possible row",
        (
            *(name.replace("_", " ") for name in named),
            *("train", "eval", "test", "unseen test rows", "exact"),
            *("train loss", "eval loss", "test loss", "exact loss"),
        ),
        [
            [
                *(value_in_words(row[name]) for name in named),
                percent(row["train_accuracy"]),
                percent(row["eval_accuracy"]),
                percent_interval(row["test_accuracy"], row["test_accuracy_low"], row["test_accuracy_high"]),
                percent(row["unseen_test_accuracy"]),
                percent(row["exact_accuracy"]),
                *(number(row[f"{split}_loss"], 4) for split in ("train", "eval", "test", "exact")),
            ]
            for row in rows
        ],
    )
