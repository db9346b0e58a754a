"""The command-line app and its commands."""

import sys
from typing import Annotated

import typer

import digitsum_cli
from digitsum_cli.cli.check import CHECK_EXAMPLES, check
from digitsum_cli.cli.compare import COMPARE_EXAMPLES, compare
from digitsum_cli.cli.configs import CONFIGS_EXAMPLES, configs
from digitsum_cli.cli.console import prepare_output_streams
from digitsum_cli.cli.error_handling import handle_errors, report_error
from digitsum_cli.cli.evaluate import EVALUATE_EXAMPLES, evaluate
from digitsum_cli.cli.generate import GENERATE_EXAMPLES, generate
from digitsum_cli.cli.repeated_options import WarnOfRepeatedOptions
from digitsum_cli.cli.report import REPORT_EXAMPLES, report
from digitsum_cli.cli.signals import INTERRUPTED, TERMINATED, exit_process
from digitsum_cli.cli.sweep import SWEEP_EXAMPLES, sweep
from digitsum_cli.cli.train import TRAIN_EXAMPLES, train

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _show_version(requested: bool) -> None:
    if requested:
        typer.echo(f"digitsum {digitsum_cli.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """How far back does a recurrent network remember?

    The digit-sum experiment: the network reads a sequence of digits, then answers with the sum of the first two. The
    longer the sequence, the longer the network must remember.

    \b
    Start here:
      digitsum sweep quick          a first try, in seconds
      digitsum sweep                the book's experiment with ten seeds
      digitsum report runs/srn      the results and the reasons on one page
    """


for _command, _examples in (
    (generate, GENERATE_EXAMPLES),
    (train, TRAIN_EXAMPLES),
    (evaluate, EVALUATE_EXAMPLES),
    (sweep, SWEEP_EXAMPLES),
    (compare, COMPARE_EXAMPLES),
    (report, REPORT_EXAMPLES),
    (check, CHECK_EXAMPLES),
    (configs, CONFIGS_EXAMPLES),
):
    app.command(cls=WarnOfRepeatedOptions, epilog="\b\nExamples:\n" + _examples.strip("\n"))(handle_errors(_command))


def run() -> None:
    """Runs the command given on the command line."""
    prepare_output_streams()
    try:
        app(prog_name="digitsum")
    except OSError as error:  # the help text could not be written
        sys.exit(report_error(error))
    except SystemExit as request:
        if request.code in (INTERRUPTED, TERMINATED):
            exit_process(request.code)
        raise
