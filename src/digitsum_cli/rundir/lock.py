"""One writer at a time in a run directory."""

import contextlib
import json
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from digitsum_cli.core.atomic_write import atomic_write
from digitsum_cli.core.bounded_read import read_bounded
from digitsum_cli.errors import DigitsumError, InputError

_MAXIMUM_BYTES = 1000


@contextlib.contextmanager
def locked(lock: Path, writer: Path) -> Iterator[None]:
    """Holds the lock of a run directory. The system gives up that of a process that has ended, however it ended.

    Arguments:
        lock: the file that is locked; it stays when the lock is given up.
        writer: the file that names the process that has the lock, as long as it does.

    Raises:
        InputError: another process has the lock.
        DigitsumError: a file cannot be made.
    """
    held = FileLock(lock, timeout=0)
    try:
        held.acquire()
    except Timeout as error:
        raise InputError(
            f"{lock.parent} is being written by {_named(writer)}",
            next_step="Wait until it has ended, or choose another folder with --out",
        ) from error
    except OSError as error:
        raise DigitsumError(f"cannot write {lock}: {error.strerror}") from error
    try:
        atomic_write(writer, json.dumps({"id": os.getpid(), "host": platform.node()}).encode())
        yield
    finally:
        with contextlib.suppress(OSError):
            writer.unlink()
        held.release()


def _named(writer: Path) -> str:
    try:
        process = json.loads(read_bounded(writer, _MAXIMUM_BYTES))
        return f"process {int(process['id'])} on {str(process['host'])[:100]}"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "another process"
