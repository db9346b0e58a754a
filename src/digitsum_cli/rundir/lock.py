"""The lock that admits one writer at a time to a run directory."""

import contextlib
import errno
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
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)


@contextlib.contextmanager
def locked(lock: Path, writer: Path, *, skip: bool = False) -> Iterator[None]:
    """Holds the lock of a run directory. The system releases it when the process ends, even if it is killed.

    Arguments:
        lock: the file to lock; it is not deleted afterwards.
        writer: the file that names the process holding the lock; it is deleted afterwards.
        skip: do not lock anything, for file systems without locks.

    Raises:
        InputError: another process holds the lock, or the file system has no locks.
        DigitsumError: a file cannot be created.
    """
    file_lock = FileLock(lock, timeout=0)
    try:
        if skip:
            lock.touch()
        else:
            file_lock.acquire()
    except Timeout as error:
        raise InputError(
            f"{lock.parent} is in use by {_describe(writer)}",
            next_step="Wait until it finishes, or choose another folder with --out",
        ) from error
    except OSError as error:
        if error.errno in _NO_LOCKS:
            raise InputError(
                f"the file system of {lock.parent} has no locks ({error.strerror}), which keep two commands from "
                "writing to a run at the same time",
                next_step="Choose another folder with --out; or, if no other command writes there, add --no-lock",
            ) from error
        raise DigitsumError(f"cannot write {lock}: {error.strerror}") from error
    try:
        atomic_write(writer, json.dumps({"id": os.getpid(), "host": platform.node()}).encode())
        yield
    finally:
        with contextlib.suppress(OSError):
            writer.unlink()
        file_lock.release()


def _describe(writer: Path) -> str:
    try:
        process = json.loads(read_bounded(writer, _MAXIMUM_BYTES))
        return f"process {int(process['id'])} on {str(process['host'])[:100]}"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "another process"
