"""What becomes of an error: one message on stderr and an exit code; a traceback only with ``--debug``."""

import contextlib
import errno
import functools
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import typer

from digitsum_cli.cli.console import print_error, print_warning
from digitsum_cli.cli.signals import INTERRUPTED, TERMINATED, Terminated, answer_signals
from digitsum_cli.errors import DigitsumError, DigitsumWarning

_NO_OUTPUT = (errno.ENOSPC, errno.EBADF)


def handle_errors(command: Callable[..., None]) -> Callable[..., None]:
    """The command, with its errors reported; it must take ``debug``."""

    @functools.wraps(command)
    def reporting(*arguments: Any, **options: Any) -> None:
        try:
            answer_signals()
            with _warnings_shown():
                command(*arguments, **options)
            sys.stdout.flush()
        except KeyboardInterrupt as error:
            print_error("interrupted")
            raise typer.Exit(TERMINATED if isinstance(error, Terminated) else INTERRUPTED) from error
        except BrokenPipeError as error:
            _give_up_stdout()  # whoever read it has gone (``| head``): leave without a word
            raise typer.Exit(0) from error
        except typer.Exit:
            raise
        except Exception as error:
            if options["debug"]:
                raise
            raise typer.Exit(report_error(error)) from error

    return reporting


@contextlib.contextmanager
def _warnings_shown() -> Iterator[None]:
    """Shows a ``DigitsumWarning`` as one line on stderr."""
    with warnings.catch_warnings():
        others = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *details: Any) -> None:
            if issubclass(category, DigitsumWarning):
                print_warning(str(message))
            else:
                others(message, category, *details)

        warnings.simplefilter("always", DigitsumWarning)
        warnings.showwarning = show  # type: ignore[assignment]
        yield


def report_error(error: Exception) -> int:
    """Says what went wrong, in one message.

    Returns:
        The exit code.
    """
    if isinstance(error, DigitsumError):
        print_error(str(error))
        return error.exit_code
    if isinstance(error, OSError) and error.filename is None and error.errno in _NO_OUTPUT:
        _give_up_stdout()
        print_error(f"the output cannot be written: {error.strerror}")
    else:
        print_error(f"digitsum itself went wrong: {type(error).__name__}: {error}. --debug shows where")
    return DigitsumError.exit_code


def _give_up_stdout() -> None:
    """Lets nothing more be written there, also not when the process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
