"""The one place that prints: data to stdout; progress, messages and errors to stderr."""

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


class Console:
    """Where a command's output goes.

    Arguments:
        as_json: stdout gets one JSON document and nothing else.
        quiet: no progress and no messages.
    """

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self._as_json = as_json
        self._quiet = quiet
        self._out = _rich_console(stderr=False)
        self._err = _rich_console(stderr=True)

    @property
    def live(self) -> bool:
        """Whether stderr is a terminal on which progress can move."""
        return self._err.is_terminal and not self._quiet

    def message(self, text: str) -> None:
        """A line for the person who waits."""
        if not self._quiet:
            self._err.print(text, markup=False, highlight=False)

    def show(self, *parts: Table | str) -> None:
        """The result, for people; not shown when JSON was asked for."""
        if not self._as_json:
            for part in parts:
                if isinstance(part, Table):
                    self._show_table(part)
                else:
                    self._out.print(part, markup=False, highlight=False)

    def _show_table(self, table: Table) -> None:
        """In full: where the terminal is too narrow even for the numbers, the lines run over its edge."""
        drawn = rich_table(table, narrow=False)
        if self._width_of(drawn) > self._out.width:
            drawn = rich_table(table, narrow=True)
        needed = self._width_of(drawn)
        wide_enough = self._out if needed <= self._out.width else _rich_console(stderr=False, width=needed)
        wide_enough.print(drawn, markup=False, highlight=False)

    def _width_of(self, table: RichTable) -> int:
        return Measurement.get(self._out, self._out.options.update(width=_WIDTH_OF_ANY_TABLE), table).maximum

    def document(self, document: Mapping[str, Any]) -> None:
        """The result as a JSON document, when that was asked for."""
        if self._as_json:
            sys.stdout.write(json_text(document))

    def text(self, text: str) -> None:
        """Text to stdout as it is; not shown when JSON was asked for."""
        if not self._as_json:
            sys.stdout.write(text)

    def progress(self, *columns: ProgressColumn) -> Progress:
        """A live bar with further columns; it shows nothing where stderr is no terminal."""
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
    """An error, for whoever must act on it."""
    _IgnoreWriteErrors(sys.stderr).write(f"Error: {message}\n")


def print_warning(message: str) -> None:
    """Something to know, for whoever wants to act on it."""
    _IgnoreWriteErrors(sys.stderr).write(f"Warning: {message}\n")


def ignore_write_errors() -> None:
    """Lets stdout and stderr take all text, with ``?`` for what their encoding lacks, also where they are closed."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


class _IgnoreWriteErrors:
    """A stream that drops what cannot be written: nothing is given up because nobody reads its messages."""

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
        """Leaves it to the reporter of errors, where the library would exit with 1."""
        raise BrokenPipeError


def _rich_console(*, stderr: bool, width: int | None = None) -> RichConsole:
    stream = _IgnoreWriteErrors(sys.stderr) if stderr else sys.stdout
    if width is None and not stream.isatty():
        width = _WIDTH_WITHOUT_TERMINAL
    return _RichConsole(file=cast(IO[str], stream), width=width, soft_wrap=True, emoji=False)
