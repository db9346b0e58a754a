"""The only place that prints: results to stdout; progress, messages and errors to stderr."""

import codecs
import contextlib
import io
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, cast

from rich.console import Console as RichConsole
from rich.measure import Measurement
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table as RichTable

from digitsum_cli.cli.tables import rich_table
from digitsum_cli.json_text import json_text
from digitsum_cli.table import Table

_WIDTH_WITHOUT_TERMINAL = 160
_WIDTH_OF_ANY_TABLE = 10_000
_ANY_TEXT = "digitsum-any-text"


class Console:
    """Prints the output of a command.

    Arguments:
        as_json: print one JSON document to stdout and nothing else.
        quiet: hide progress and messages.
        user_code: whether code of the user's may run; what it prints goes to stderr if stdout is for JSON.
    """

    def __init__(self, *, as_json: bool, quiet: bool, user_code: bool = False) -> None:
        self._stdout = sys.stdout
        if as_json and user_code:
            sys.stdout = sys.stderr
        self._as_json = as_json
        self._quiet = quiet
        self._out = _rich_console(stderr=False)
        self._err = _rich_console(stderr=True)

    @property
    def live(self) -> bool:
        """Whether stderr is a terminal that can show live progress."""
        return self._err.is_terminal and not self._quiet

    def message(self, text: str) -> None:
        """Prints a line to stderr, unless quiet."""
        if not self._quiet:
            self._err.print(text, markup=False, highlight=False)

    def show(self, *parts: Table | str) -> None:
        """Prints the result for people, unless JSON was requested."""
        if not self._as_json:
            for part in parts:
                if isinstance(part, Table):
                    self._show_table(part)
                else:
                    self._out.print(part, markup=False, highlight=False)

    def _show_table(self, table: Table) -> None:
        """Prints the whole table; if the terminal is too narrow even for the numbers, lines extend past its edge."""
        drawn = rich_table(table, narrow=False)
        if self._width_of(drawn) > self._out.width:
            drawn = rich_table(table, narrow=True)
        needed = self._width_of(drawn)
        wide_enough = self._out if needed <= self._out.width else _rich_console(stderr=False, width=needed)
        wide_enough.print(drawn, markup=False, highlight=False)

    def _width_of(self, table: RichTable) -> int:
        return Measurement.get(self._out, self._out.options.update(width=_WIDTH_OF_ANY_TABLE), table).maximum

    def document(self, document: Mapping[str, Any]) -> None:
        """Prints the result as a JSON document, if JSON was requested."""
        if self._as_json:
            self._stdout.write(json_text(document))

    def text(self, text: str) -> None:
        """Prints text unchanged to stdout, unless JSON was requested."""
        if not self._as_json:
            sys.stdout.write(text)

    def progress(self, *columns: ProgressColumn) -> Progress:
        """A live progress bar with extra columns; it shows nothing if stderr is not a terminal."""
        return Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            *columns,
            TimeElapsedColumn(),
            console=self._err,
            transient=True,
            disable=not self.live,
        )


def print_error(message: str) -> None:
    """Prints an error to stderr."""
    _IgnoreWriteErrors(sys.stderr).write(f"Error: {message}\n")


def print_warning(message: str) -> None:
    """Prints a warning to stderr."""
    _IgnoreWriteErrors(sys.stderr).write(f"Warning: {message}\n")


def prepare_output_streams() -> None:
    """Makes stdout and stderr accept any text; a closed stream discards it.

    A file name that is not valid UTF-8 is written as the bytes that it has; ``?`` replaces other characters that cannot
    be encoded.
    """
    codecs.register_error(_ANY_TEXT, _encode_any_text)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ANY_TEXT)


def _encode_any_text(error: UnicodeError) -> tuple[bytes, int]:
    """Encodes what a stream cannot: a lone surrogate stands for a byte of a file name."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = "".join(each if "\udc80" <= each <= "\udcff" else "?" for each in error.object[error.start : error.end])
    return text.encode("ascii", "surrogateescape"), error.end


class _IgnoreWriteErrors:
    """A stream that ignores write errors, so that a command never fails because stderr was closed."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()


class _RichConsole(RichConsole):
    def on_broken_pipe(self) -> None:
        """Leaves the error to ``handle_errors``; Rich would exit with code 1."""
        raise BrokenPipeError


def _rich_console(*, stderr: bool, width: int | None = None) -> RichConsole:
    stream = _IgnoreWriteErrors(sys.stderr) if stderr else sys.stdout
    if width is None and not stream.isatty():
        width = _WIDTH_WITHOUT_TERMINAL
    return _RichConsole(file=cast(IO[str], stream), width=width, soft_wrap=True, emoji=False)
