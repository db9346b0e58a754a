"""Writing output files: all of them or none, and none over a file that is somebody else's."""

import hashlib
import os
from collections.abc import Container, Mapping
from pathlib import Path

from digitsum_cli.core.atomic_write import atomic_write
from digitsum_cli.core.bounded_read import has_content
from digitsum_cli.errors import DigitsumError, InputError, NoSpaceError


def write_outputs(
    contents: Mapping[Path, bytes],
    *,
    force: bool = False,
    made: Container[str | None] = frozenset(),
    next_step: str = "Choose another location with --out",
) -> None:
    """Writes files, and creates their folders. A file that already has its content is left as it is.

    Arguments:
        contents: the content of each file.
        force: replace existing files whose content is different.
        made: SHA-256 of files that may be replaced all the same, because the same command made them.
        next_step: what the user can do instead.

    Raises:
        InputError: a file with other content would be replaced (then nothing is written), or one cannot be written.
        NoSpaceError: the disk is full.
    """
    try:
        pending = [path for path, content in contents.items() if not has_content(path, content)]
        others = (
            [] if force else [path for path in pending if os.path.lexists(path) and sha256_of_file(path) not in made]
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", error)
        raise InputError(f"cannot write to {next(iter(contents)).parent}: {reason}", next_step=next_step) from error
    if others:
        more = len(others) - 1
        and_more = f" and {more} more {'file' if more == 1 else 'files'}" if more else ""
        raise InputError(
            f"this would replace {others[0]}{and_more}, whose content is different",
            next_step=f"{next_step}, or add --force to replace {'them' if more else 'it'}",
        )
    for path in pending:
        try:
            atomic_write(path, contents[path])
        except NoSpaceError:
            raise
        except DigitsumError as error:
            raise InputError(str(error), next_step=next_step) from error


def sha256_of_file(path: Path) -> str | None:
    """The SHA-256 of a file's content, in hexadecimal; None if it is not a file.

    Raises:
        OSError: it cannot be read.
    """
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
