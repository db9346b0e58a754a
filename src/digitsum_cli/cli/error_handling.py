"""Turns an error into one message on stderr and an exit code; only ``--debug`` shows a traceback."""

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
from digitsum_cli.cli.signals import INTERRUPTED, TERMINATED, Terminated, handle_signals
from digitsum_cli.errors import DigitsumError, DigitsumWarning, ran_out_of_files, too_many_files

_NO_OUTPUT = (errno.ENOSPC, errno.EBADF)


def handle_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Wraps a command to report its errors; the command must take ``debug``."""

    @functools.wraps(command)
    def wrapped(*arguments: Any, **options: Any) -> None:
        try:
            handle_signals()
            with _show_warnings(), _restored_stdout():
                command(*arguments, **options)
            sys.stdout.flush()
        except KeyboardInterrupt as error:
            print_error(_with_notes("interrupted", error))
            raise typer.Exit(TERMINATED if isinstance(error, Terminated) else INTERRUPTED) from error
        except BrokenPipeError as error:
            _discard_stdout()  # the reader closed the pipe (``| head``): exit silently
            raise typer.Exit(0) from error
        except typer.Exit:
            raise
        except Exception as error:
            if options["debug"]:
                raise
            raise typer.Exit(report_error(error)) from error

    return wrapped


def _restored_stdout() -> contextlib.AbstractContextManager[Any]:
    """Puts ``sys.stdout`` back at the end: with JSON, the console gives stderr to code of the user's."""
    return contextlib.redirect_stdout(sys.stdout)


@contextlib.contextmanager
def _show_warnings() -> Iterator[None]:
    """Shows a ``DigitsumWarning`` as one line on stderr."""
    with warnings.catch_warnings():
        others = warnings.showwarning
        shown: set[str] = set()

        def show(message: Warning | str, category: type[Warning], *details: Any) -> None:
            if not issubclass(category, DigitsumWarning):
                others(message, category, *details)
            elif str(message) not in shown:  # settings may be resolved several times
                shown.add(str(message))
                print_warning(str(message))

        warnings.simplefilter("always", DigitsumWarning)
        warnings.showwarning = show  # type: ignore[assignment]
        yield


def report_error(error: Exception) -> int:
    """Prints one message about an error.

    Returns:
        The exit code.
    """
    if ran_out_of_files(error):
        error = too_many_files()
    if isinstance(error, DigitsumError):
        print_error(_with_notes(str(error), error))
        return error.exit_code
    if isinstance(error, OSError) and error.filename is None and error.errno in _NO_OUTPUT:
        _discard_stdout()
        print_error(_with_notes(f"cannot write the output: {error.strerror}", error))
    else:
        what = f"internal error: {type(error).__name__}: {error}"
        print_error(f"{_with_notes(what, error)}. Use --debug to see the traceback")
    return DigitsumError.exit_code


def _with_notes(message: str, error: BaseException) -> str:
    """The message, followed by what the functions that the error passed through have noted on it."""
    return ". ".join((message, *getattr(error, "__notes__", ())))


def _discard_stdout() -> None:
    """Discards all further output to stdout, including the flush at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
