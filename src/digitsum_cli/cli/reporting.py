"""What becomes of an error: one message on stderr and an exit code; a traceback only with ``--debug``."""

import functools
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import typer

from digitsum_cli.cli.console import print_error
from digitsum_cli.errors import DigitsumError

INTERRUPTED = 130
TERMINATED = 143


class Terminated(KeyboardInterrupt):
    """The process was asked to end; what answers Ctrl-C answers this too."""


def answer_signals() -> None:
    """Lets the first Ctrl-C or SIGTERM end the command in good order, and the second at once.

    Ctrl-C is ignored where whoever started the process had it ignored.
    """

    def first(number: int, _: object) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, at_once)
        raise Terminated if number == signal.SIGTERM else KeyboardInterrupt

    def at_once(number: int, _: object) -> None:
        os._exit(TERMINATED if number == signal.SIGTERM else INTERRUPTED)

    signal.signal(signal.SIGTERM, first)
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, first)


def reports_errors(command: Callable[..., None]) -> Callable[..., None]:
    """The command, with its errors reported; it must take ``debug``."""

    @functools.wraps(command)
    def reporting(*arguments: Any, **options: Any) -> None:
        try:
            command(*arguments, **options)
        except KeyboardInterrupt as error:
            print_error("interrupted")
            raise typer.Exit(TERMINATED if isinstance(error, Terminated) else INTERRUPTED) from error
        except BrokenPipeError as error:
            # Whoever read stdout has gone (``| head``): leave without a word, and let nothing be flushed there.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from error
        except DigitsumError as error:
            if options["debug"]:
                raise
            print_error(str(error))
            raise typer.Exit(error.exit_code) from error
        except typer.Exit:
            raise
        except Exception as error:
            if options["debug"]:
                raise
            print_error(f"digitsum itself went wrong: {type(error).__name__}: {error}. --debug shows where")
            raise typer.Exit(DigitsumError.exit_code) from error

    return reporting
