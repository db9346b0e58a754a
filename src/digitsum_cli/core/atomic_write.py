"""Files that are either whole or not there."""

import uuid
from pathlib import Path

from digitsum_cli.errors import DigitsumError


def atomic_write(path: Path, content: bytes) -> None:
    """Writes ``content`` under a temporary name beside ``path`` and renames it.

    Raises:
        DigitsumError: the file cannot be written; whatever stood at ``path`` stands there still.
    """
    temporary = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                file.write(content)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except (OSError, ValueError) as error:
        raise DigitsumError(f"cannot write {path}: {getattr(error, 'strerror', error)}") from error
