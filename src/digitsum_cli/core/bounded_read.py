"""Reading whole files, up to a maximum size."""

import stat
from pathlib import Path

from digitsum_cli.errors import InputError, ran_out_of_files, too_many_files


def read_bounded(path: Path, maximum_bytes: int) -> bytes:
    """Reads a whole file.

    Arguments:
        path: a regular file; a pipe or a device could be endless.
        maximum_bytes: the largest size allowed.

    Raises:
        InputError: it is not a regular file, or it is too large.
        OSError, ValueError: it cannot be read.
        DigitsumError: this process has too many open files, so nothing can be said about this one.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path} is not a regular file; it may be a folder or a pipe")
    if status.st_size <= maximum_bytes:
        try:
            with path.open("rb") as file:
                content = file.read(maximum_bytes + 1)  # it may have grown in the meantime
        except OSError as error:
            if ran_out_of_files(error):
                raise too_many_files() from error
            raise
        if len(content) <= maximum_bytes:
            return content
    raise InputError(f"{path} is larger than {maximum_bytes:,} bytes")


def has_content(path: Path, content: bytes) -> bool:
    """Whether there is a file at ``path`` with exactly this content."""
    return path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content


def require_inside(path: Path, folder: Path) -> Path:
    """Returns the path after checking that no symbolic link and no ``..`` in it leads out of the folder.

    Arguments:
        path: a path inside ``folder``; it need not exist.
        folder: the folder that the user named.

    Raises:
        InputError: it leads out of the folder.
    """
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError) as error:  # circular links; invalid names
        raise InputError(f"{path} cannot be resolved: {error}") from error
    if not inside:
        raise InputError(
            f"{path} leads out of {folder}",
            next_step="Links that leave the folder are not followed; copy the file into the folder",
        )
    return path
