"""Exclusive access to a run directory, and the checks on what it already contains."""

import contextlib
import errno
import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

from digitsum_cli.core.bounded_read import require_inside
from digitsum_cli.errors import InputError
from digitsum_cli.rundir.directory import RunDirectory
from digitsum_cli.rundir.lock import locked
from digitsum_cli.rundir.outputs import check_destination
from digitsum_cli.rundir.replaced import ReplacedRun, remove_run
from digitsum_cli.rundir.store import has_outcomes

_PARTIAL_FILE = re.compile(r"\.[0-9a-f]{32}\.part")


@contextlib.contextmanager
def exclusive_run_directory(
    run: RunDirectory, *, resume: bool, force: bool, lock: bool = True
) -> Iterator[ReplacedRun]:
    """Locks the run directory for a single writer, and creates it if necessary.

    Arguments:
        run: the run directory.
        resume: keep the existing run.
        force: overwrite the existing run.
        lock: whether to lock it; without, no other process may write there.

    Yields:
        The existing run that is overwritten. It is put back if the block raises an error, unless it has been discarded
        or the new run has saved the state of its training; a note on the error says so.

    Raises:
        InputError: see ``check_not_taken``; or another process is writing there, or the folder cannot be written or
            locked. The existing files are left unchanged.
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
    replaced = ReplacedRun(run)
    with locked(run.lock, run.writer, skip=not lock):
        try:
            replaced.recover(force=force)
            _check_not_taken(run, resume=resume, force=force)  # again, now that no other process writes
            if not (resume and run.store.exists()):
                if _has_results(run):
                    replaced.move_aside()
                else:
                    remove_run(run)
            _remove_partial_files(run)
        except OSError as error:
            raise _not_writable(run, error) from error
        try:
            yield replaced
        except BaseException as error:
            _put_back(replaced, run, error)
            raise


def _put_back(replaced: ReplacedRun, run: RunDirectory, error: BaseException) -> None:
    if not replaced.pending:
        return
    with contextlib.suppress(OSError):
        if not run.training_state.exists():
            replaced.put_back()
            error.add_note(f"The new run had no result yet; the earlier run is back in {run.path}")
            return
    error.add_note(f"The earlier run is in {replaced.place} until the new one has its first result")


def check_not_taken(run: RunDirectory, *, resume: bool = False, force: bool = False) -> None:
    """Checks that the folder may be used for a run. A run in which no trial has started may be overwritten.

    Raises:
        InputError: the path is a file, or among the files of another run; it has links that lead out of it; it contains
            files with the names of a run's files but no run, or a file with the name of a run's folder or the other
            way round; or it contains a run, and neither ``resume`` nor ``force`` is given.
    """
    if not ReplacedRun(run).exists():  # otherwise it depends on what is there once that is settled
        _check_not_taken(run, resume=resume, force=force)


def _check_not_taken(run: RunDirectory, *, resume: bool, force: bool) -> None:
    try:
        if run.path.exists() and not run.path.is_dir():
            raise InputError(f"{run.path} is a file", next_step="Choose another folder with --out")
        existing = [path.name for path in run.own_files() if path.exists() and not _is_empty_folder(path)]
        existing_besides_store = [name for name in existing if not name.startswith(run.store.name)]
        has_store = run.store.exists()
        store_is_empty = has_store and run.store.stat().st_size == 0
    except InputError:
        raise
    except (OSError, ValueError) as error:
        raise _not_writable(run, error) from error
    check_links(run)
    check_destination(run.path, run)
    if existing and not run.is_run:
        raise InputError(
            f"{run.path} is not a digitsum run, and a run would overwrite files in it: {', '.join(existing)}",
            next_step="Choose another folder with --out",
        )
    folders = run.own_folders()
    for path in run.own_files():
        if path.exists() and path.is_dir() != (path in folders):
            raise InputError(
                f"{path} is a {'folder' if path.is_dir() else 'file'}, which no run has there",
                next_step="Move it, or choose another folder with --out",
            )
    if resume and existing_besides_store and (store_is_empty or not has_store):
        raise InputError(
            f"{run.store} is {'damaged: it is empty' if store_is_empty else 'missing'}",
            next_step="Copy it again, or overwrite the run with --force",
        )
    if not existing or force or resume or not _has_results(run):
        return
    raise InputError(
        f"{run.path} already contains a run ({', '.join(existing)})",
        next_step="Resume it with --resume (train and sweep), overwrite it with --force, or choose another folder with "
        "--out",
    )


def require_writable(path: Path) -> None:
    """Checks, without writing, that a file or folder can be written, before a long computation.

    Raises:
        InputError: it cannot be written.
    """
    nearest = next(each for each in (path, *path.absolute().parents) if each.exists())
    if not os.access(nearest, os.W_OK):
        reason = os.strerror(errno.EROFS if _is_read_only(nearest) else errno.EACCES)
    elif nearest != path and not nearest.is_dir():
        reason = f"{nearest} is a file"
    else:
        return
    raise InputError(f"cannot write to {path}: {reason}", next_step="Choose another location with --out")


def _is_read_only(path: Path) -> bool:
    return hasattr(os, "statvfs") and bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def check_links(run: RunDirectory) -> None:
    """Checks that none of the run's files and folders is a link that leads out of it.

    Raises:
        InputError: one of them is.
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


def _remove_partial_files(run: RunDirectory) -> None:
    """Deletes the partial files of a process that was killed while writing."""
    folders = (run.path, run.checkpoints, run.figures, run.diagnosis, *run.diagnosis.glob("*/"))
    for path in (path for folder in folders for path in folder.glob(".*.part")):
        if _PARTIAL_FILE.fullmatch(path.name):
            path.unlink(missing_ok=True)
