"""Opens, checks, migrates, reads and writes the SQLite file of a run.

Only a file with exactly the expected tables is read, so that a crafted file cannot make SQLite compute anything else.
"""

import contextlib
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from digitsum_cli.errors import DigitsumError, InputError, NoSpaceError
from digitsum_cli.rundir.migrations import MIGRATIONS
from digitsum_cli.rundir.store_tables import TABLES, VERSION

_SECONDS_BETWEEN_TRIES = 0.2
_SECONDS_TO_WAIT = 300.0
"""While another process is reading or writing; Ctrl-C still works meanwhile."""

_CANNOT_ROLL_BACK = (sqlite3.SQLITE_READONLY_ROLLBACK, sqlite3.SQLITE_IOERR_DELETE, sqlite3.SQLITE_CANTOPEN)
"""The journal cannot be opened or deleted; which of these errors it is depends on which file or folder is read-only."""

_FILES_AT_ONCE = 3
"""Opened by SQLite: the store, its journal and their folder."""

_VERSION_PLACE = slice(60, 64)
"""Where an SQLite file has its user version, big-endian."""

T = TypeVar("T")


def is_older_store(path: Path) -> bool:
    """Whether there is a store of an earlier version, which will be migrated when it is opened to be written."""
    try:
        with path.open("rb") as file:
            header = file.read(_VERSION_PLACE.stop)
    except OSError:
        return False
    return int.from_bytes(header[_VERSION_PLACE]) in MIGRATIONS


class StoreFile:
    """An open store.

    If it is opened for writing, an earlier format is migrated in a transaction. If it is only read, the file is left
    unchanged, and a temporary copy is migrated. A temporary copy is also read if a process was killed in the middle of
    a transaction, and the file or its folder is read-only.

    Arguments:
        path: the SQLite file.
        create: open the file for writing, and create it if it does not exist.

    Raises:
        InputError: the file does not exist, is not a store, is damaged, or was written by a newer version.
        DigitsumError: it cannot be opened or written.
    """

    def __init__(self, path: Path, *, create: bool) -> None:
        self._path = path
        with self._translate_errors():
            try:
                self._open(path, create)
            except sqlite3.OperationalError as error:
                journal = path.with_name(f"{path.name}-journal")
                if create or _code(error) not in _CANNOT_ROLL_BACK or not journal.exists():
                    raise
                self._open_rolled_back_copy(journal)

    def _open(self, path: Path, create: bool) -> None:
        mode = "rwc" if create else "rw"  # rw is read-only where the file or its folder is
        self._connection = sqlite3.connect(
            f"file:{quote(os.fsencode(path.absolute()))}?mode={mode}", timeout=_SECONDS_BETWEEN_TRIES, uri=True
        )
        try:
            self._retry_while_busy(lambda: self._prepare(path, create))
        except BaseException:
            self._connection.close()
            raise

    def _open_rolled_back_copy(self, journal: Path) -> None:
        """Opens a copy, in which SQLite can undo the transaction of a process that was killed."""
        try:
            with tempfile.TemporaryDirectory() as folder:
                for path in (self._path, journal):
                    shutil.copyfile(path, Path(folder, path.name))
                self._open(Path(folder, self._path.name), create=False)
                self._detach()
        except OSError as error:
            raise DigitsumError(
                f"cannot copy {self._path} to undo a transaction whose process was killed: {error.strerror}",
                next_step="Set TMPDIR to a folder with enough space",
            ) from error

    def _detach(self) -> None:
        """Continues with a copy in a temporary file, or in memory while it is small."""
        copy = sqlite3.connect("")
        self._connection.backup(copy)
        self._connection.close()
        self._connection = copy

    def _prepare(self, path: Path, create: bool) -> None:
        """Creates the tables of a new file; checks those of an existing one, and migrates them if necessary."""
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute("PRAGMA trusted_schema = OFF")
        version = self._value("PRAGMA user_version")
        tables = {sql for (sql,) in self._connection.execute("SELECT sql FROM sqlite_master")}
        if not tables and version == 0:
            if not create:
                raise self.damaged("it is empty")
            tables_and_version = ";".join(("BEGIN", f"PRAGMA user_version = {VERSION}", *TABLES, "COMMIT"))
            self._connection.executescript(tables_and_version)
            return
        if version > VERSION:
            raise InputError(
                f"{self._path} was written by a newer digitsum (format {version}); this one reads formats up to "
                f"{VERSION}",
                next_step="Upgrade digitsum, or choose another folder",
            )
        if version != VERSION and version not in MIGRATIONS:
            raise InputError(f"{self._path} is not a readable store: its format is {version}")
        if tables != set(TABLES if version == VERSION else MIGRATIONS[version].tables):
            raise InputError(f"{self._path} is not a readable store: its tables are not those of a run")
        if path.stat().st_size % self._value("PRAGMA page_size"):
            raise self.damaged("it is truncated")
        if (
            self._value("PRAGMA quick_check(1)") != "ok"
            or self._connection.execute("PRAGMA foreign_key_check").fetchone()
        ):
            raise self.damaged("its pages are inconsistent")
        if version < VERSION:
            self._migrate(version, in_place=create)

    def _migrate(self, version: int, *, in_place: bool) -> None:
        if not in_place:
            self._detach()
        self._connection.execute("PRAGMA foreign_keys = OFF")  # tables are renamed and dropped
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            while version < VERSION:
                MIGRATIONS[version].migrate(self._connection)
                version += 1
            self._connection.execute(f"PRAGMA user_version = {VERSION}")
            self._connection.execute("COMMIT")
        except BaseException as error:
            self._connection.execute("ROLLBACK")
            if isinstance(error, ValueError | TypeError | RecursionError):
                raise self.damaged(str(error)) from error
            raise
        self._connection.execute("PRAGMA foreign_keys = ON")

    def _value(self, query: str) -> Any:
        return self._connection.execute(query).fetchone()[0]

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def read(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """The rows returned by a query; waits while another process is writing.

        Raises:
            InputError: the store is damaged.
        """
        with self._translate_errors():
            return self._retry_while_busy(lambda: self._connection.execute(query, values).fetchall())

    def write(self, statements: Callable[[sqlite3.Connection], None]) -> None:
        """Runs statements in one transaction; waits while another process is reading.

        Raises:
            DigitsumError: the store cannot be written.
        """

        def transaction() -> None:
            with self._connection:
                statements(self._connection)

        with self._translate_errors():
            self._retry_while_busy(transaction)

    def _retry_while_busy(self, work: Callable[[], T]) -> T:
        """Retries as long as another process has locked the file."""
        deadline = time.monotonic() + _SECONDS_TO_WAIT
        while True:
            try:
                return work()
            except sqlite3.OperationalError as error:
                busy = _code(error) & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > deadline:
                    raise
            time.sleep(_SECONDS_BETWEEN_TRIES)

    def damaged(self, what: str) -> InputError:
        """The error for a damaged store."""
        return InputError(
            f"{self._path} is damaged: {what}",
            next_step="Copy it again, run the sweep in another folder, or overwrite it with --force",
        )

    @contextlib.contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            message = f"cannot access the store {self._path}: {_reason(error)}"
            if "full" in str(error) or "I/O" in str(error):
                raise NoSpaceError(message) from error
            raise DigitsumError(message) from error
        except (sqlite3.DatabaseError, UnicodeDecodeError, OverflowError) as error:
            raise InputError(f"{self._path} is not a readable store: {error}") from error


def _code(error: sqlite3.OperationalError) -> int:
    """SQLite's extended error code; 0 for an error of Python's module."""
    return getattr(error, "sqlite_errorcode", 0)


def _reason(error: sqlite3.OperationalError) -> str:
    """What the system says if SQLite cannot open a file; SQLite itself only says that it cannot."""
    if _code(error) & 0xFF == sqlite3.SQLITE_CANTOPEN:
        try:
            with contextlib.ExitStack() as opened:
                for _ in range(_FILES_AT_ONCE):
                    opened.enter_context(Path(os.devnull).open("rb"))
        except OSError as reason:
            return f"{reason.strerror}"
    return str(error)
