"""Files that are either whole or not there."""

import errno
import os
import uuid
from pathlib import Path

from digitsum_cli.errors import DigitsumError

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def atomic_write(path: Path, content: bytes) -> None:
    """Writes ``content`` under a temporary name beside ``path``, waits until it is on the disk, and renames it.

    Raises:
        DigitsumError: the file cannot be written; whatever stood at ``path`` stands there still.
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
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except (OSError, ValueError) as error:
        no_space = isinstance(error, OSError) and error.errno in _NO_SPACE
        raise DigitsumError(
            f"cannot write {path}: {getattr(error, 'strerror', error)}",
            next_step="Free some space; what had ended is saved, and a sweep goes on with --resume"
            if no_space
            else None,
        ) from error
