"""``digitsum generate``: generate the data sets."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digitsum_cli.cli import options
from digitsum_cli.cli.console import Console

if TYPE_CHECKING:
    from digitsum_cli.core.generation import Rows, Splits
    from digitsum_cli.table import Table

_LONGEST_SAMPLE = 40

GENERATE_EXAMPLES = """
  digitsum generate --lengths 5..35
  digitsum generate --lengths 10,20 --k-train 5 --out my-data
  digitsum sweep --set data.dir=my-data --lengths 10,20
"""


def generate(
    config: options.Config = None,
    lengths: options.Lengths = None,
    k_train: Annotated[
        str | None, typer.Option(metavar="N", help="Training rows per pair of first digits (default: from CONFIG).")
    ] = None,
    k_eval: Annotated[
        str | None, typer.Option(metavar="N", help="Eval rows per pair of first digits (default: from CONFIG).")
    ] = None,
    k_test: Annotated[
        str | None, typer.Option(metavar="N", help="Test rows per pair of first digits (default: from CONFIG).")
    ] = None,
    seed: Annotated[
        str | None, typer.Option(metavar="N", help="Seed of the random stream (default: from CONFIG).")
    ] = None,
    out: Annotated[Path, typer.Option(parser=options.path, metavar="DIR", help="Folder to write to.")] = Path(
        "datasets"
    ),
    force: Annotated[bool, typer.Option("--force", help="Replace existing data that are different.")] = False,
    allow_code: options.AllowCode = False,
    assignments: options.Assignments = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    print_config: options.PrintConfig = False,
    debug: options.Debug = False,
) -> None:
    """Generate the data sets; show sizes, samples and duplicates.

    Writes DIR/LENGTH/train.txt, eval.txt and test.txt; replaces other data only with --force. All lengths share one
    random stream, so the rows of a length depend on the lengths before it.

    Without CONFIG, uses the book's settings.
    """
    from digitsum_cli.analysis.analysis import DataAudit
    from digitsum_cli.cli.print_config import show_settings
    from digitsum_cli.core.audit import audit_splits
    from digitsum_cli.core.data_files import write_splits
    from digitsum_cli.errors import InputError
    from digitsum_cli.report.analysis_tables import audit_table
    from digitsum_cli.rundir.outputs import check_destination
    from digitsum_cli.settings import resolve_settings
    from digitsum_cli.trials.inputs import load_data
    from digitsum_cli.trials.user_code import with_user_code

    console = Console(as_json=as_json, quiet=quiet, user_code=allow_code)
    chosen = options.overrides(
        assignments,
        lengths=("data.lengths", lengths),
        k_train=("data.k.train", k_train),
        k_eval=("data.k.eval", k_eval),
        k_test=("data.k.test", k_test),
        seed=("data.seed", seed),
    )
    settings = resolve_settings(options.find_config(config, console), chosen)
    if print_config:
        return show_settings(settings, console)
    ((settings,), _) = with_user_code([settings], allow_code=allow_code)
    data = settings.data
    if data.dir is not None:
        raise InputError(
            f"data.dir is {data.dir!r}, but generate does not read existing data",
            next_step="Remove data.dir, and choose the output folder with --out",
        )
    check_destination(out)
    splits_by_length = load_data(data)
    write_splits(out, splits_by_length, force=force)
    audits = [audit_splits(splits, data.asked) for splits in splits_by_length.values()]
    console.show(
        _table(splits_by_length), audit_table([DataAudit(data.seed, data.distractors, audit) for audit in audits])
    )
    descriptions = [
        {**_describe(out, splits), "audit": asdict(audit)}
        for splits, audit in zip(splits_by_length.values(), audits, strict=True)
    ]
    console.document({"out": str(out), "lengths": descriptions})
    console.message(f"Wrote {3 * len(splits_by_length)} files to {out}")


def _table(splits_by_length: "Mapping[int, Splits]") -> "Table":
    from digitsum_cli.table import Table

    return Table(
        "Data sets: number of rows",
        ("length", "train", "eval", "test", "sample row -> label"),
        [
            [str(length), *(str(len(rows)) for _, rows in splits.items()), _sample(splits.train)]
            for length, splits in splits_by_length.items()
        ],
    )


def _sample(rows: "Rows") -> str:
    middle = 67 * len(rows) // 100  # its first two digits are 6 and 7
    digits = [str(digit) for digit in rows.digits[middle]]
    if len(digits) > _LONGEST_SAMPLE:
        digits[_LONGEST_SAMPLE // 2 : -_LONGEST_SAMPLE // 2] = ["…"]
    return f"{' '.join(digits)} -> {rows.labels[middle]}"


def _describe(out: Path, splits: "Splits") -> dict[str, Any]:
    from digitsum_cli.core.data_files import format_rows

    files = {
        name: {
            "path": str(out / str(splits.length) / f"{name}.txt"),
            "rows": len(rows),
            "sha256": hashlib.sha256(format_rows(rows)).hexdigest(),
        }
        for name, rows in splits.items()
    }
    return {"length": splits.length, "sample": _sample(splits.train), "files": files}
