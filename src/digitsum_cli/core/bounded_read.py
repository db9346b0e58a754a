"""Files read whole, but never more of them than fits."""

import stat
from pathlib import Path

from digitsum_cli.errors import InputError


def read_bounded(path: Path, maximum_bytes: int) -> bytes:
    """The content of a file.

    Arguments:
        path: a regular file; a pipe or a device would never end.
        maximum_bytes: how large it may be.

    Raises:
        InputError: it is no regular file, or larger.
        OSError, ValueError: it cannot be read.
    """
    there = path.stat()
    if not stat.S_ISREG(there.st_mode):
        raise InputError(f"{path} is not a file that can be read whole, such as a pipe or a folder")
    if there.st_size <= maximum_bytes:
        with path.open("rb") as file:
            content = file.read(maximum_bytes + 1)  # it may have grown meanwhile
        if len(content) <= maximum_bytes:
            return content
    raise InputError(f"{path} is larger than {maximum_bytes:,} bytes")


def require_inside(path: Path, folder: Path) -> Path:
    """The path, once it is sure that no symbolic link and no ``..`` on the way leads out of the folder.

    Arguments:
        path: below ``folder``; it need not exist.
        folder: what the user named.

    Raises:
        InputError: it leads elsewhere.
    """
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError) as error:  # links in a circle; names that cannot be
        raise InputError(f"{path} leads nowhere: {error}") from error
    if not inside:
        raise InputError(
            f"{path} leads out of {folder}", next_step="Links out of a folder are not followed; copy the file into it"
        )
    return path
