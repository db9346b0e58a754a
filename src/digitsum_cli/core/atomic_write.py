"""Atomic writes: a file is either complete or absent."""

import contextlib
import errno
import os
import uuid
from pathlib import Path

from digitsum_cli.errors import DigitsumError, NoSpaceError

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def atomic_write(path: Path, content: bytes) -> None:
    """Writes ``content`` to a temporary file next to ``path``, flushes it to disk and renames it.

    Raises:
        NoSpaceError: the disk is full.
        DigitsumError: the file cannot be written. In both cases an existing file at ``path`` is left unchanged.
    """
    temporary = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            _sync_folder(path.parent)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except (OSError, ValueError) as error:
        message = f"cannot write {path}: {getattr(error, 'strerror', error)}"
        if isinstance(error, OSError) and error.errno in _NO_SPACE:
            raise NoSpaceError(message) from error
        raise DigitsumError(message) from error


def _sync_folder(folder: Path) -> None:
    """Flushes a new directory entry to disk where the system supports it; the file exists either way."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
