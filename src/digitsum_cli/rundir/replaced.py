"""The run that ``--force`` overwrites: it is moved aside until the new one has its first result, or else put back."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from digitsum_cli.errors import DigitsumError, InputError
from digitsum_cli.rundir.code_copies import files_of_copy, is_code_folder
from digitsum_cli.rundir.directory import RunDirectory, is_checkpoint_name, is_start_name
from digitsum_cli.rundir.outputs import is_made
from digitsum_cli.rundir.store import Store, has_outcomes

_DIAGNOSIS = (
    *("gradient-by-lag*", "lost-digit*", "distractor*", "confusion*", "spectral-radius*", "transfer*", "gates*"),
    *("states*", "state-movement*", "own-span*", "sequence-*", "lengths*"),
)
"""The names of its figures, without extension."""


class ReplacedRun:
    """The earlier run in a run directory, while a new one takes its place there.

    Its files are moved to ``RUN/replaced-by-force``, which has another name until all are there, and again while they
    are moved back. So after a kill it is known whose the files in the run directory are: while there is that other
    name, the earlier run's; while there is ``replaced-by-force``, the new one's.

    Arguments:
        run: the run directory; the methods that change it need its lock.
    """

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self.place = run.path / "replaced-by-force"
        """Where it is kept: itself a run directory."""
        self._moving = run.path / "replaced-by-force.moving"
        self.pending = False
        """Whether it is aside, and is put back if the new run ends now."""

    def exists(self) -> bool:
        """Whether there is an earlier run whose place a new one is taking."""
        return self.place.is_dir() or self._moving.is_dir()

    def hint(self) -> str | None:
        """Where the earlier run is, for who looks for it in the run directory."""
        return f"The run that --force was overwriting is in {self.place}" if self.place.is_dir() else None

    def recover(self, *, force: bool) -> None:
        """Settles what an earlier process left: keeps the new run if it has a result, else puts the earlier one back.

        Arguments:
            force: a new run that has no result yet is overwritten. Otherwise one with a saved state can be resumed,
                and the earlier run stays aside.

        Raises:
            InputError: the new store is damaged, and ``force`` is not given.
            OSError: a file cannot be moved.
        """
        if self._moving.is_dir():
            self._move_back()
        if not self.place.is_dir():
            return
        if self._has_result(force=force):
            self.discard()
        elif force or not self._run.training_state.exists():
            self.put_back()
        else:
            self.pending = True

    def _has_result(self, *, force: bool) -> bool:
        if not self._run.store.exists() or not has_outcomes(self._run.store):
            return False
        try:
            with Store(self._run.store) as store:
                return any(outcome.status != "failed" for outcome in store.ended().values())
        except InputError:
            if force:
                return False
            raise

    def move_aside(self) -> None:
        """Moves the files of the run aside.

        Raises:
            OSError: a file cannot be moved; then all are back.
        """
        if self._run.store_journal.exists():
            with contextlib.suppress(DigitsumError):  # a transaction that was cut short is rolled back
                Store(self._run.store).close()
        try:
            for path in list(files_of_run(self._run)):
                target = self._moving / path.relative_to(self._run.path)
                target.parent.mkdir(parents=True, exist_ok=True)
                path.rename(target)
            if self._moving.is_dir():
                self._moving.rename(self.place)
                self.pending = True
        except BaseException:
            self._move_back()
            raise
        _remove_empty_folders(self._run)

    def put_back(self) -> None:
        """Deletes the new run, and puts the earlier one back, if there is one.

        Raises:
            OSError: a file cannot be moved.
        """
        if self.place.is_dir():
            remove_run(self._run)
            self.place.rename(self._moving)
            self._move_back()
            self.pending = False

    def discard(self) -> None:
        """Deletes the earlier run: the new one has a result. What cannot be deleted now is deleted the next time."""
        self.pending = False
        if self.place.is_dir():
            with contextlib.suppress(OSError):
                remove_run(RunDirectory(self.place))
                self.place.rmdir()

    def _move_back(self) -> None:
        for folder, _, names in os.walk(self._moving, topdown=False):
            target = self._run.path / Path(folder).relative_to(self._moving)
            target.mkdir(exist_ok=True, parents=True)
            for name in names:
                (Path(folder) / name).rename(target / name)
            Path(folder).rmdir()


def files_of_run(run: RunDirectory) -> Iterator[Path]:
    """The files in a run directory that are the run's, and not those of somebody else in its folders."""
    yield from run.figure_files()
    yield from (path for path in run.checkpoints.glob("*.safetensors") if is_checkpoint_name(path.name))
    yield from (path for path in run.starts.glob("*.safetensors") if is_start_name(path.name))
    yield from (path for folder in run.code.glob("*") if is_code_folder(folder) for path in files_of_copy(folder))
    yield from run.diagnosis.rglob("diagnosis.json")
    yield from (
        path for name in _DIAGNOSIS for ending in ("png", "svg") for path in run.diagnosis.rglob(f"{name}.{ending}")
    )
    if run.report.is_file() and is_made(run, run.report):
        yield run.report
    others = (run.report, run.store, *run.own_folders())
    for path in (*(each for each in run.own_files() if each not in others), run.store):  # the store marks a run
        if path.is_file() or path.is_symlink():
            yield path


def remove_run(run: RunDirectory) -> None:
    """Deletes the files of a run, and no other files in its folder.

    Raises:
        OSError: a file cannot be deleted.
    """
    for path in list(files_of_run(run)):
        path.unlink()
    _remove_empty_folders(run)


def _remove_empty_folders(run: RunDirectory) -> None:
    of_code = sorted((path for path in run.code.rglob("*") if path.is_dir()), reverse=True)
    for folder in (*run.diagnosis.glob("*/"), *of_code, *run.own_folders()):
        with contextlib.suppress(OSError):  # it contains other files
            folder.rmdir()
