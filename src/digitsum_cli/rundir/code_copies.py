"""Copies of the user's code in a run: its files as data, and what names them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from digitsum_cli.core.atomic_write import atomic_write
from digitsum_cli.core.bounded_read import read_bounded
from digitsum_cli.core.user_code import UserCode
from digitsum_cli.json_text import json_text

_DESCRIPTION = "code.json"
_FILES = "files"
_MAXIMUM_BYTES = 10_000_000


def write_code_copy(code: UserCode, folder: Path) -> None:
    """Writes a copy of code into a folder that is named by its digest.

    Raises:
        DigitsumError: a file cannot be written.
    """
    if read_code_copy(folder) is not None:
        return
    for name, content in code.files.items():
        atomic_write(folder / _FILES / name, content)
    description = {
        "reference": code.reference,
        "class": code.class_name,
        "distribution": code.distribution,
        "folder": str(code.folder),
        "files": list(code.files),
    }
    atomic_write(folder / _DESCRIPTION, json_text(description).encode())


def read_code_copy(folder: Path) -> UserCode | None:
    """Reads the copy in a folder; None if there is none, or if its digest is not the name of the folder."""
    try:
        description = json.loads(read_bounded(folder / _DESCRIPTION, _MAXIMUM_BYTES))
        names = [str(name) for name in description["files"]]
        if any(PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts for name in names):
            return None
        code = UserCode(
            str(description["reference"]),
            str(description["class"]),
            {name: read_bounded(folder / _FILES / name, _MAXIMUM_BYTES) for name in names},
            Path(description["folder"]),
            str(description["distribution"]),
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return code if code.digest == folder.name else None


def is_code_folder(folder: Path) -> bool:
    """Whether a folder has the name of a copy: a digest."""
    return re.fullmatch("[0-9a-f]{64}", folder.name) is not None


def files_of_copy(folder: Path) -> Iterator[Path]:
    """The files of the copy in a folder; none if it is damaged, so that files of somebody else are never touched."""
    code = read_code_copy(folder)
    if code is not None:
        yield from (folder / _FILES / name for name in code.files)
        yield folder / _DESCRIPTION
