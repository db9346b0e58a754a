"""Files that are either whole or not there."""

import contextlib
import errno
import os
import uuid
from pathlib import Path

from digitsum_cli.errors import DigitsumError, NoSpaceError

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def atomic_write(path: Path, content: bytes) -> None:
    """Writes ``content`` under a temporary name beside ``path``, and renames it once it is on the disk.

    Raises:
        NoSpaceError: the disk is full.
        DigitsumError: the file cannot be written. In both cases what stood at ``path`` stands there still.
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
    """Waits until a new name is on the disk, on systems that can be waited for; the file is there in any case."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with contextlib.suppress(OSError):
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
