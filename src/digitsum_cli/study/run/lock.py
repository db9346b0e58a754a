"""One writer at a time in a run directory."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from digitsum_cli.core.bounded_read import read_bounded
from digitsum_cli.errors import DigitsumError, InputError

_MAXIMUM_PROVENANCE = 10_000_000


@contextlib.contextmanager
def locked(lock: Path, provenance: Path) -> Iterator[None]:
    """Holds the lock of a run directory. The system gives up that of a process that has ended, however it ended.

    Arguments:
        lock: the file that is locked; it stays when the lock is given up.
        provenance: of the run, which names the process that has the lock.

    Raises:
        InputError: another process has the lock.
        DigitsumError: the file cannot be made.
    """
    held = FileLock(lock, timeout=0)
    try:
        held.acquire()
    except Timeout as error:
        raise InputError(
            f"{lock.parent} is being written by {_writer(provenance)}",
            next_step="Wait until it has ended, or choose another folder with --out",
        ) from error
    except OSError as error:
        raise DigitsumError(f"cannot write {lock}: {error.strerror}") from error
    try:
        yield
    finally:
        held.release()


def _writer(provenance: Path) -> str:
    try:
        process = json.loads(read_bounded(provenance, _MAXIMUM_PROVENANCE))["process"]
        return f"process {int(process['id'])} on {str(process['host'])[:100]}"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "another process"
