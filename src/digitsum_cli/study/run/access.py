"""Who may write into the folder of a run, and what stands there before."""

import contextlib
import re
import uuid
from collections.abc import Iterator

from digitsum_cli.core.bounded_read import require_inside
from digitsum_cli.errors import InputError
from digitsum_cli.study.run.directory import RunDirectory
from digitsum_cli.study.run.lock import locked
from digitsum_cli.study.run.store import has_outcomes

_DIAGNOSIS = (
    "diagnosis.json",
    *("gradient-by-lag*.???", "lost-digit*.???", "distractor*.???", "confusion*.???"),
    *("spectral-radius*.???", "transfer*.???", "gates*.???", "sequence-*.???"),
)
_PART = re.compile(r"\.[0-9a-f]{32}\.part")
_CHECKPOINT = re.compile(r"length\d+-.*-seed\d+-[0-9a-f]{16}\.safetensors")


@contextlib.contextmanager
def opened(run: RunDirectory, *, resume: bool, force: bool) -> Iterator[None]:
    """The folder, made if need be, for one writer alone.

    Arguments:
        resume: leave the run that stands there as it is.
        force: delete the run that stands there.

    Raises:
        InputError: see ``refuse_if_taken``, or another process writes there, or the folder cannot be written; what
            stands there was not touched.
    """
    refuse_if_taken(run, resume=resume, force=force)
    try:
        run.path.mkdir(parents=True, exist_ok=True)
        probe = run.path / f".{uuid.uuid4().hex}.part"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise _not_writable(run, error) from error
    with locked(run.path / ".lock", run.provenance):
        refuse_if_taken(run, resume=resume, force=force)  # again, now that nobody else writes
        try:
            if not (resume and run.store.exists()):
                _remove(run)
            _remove_parts(run)
        except OSError as error:
            raise _not_writable(run, error) from error
        yield


def refuse_if_taken(run: RunDirectory, *, resume: bool = False, force: bool = False) -> None:
    """Checks that the folder may be used for a run. One in which no trial has ended or begun may be replaced.

    Raises:
        InputError: the path is a file, has links that lead out of it, or holds a run and neither ``resume`` nor
            ``force`` is given.
    """
    try:
        if run.path.exists() and not run.path.is_dir():
            raise InputError(f"{run.path} is a file", next_step="Choose another folder with --out")
        standing = [path.name for path in run.own_files() if path.exists()]
        resumable = run.store.exists()
    except InputError:
        raise
    except (OSError, ValueError) as error:
        raise _not_writable(run, error) from error
    refuse_links(run)
    if not standing or force or (resumable and (resume or not _has_results(run))):
        return
    next_step = "Replace it (--force), or choose another folder with --out"
    if resumable:
        next_step = f"It goes on with --resume. {next_step}"
    raise InputError(f"{run.path} already holds a run ({', '.join(standing)})", next_step=next_step)


def refuse_links(run: RunDirectory) -> None:
    """Checks that none of the run's files and folders is a link to somewhere else.

    Raises:
        InputError: one is.
    """
    for path in run.own_files():
        require_inside(path, run.path)


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
        if _CHECKPOINT.fullmatch(checkpoint.name):
            checkpoint.unlink()
    for path in run.own_files():
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
    for path in run.path.rglob(".*.part"):
        if _PART.fullmatch(path.name):
            path.unlink(missing_ok=True)
