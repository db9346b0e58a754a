r"""Data sets as text files: one row per line, digits separated by single spaces, then a tab and the label.

``6 7 0 0 1 0\t13\n``, in ``DIR/{length}/{train,eval,test}.txt``. The eval split may have another name (``dev.txt`` in
the book's first edition). Windows line endings, a byte order mark, trailing spaces and blank last lines are accepted
when reading but never written.
"""

import codecs
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.bounded_read import has_content, read_bounded, require_inside
from digitsum_cli.core.generation import SPLIT_NAMES, Rows, Splits, labelled
from digitsum_cli.core.outputs import write_outputs
from digitsum_cli.core.tasks import DIGIT_SUM, Task
from digitsum_cli.core.tasks.two_digits import TwoDigitTask
from digitsum_cli.errors import InputError

_FILE_NAMES = {"eval": ("eval", "dev", "valid", "val", "validation")}
"""The names that a split's file may have, if not only its own; the first one is written."""
_ANOTHER_FOLDER = "Choose another folder with --out"
_MAXIMUM_BYTES = 256_000_000
_CHUNK_BYTES = 2**22
_NEWLINE, _CARRIAGE_RETURN, _TAB, _SPACE, _ZERO = b"\n\r\t 0"
_DIGIT = re.compile(r"[0-9]")
_TRAILING_SPACE = re.compile(rb"(?<! ) +(?=\r?\n)")


def _format(task: Task) -> str:
    """What a line looks like, with an example."""
    example = np.array([[6, 7, 0, 0, 1]], np.int8)
    if not isinstance(task, TwoDigitTask):
        example = task.draw(task.minimum_length, 1, np.random.RandomState(0))[:1]
    row = " ".join(map(str, example[0]))
    return f"digits separated by single spaces, a tab, {task.label_in_words}: '{row}\\t{task.label(example)[0]}'"


def format_rows(rows: Rows) -> bytes:
    """The contents of a split's file."""
    lines = (
        f"{' '.join(map(str, digits))}\t{label}\n"
        for digits, label in zip(rows.digits.tolist(), rows.labels.tolist(), strict=True)
    )
    return "".join(lines).encode()


def digest_splits(splits: Splits) -> str:
    """The SHA-256 of the three splits' files, in hexadecimal."""
    digest = hashlib.sha256()
    for name, rows in splits.items():
        digest.update(f"{name}.txt\n".encode() + format_rows(rows))
    return digest.hexdigest()


def write_splits(folder: Path, splits_by_length: Mapping[int, Splits], *, force: bool = False) -> None:
    """Writes ``folder/{length}/{train,eval,test}.txt``, and creates the folders.

    Arguments:
        folder: where to write.
        splits_by_length: the splits.
        force: replace existing files whose content is different.

    Raises:
        InputError: ``folder`` is a file, cannot be written to, contains links that lead out of it, or contains other
            data; nothing was written.
        NoSpaceError: the disk is full.
    """
    contents = {
        folder / str(length) / f"{name}.txt": format_rows(rows)
        for length, splits in splits_by_length.items()
        for name, rows in splits.items()
    }
    try:
        for length in splits_by_length:
            require_inside(folder / str(length), folder)
        _check_no_other_split(contents)
    except InputError:
        raise
    except (OSError, ValueError) as error:
        raise InputError(
            f"cannot write to {folder}: {getattr(error, 'strerror', error)}", next_step=_ANOTHER_FOLDER
        ) from error
    write_outputs(contents, force=force, next_step=_ANOTHER_FOLDER)


def _check_no_other_split(contents: Mapping[Path, bytes]) -> None:
    """Checks that no file with another name of a split holds other rows than those that will be written.

    Raises:
        InputError: one does.
    """
    for path, content in contents.items():
        for other in _other_files(path.parent, path.stem):
            if other.exists() and not has_content(other, content):
                raise InputError(
                    f"{other} already holds the {path.stem} split of other data", next_step=_ANOTHER_FOLDER
                )


def read_splits(folder: Path, length: int, task: Task = DIGIT_SUM) -> Splits:
    """Reads the three splits of one length of a task.

    Raises:
        InputError: a file is missing or invalid (see ``read_rows``), or a link leads out of the folder.
    """
    paths = (_find_split(folder / str(length), name) for name in SPLIT_NAMES)
    return Splits(*(read_rows(require_inside(path, folder), length, task) for path in paths))


def _find_split(folder: Path, name: str) -> Path:
    """The file of a split, whichever of its names it has.

    Raises:
        InputError: there are several, and their contents differ.
    """
    path = folder / f"{name}.txt"
    try:
        found = [each for each in (path, *_other_files(folder, name)) if each.exists()]
        for other in found[1:]:
            if not has_content(found[0], read_bounded(other, _MAXIMUM_BYTES)):
                raise InputError(
                    f"{found[0]} and {other} differ, and both are names of the {name} split",
                    next_step="Rename or remove one of them",
                )
    except InputError:
        raise
    except (OSError, ValueError):
        return path  # reading it raises the error
    return found[0] if found else path


def _other_files(folder: Path, name: str) -> list[Path]:
    """The files that may hold a split instead of its own."""
    return [folder / f"{other}.txt" for other in _FILE_NAMES.get(name, (name,))[1:]]


def read_rows(path: Path, length: int, task: Task = DIGIT_SUM) -> Rows:
    """Reads and checks one split.

    Arguments:
        path: a text file with one row per line.
        length: the number of digits that every row must have, at least 3.
        task: determines the labels.

    Raises:
        InputError: ``length`` is below 3, the file is missing, empty, over 256 MB or not UTF-8, or a line has no tab,
            a token that is not a digit, the wrong number of digits or the wrong label. The message names the line.
    """
    task.require_length(length)
    try:
        content = read_bounded(path, _MAXIMUM_BYTES)
    except InputError:
        raise
    except (OSError, ValueError) as error:
        raise InputError(
            f"cannot read {path}: {getattr(error, 'strerror', error)}",
            allowed=f"{', '.join(f'{each}.txt' for each in SPLIT_NAMES)} (eval may also be called "
            f"{', '.join(_FILE_NAMES['eval'][1:])})",
            next_step=f"To generate data: digitsum generate --lengths {length} --out DIR",
        ) from error
    content = content.removeprefix(codecs.BOM_UTF8).rstrip(b" \r\n") + b"\n"
    if content == b"\n":
        raise InputError("the file is empty", where=str(path), allowed=_format(task))
    content = _TRAILING_SPACE.sub(b"", content)
    parts, line, start = [], 1, 0
    while start < len(content):
        end = content.rfind(b"\n", start, start + _CHUNK_BYTES) + 1 or content.index(b"\n", start) + 1
        parts.append(_parse_rows(content[start:end], length, task, path, line))
        line, start = line + len(parts[-1]), end
    return labelled(np.concatenate(parts), task)


def _parse_rows(content: bytes, length: int, task: Task, path: Path, first_line: int) -> npt.NDArray[np.int8]:
    """Parses complete lines in one vectorised pass.

    Returns:
        Their digits, of shape ``(rows, length)``.

    Raises:
        InputError: the first invalid line, and what is wrong with it.
    """
    text = np.frombuffer(content, np.uint8)
    newlines = np.flatnonzero(text == _NEWLINE)
    starts = np.concatenate([[0], newlines[:-1] + 1])
    ends = newlines - (text[np.maximum(newlines - 1, starts)] == _CARRIAGE_RETURN)
    label_width = ends - starts - 2 * length
    plausible = (label_width == 1) | (label_width == 2)
    rows = len(plausible) if plausible.all() else int(np.argmin(plausible))
    tokens = text[starts[:rows, None] + np.arange(2 * length)]
    values, last, two_digits = tokens[:, ::2] - _ZERO, text[ends[:rows] - 1], label_width[:rows] == 2
    tens = np.where(two_digits, text[ends[:rows] - 2] - _ZERO, 0)
    is_digit = values < task.symbols  # characters below "0" wrap around to values above 9
    digits = np.where(is_digit, values, 0).astype(np.int8)
    label, valid = task.label(digits), is_digit.all(axis=1)
    valid &= (tokens[:, 1:-1:2] == _SPACE).all(axis=1) & (tokens[:, -1] == _TAB)
    valid &= (last == _ZERO + label % 10) & (tens == label // 10) & (two_digits == (label >= 10))
    if not valid.all() or rows < len(plausible):
        invalid = rows if valid.all() else int(np.argmin(valid))
        _raise_error(content[starts[invalid] : newlines[invalid]], length, task, f"{path}:{first_line + invalid}")
    return digits


def _raise_error(line: bytes, length: int, task: Task, where: str) -> None:
    """Reports what is wrong with a line.

    Raises:
        InputError: always, with the location and what is allowed.
    """
    try:
        fields = line.removesuffix(b"\r").decode().split("\t")
    except UnicodeDecodeError as error:
        raise InputError("not UTF-8 text", where=where, allowed=_format(task)) from error
    if fields == [""]:
        raise InputError("the line is empty", where=where, allowed=_format(task))
    if len(fields) != 2:
        raise InputError(f"the line has {len(fields) - 1} tabs instead of one", where=where, allowed=_format(task))
    tokens = fields[0].split(" ")
    for token in tokens:
        if not _DIGIT.fullmatch(token) or int(token) >= task.symbols:
            raise InputError(f"{_shorten(token)} is not a digit", where=where, allowed=_format(task))
    if len(tokens) != length:
        raise InputError(f"the line has {len(tokens)} digits instead of {length}", where=where)
    (label,) = task.label(np.array([[int(token) for token in tokens]], np.int8))
    raise InputError(f"the label {_shorten(fields[1])} is not {label}, {task.label_in_words}", where=where)


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 20 else text[:20] + "…")
