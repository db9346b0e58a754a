"""Who may write into the folder of a run, and what stands there before."""

import contextlib
import errno
import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

from digitsum_cli.core.bounded_read import require_inside
from digitsum_cli.errors import InputError
from digitsum_cli.rundir.directory import RunDirectory, is_checkpoint_name
from digitsum_cli.rundir.lock import locked
from digitsum_cli.rundir.store import has_outcomes

_DIAGNOSIS = (
    "diagnosis.json",
    *("gradient-by-lag*.???", "lost-digit*.???", "distractor*.???", "confusion*.???"),
    *("spectral-radius*.???", "transfer*.???", "gates*.???", "sequence-*.???"),
)
_PART = re.compile(r"\.[0-9a-f]{32}\.part")


@contextlib.contextmanager
def exclusive_run_directory(run: RunDirectory, *, resume: bool, force: bool) -> Iterator[None]:
    """The folder, made if need be, for one writer alone.

    Arguments:
        resume: leave the run that stands there as it is.
        force: delete the run that stands there.

    Raises:
        InputError: see ``check_not_taken``, or another process writes there, or the folder cannot be written; what
            stands there was not touched.
    """
    check_not_taken(run, resume=resume, force=force)
    require_writable(run.path)
    try:
        run.path.mkdir(parents=True, exist_ok=True)
        probe = run.path / f".{uuid.uuid4().hex}.part"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise _not_writable(run, error) from error
    with locked(run.lock, run.writer):
        check_not_taken(run, resume=resume, force=force)  # again, now that nobody else writes
        try:
            if not (resume and run.store.exists()):
                _remove(run)
            _remove_parts(run)
        except OSError as error:
            raise _not_writable(run, error) from error
        yield


def check_not_taken(run: RunDirectory, *, resume: bool = False, force: bool = False) -> None:
    """Checks that the folder may be used for a run. One in which no trial has ended or begun may be replaced.

    Raises:
        InputError: the path is a file, has links that lead out of it, holds files of the same names that are no
            run's, or a run and neither ``resume`` nor ``force`` is given.
    """
    try:
        if run.path.exists() and not run.path.is_dir():
            raise InputError(f"{run.path} is a file", next_step="Choose another folder with --out")
        standing = [path.name for path in run.own_files() if path.exists() and not _is_empty_folder(path)]
        beside_store = [name for name in standing if not name.startswith(run.store.name)]
        has_store = run.store.exists()
        store_is_empty = has_store and run.store.stat().st_size == 0
    except InputError:
        raise
    except (OSError, ValueError) as error:
        raise _not_writable(run, error) from error
    check_links(run)
    if standing and not has_store and not run.lock.exists():
        raise InputError(
            f"{run.path} is not a run of digitsum, and a run would write over what stands there: {', '.join(standing)}",
            next_step="Choose another folder with --out",
        )
    if resume and beside_store and (store_is_empty or not has_store):
        raise InputError(
            f"{run.store} is {'damaged: it is empty' if store_is_empty else 'missing'}",
            next_step="Copy it again, or replace the run with --force",
        )
    if not standing or force or resume or not _has_results(run):
        return
    raise InputError(
        f"{run.path} already holds a run ({', '.join(standing)})",
        next_step="train and sweep go on with theirs (--resume). Replace it (--force), or choose another folder with "
        "--out",
    )


def require_writable(path: Path) -> None:
    """Checks, without writing, that a file or folder can be written, before something takes long.

    Raises:
        InputError: it cannot.
    """
    there = next(each for each in (path, *path.absolute().parents) if each.exists())
    if not os.access(there, os.W_OK):
        reason = os.strerror(errno.EROFS if _is_read_only(there) else errno.EACCES)
    elif there != path and not there.is_dir():
        reason = f"{there} is a file"
    else:
        return
    raise InputError(f"cannot write to {path}: {reason}", next_step="Choose another place with --out")


def _is_read_only(path: Path) -> bool:
    return hasattr(os, "statvfs") and bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def check_links(run: RunDirectory) -> None:
    """Checks that none of the run's files and folders is a link to somewhere else.

    Raises:
        InputError: one is.
    """
    for path in (*run.own_files(), run.lock, run.writer):
        require_inside(path, run.path)


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _has_results(run: RunDirectory) -> bool:
    return run.training_state.exists() or has_outcomes(run.store)


def _not_writable(run: RunDirectory, error: Exception) -> InputError:
    return InputError(
        f"cannot write to {run.path}: {getattr(error, 'strerror', error)}",
        next_step="Choose another folder with --out",
    )


def _remove(run: RunDirectory) -> None:
    """Deletes a run's own files, and nothing else that may lie beside them."""
    run.clear_figures()
    _clear_diagnosis(run)
    for checkpoint in run.checkpoints.glob("*.safetensors"):
        if is_checkpoint_name(checkpoint.name):
            checkpoint.unlink()
    for path in sorted(run.own_files(), key=lambda path: path == run.store):  # the store last: it makes this a run
        if path.is_dir():
            with contextlib.suppress(OSError):  # others' files are in it
                path.rmdir()
        else:
            path.unlink(missing_ok=True)


def _clear_diagnosis(run: RunDirectory) -> None:
    """Deletes what the diagnosis leaves."""
    for pattern in _DIAGNOSIS:
        for path in run.diagnosis.rglob(pattern):
            path.unlink()
    for folder in run.diagnosis.glob("*/"):
        with contextlib.suppress(OSError):  # others' files are in it
            folder.rmdir()


def _remove_parts(run: RunDirectory) -> None:
    """Deletes what a process left that was killed while it wrote."""
    folders = (run.path, run.checkpoints, run.figures, run.diagnosis, *run.diagnosis.glob("*/"))
    for path in (path for folder in folders for path in folder.glob(".*.part")):
        if _PART.fullmatch(path.name):
            path.unlink(missing_ok=True)
