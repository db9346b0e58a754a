"""``digitsum evaluate``: evaluate one checkpoint or a whole run."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digitsum_cli.cli import options
from digitsum_cli.cli.console import Console

if TYPE_CHECKING:
    from digitsum_cli.evaluation.checkpoints import TrialCheckpoint
    from digitsum_cli.evaluation.scoring import CheckpointScores
    from digitsum_cli.rundir.outputs import Outputs
    from digitsum_cli.settings import Override
    from digitsum_cli.table import Table

EVALUATE_EXAMPLES = """
  digitsum evaluate runs/srn
  digitsum evaluate runs/srn/checkpoints/length10-….safetensors
  digitsum evaluate runs/srn --diagnose
  digitsum evaluate runs/srn --sequence "6 7 0 0 1 0 0 0 0 0"
  digitsum evaluate runs/srn --lengths 20,50,200
  digitsum evaluate runs/srn --data datasets
  digitsum evaluate runs/srn --set data.seed=1
"""


def evaluate(
    source: Annotated[
        Path,
        typer.Argument(
            parser=options.path, metavar="CHECKPOINT_OR_RUN", help="A .safetensors file or a run directory."
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            parser=options.path,
            metavar="DIR",
            help="Evaluate on the data sets in DIR (default: the data it was trained on).",
        ),
    ] = None,
    lengths: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Evaluate at these lengths, also if never trained on: 20,50,200 or 5..35."),
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="With --lengths: read every possible row, however long that takes.")
    ] = False,
    diagnose: Annotated[
        bool, typer.Option("--diagnose", help="Explain why the network forgets: tables, figures, JSON.")
    ] = False,
    sequence: Annotated[
        str | None,
        typer.Option(metavar="DIGITS", help='Show the answer after each step of a sequence such as "6 7 0 0 1 0".'),
    ] = None,
    jobs: options.DiagnosisJobs = None,
    out: Annotated[
        Path | None,
        typer.Option(
            parser=options.path,
            metavar="DIR",
            help="Output folder of --diagnose, --sequence and --lengths (default: RUN/diagnosis).",
        ),
    ] = None,
    force: options.ReplaceForce = False,
    allow_code: options.AllowCode = False,
    assignments: options.Assignments = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    print_config: options.PrintConfig = False,
    debug: options.Debug = False,
) -> None:
    """Evaluate one checkpoint or a whole run.

    Reports accuracy and loss on the training, eval and test rows, and the exact accuracy over all possible rows (or a
    sampled one, if there are too many to list). By default, uses the same data as the training; --data or
    --set data.… selects other data.

    --diagnose explains why a network forgets: how far back gradients reach, what disturbs the memory, and which
    digit is lost. --lengths measures the accuracy at any length: exact, or, without
    --exact, sampled where there are too many rows; with --set data.distractors=… also on rows with more distractors.
    --sequence shows the answer, the state and the probabilities after each step of one sequence.
    """
    from digitsum_cli.cli.print_config import show_settings
    from digitsum_cli.cli.study_result import report_lost_trainings, report_missing_checkpoints
    from digitsum_cli.errors import InputError
    from digitsum_cli.evaluation.checkpoints import diagnosis_folder, find_checkpoints, read_checkpoints, run_of
    from digitsum_cli.evaluation.scoring import score_checkpoints, scoring_settings
    from digitsum_cli.evaluation.user_code import register_code_of_trials
    from digitsum_cli.rundir.access import require_writable
    from digitsum_cli.rundir.directory import RunDirectory
    from digitsum_cli.rundir.outputs import Outputs, check_destination
    from digitsum_cli.settings import Override

    console = Console(as_json=as_json, quiet=quiet, user_code=allow_code)
    writes = diagnose or sequence is not None or lengths is not None
    if out is not None and not writes:
        raise InputError("--out requires --diagnose, --sequence or --lengths", next_step="Add one of them")
    if lengths is not None and data is not None:
        raise InputError("--lengths draws its own rows, and --data names others", allowed="one of the two")
    if exact and lengths is None:
        raise InputError("--exact requires --lengths", next_step="Without it, every possible row is read anyway")
    chosen = options.overrides(assignments)
    if data is not None:
        chosen.append(Override("data.dir", str(data), f"--data {data}"))
    found = find_checkpoints(source)
    report_missing_checkpoints(source, found.missing, console)
    report_lost_trainings(source, found, console)
    if diagnose and not found.done:
        raise InputError(
            f"there is nothing to diagnose: no training in {source} is done",
            next_step="Train again with a smaller train.lr, or with train.clip_norm",
        )
    checkpoints = read_checkpoints(source, found.paths)
    run = RunDirectory(source) if source.is_dir() else run_of(source)
    register_code_of_trials((each.trial for each in checkpoints), run, allow_code=allow_code)
    if print_config:
        return show_settings(scoring_settings(checkpoints[0], chosen), console)
    folder, outputs = out or diagnosis_folder(source), Outputs(run, force)
    if writes:
        check_destination(folder, run, None if run is None else run.diagnosis)
        require_writable(folder)
    document: dict[str, Any] = {}
    if sequence is not None:
        document["sequence"] = _show_sequence(checkpoints, sequence, folder, outputs, console)
    if lengths is not None:
        document |= _show_lengths(checkpoints, lengths, exact, chosen, found.thresholds, folder, outputs, jobs, console)
    if diagnose or (sequence is None and lengths is None):
        scores = list(score_checkpoints(checkpoints, chosen))
        statuses = [found.statuses.get(each.path, "done") for each in scores]
        document["checkpoints"] = [
            {**each.columns, "status": status} for each, status in zip(scores, statuses, strict=True)
        ]
        console.show(_table(scores, statuses))
    if diagnose:
        done = set(found.done)
        finished = [checkpoint for checkpoint in checkpoints if checkpoint.path in done]
        document["diagnosis"] = _show_diagnosis(finished, found.thresholds, folder, outputs, jobs, console)
    console.document(document)


def _show_sequence(
    checkpoints: "Sequence[TrialCheckpoint]", sequence: str, folder: Path, outputs: "Outputs", console: Console
) -> dict[str, Any]:
    from digitsum_cli.evaluation.walkthrough import walk_through_checkpoint
    from digitsum_cli.report.walkthrough import walkthrough_figure_files, walkthrough_table

    walkthrough = walk_through_checkpoint(checkpoints, sequence)
    console.message(f"Using checkpoint {walkthrough.path}")
    console.show(walkthrough_table(walkthrough), walkthrough.verdict)
    files = walkthrough_figure_files(walkthrough, folder)
    outputs.write(files)
    png, svg = files
    console.message(f"The figure is in {png} and {svg.name}")
    return walkthrough.to_dict()


def _show_lengths(
    checkpoints: "Sequence[TrialCheckpoint]",
    lengths: str,
    exact: bool,
    overrides: "Sequence[Override]",
    thresholds: Sequence[float],
    folder: Path,
    outputs: "Outputs",
    jobs: int | None,
    console: Console,
) -> dict[str, Any]:
    from digitsum_cli.evaluation.other_lengths import score_at_lengths
    from digitsum_cli.execution.trial_executor import usable_cores
    from digitsum_cli.report.other_lengths import other_lengths_figure_files, other_lengths_table
    from digitsum_cli.report.own_spans import own_span_table, own_spans_of_lengths
    from digitsum_cli.settings import resolve_settings

    wanted = resolve_settings(overrides=options.overrides(None, lengths=("data.lengths", lengths))).data.lengths
    with console.progress() as progress:
        bar = progress.add_task("lengths", total=len(checkpoints))
        scored = list(
            score_at_lengths(
                checkpoints,
                wanted,
                overrides,
                jobs or usable_cores(),
                every_row=exact,
                on_share=lambda share: progress.update(bar, completed=share),
            )
        )
    place = {checkpoint.path: index for index, checkpoint in enumerate(checkpoints)}
    accuracies = [each for of_one in sorted(scored, key=lambda of_one: place[of_one[0].path]) for each in of_one]
    spans = own_spans_of_lengths(accuracies, thresholds)
    console.show(other_lengths_table(accuracies, thresholds), *([own_span_table(spans)] if spans else []))
    files = other_lengths_figure_files(accuracies, thresholds, spans, folder)
    outputs.write(files)
    console.message(f"The figures are in {folder}: {', '.join(path.name for path in files if path.suffix == '.png')}")
    return {"lengths": [each.to_dict() for each in accuracies], "own_spans": [row.to_dict() for row in spans]}


def _show_diagnosis(
    checkpoints: "Sequence[TrialCheckpoint]",
    thresholds: Sequence[float],
    folder: Path,
    outputs: "Outputs",
    jobs: int | None,
    console: Console,
) -> list[dict[str, Any]]:
    from digitsum_cli.cli.diagnosis_display import diagnose_with_progress
    from digitsum_cli.evaluation.saved_diagnoses import FILE_NAME, diagnosis_content
    from digitsum_cli.report.diagnosis_figures import diagnosis_figure_files
    from digitsum_cli.report.diagnosis_tables import diagnosis_table, dynamics_tables
    from digitsum_cli.report.own_spans import own_span_table, own_spans_of_diagnoses
    from digitsum_cli.report.reasons import reasons

    diagnosed = diagnose_with_progress(checkpoints, folder, outputs, jobs, console)
    spans = own_spans_of_diagnoses(diagnosed, thresholds)
    tables = [diagnosis_table(diagnosed), *dynamics_tables(diagnosed), *([own_span_table(spans)] if spans else [])]
    console.show(*tables, *reasons(diagnosed))
    outputs.write(
        {folder / FILE_NAME: diagnosis_content(diagnosed), **diagnosis_figure_files(diagnosed, spans, folder)}
    )
    console.message(f"{FILE_NAME} and the figures are in {folder}")
    return [each.to_dict() for each in diagnosed]


def _table(scores: "Sequence[CheckpointScores]", statuses: Sequence[str]) -> "Table":
    from digitsum_cli.core.accuracy_kind import AccuracyKind, distinct_kinds
    from digitsum_cli.table import Table, number, percent, percent_interval
    from digitsum_cli.trials.setting import value_in_words, varied_columns

    varied = varied_columns(each.setting for each in scores)
    named = ["length", *dict.fromkeys(("cell", "impl", *varied)), "seed"]
    kinds = [kind for kind in distinct_kinds(each.kind for each in scores) if kind is not AccuracyKind.TEST]
    any_lost = set(statuses) != {"done"}
    measured = "".join(f"; {kind} is over {kind.rows}" for kind in kinds)
    return Table(
        f"Best checkpoints: accuracy and loss, with the 95 % interval of accuracies on samples{measured}",
        (
            *(name.replace("_", " ") for name in named),
            *(["status"] if any_lost else []),
            *("train", "eval", "test", "unseen test rows", *kinds),
            *("train loss", "eval loss", "test loss", *(f"{kind} loss" for kind in kinds)),
        ),
        [
            [
                *(value_in_words(row[name]) for name in named),
                *([status] if any_lost else []),
                percent(row["train_accuracy"]),
                percent(row["eval_accuracy"]),
                percent_interval(row["test_accuracy"], row["test_accuracy_low"], row["test_accuracy_high"]),
                percent(row["unseen_test_accuracy"]),
                *(
                    percent_interval(*(row.get(f"{kind.column}{end}") for end in ("", "_low", "_high")))
                    for kind in kinds
                ),
                *(number(row.get(f"{split}_loss"), 4) for split in ("train", "eval", "test", *kinds)),
            ]
            for row, status in zip((each.columns for each in scores), statuses, strict=True)
        ],
    )
