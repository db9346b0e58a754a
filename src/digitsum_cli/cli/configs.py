"""``digitsum configs``: the shipped configs."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digitsum_cli.cli import options
from digitsum_cli.cli.console import Console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digitsum_cli.settings.shipped import ConfigSummary
    from digitsum_cli.table import Table

CONFIGS_EXAMPLES = """
  digitsum configs
  digitsum configs srn
  digitsum configs srn --copy .
  digitsum configs --copy configs
"""


def configs(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="Show this config as YAML (default: list all configs).", show_default=False
        ),
    ] = None,
    copy: Annotated[
        Path | None,
        typer.Option(parser=options.path, metavar="DIR", help="Copy the config, or all configs, to DIR."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="With --copy: replace existing files that are different.")
    ] = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    print_config: options.PrintConfig = False,
    debug: options.Debug = False,
) -> None:
    """List, show or copy the shipped configs.

    Any command that takes CONFIG accepts the name of a shipped config: digitsum sweep srn. To change a config, copy
    it and edit the copy. Copying replaces a file with different content only with --force.
    """
    from digitsum_cli.cli.print_config import show_settings
    from digitsum_cli.rundir.outputs import check_destination
    from digitsum_cli.settings import resolve_settings
    from digitsum_cli.settings.shipped import (
        DEFAULT_SWEEP,
        copy_configs,
        shipped_config,
        shipped_configs,
        summarise_config,
    )
    from digitsum_cli.shell import shell_path

    console = Console(as_json=as_json, quiet=quiet)
    if print_config:
        return show_settings(resolve_settings(shipped_config(name or DEFAULT_SWEEP)), console)
    chosen = shipped_configs() if name is None else {name: shipped_config(name)}
    if copy is not None:
        check_destination(copy)
        copies = copy_configs(chosen, copy, force=force)
        console.show(*map(str, copies))
        console.document({"copies": [str(path) for path in copies]})
        return console.message(f"The configs are in {copy}. To run one: digitsum sweep {shell_path(copies[0])}")
    summaries = [summarise_config(each) for each in chosen]
    if name is None:
        console.show(_table(summaries))
        console.document({"configs": [asdict(summary) for summary in summaries]})
        console.message("To run a config: digitsum sweep NAME. To show it: digitsum configs NAME")
    else:
        text = chosen[name].read_text(encoding="utf-8")
        console.text(text)
        console.document({**asdict(summaries[0]), "yaml": text})


def _table(summaries: "Sequence[ConfigSummary]") -> "Table":
    from digitsum_cli.table import Table, number

    return Table(
        "Shipped configs; a cost of 1 is one SRN trained for 500 epochs at length 20",
        ("config", "description", "trainings", "cost"),
        [[each.name, each.about, str(each.trials), number(each.cost, 1)] for each in summaries],
        text_columns=2,
    )
