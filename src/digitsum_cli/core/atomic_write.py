"""Files that are either whole or not there."""

import os
import tempfile
from pathlib import Path

from digitsum_cli.errors import DigitsumError


def atomic_write(path: Path, content: bytes) -> None:
    """Writes ``content`` under a temporary name beside ``path`` and renames it.

    Raises:
        DigitsumError: the file cannot be written; whatever stood at ``path`` stands there still.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                os.fchmod(file.fileno(), 0o666 & ~_umask())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise DigitsumError(f"cannot write {path}: {error.strerror}") from error


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
