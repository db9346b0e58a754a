"""The gate for the files that commands make beside a run: reports, diagnoses, data sets, copies of configs."""

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from digitsum_cli.core.atomic_write import atomic_write
from digitsum_cli.core.bounded_read import read_bounded
from digitsum_cli.core.outputs import sha256_of_file, write_outputs
from digitsum_cli.errors import DigitsumError, InputError
from digitsum_cli.rundir.directory import RunDirectory

_MAXIMUM_BYTES = 10_000_000


@dataclass(frozen=True)
class Outputs:
    """Writes what a command makes of a run, or of a checkpoint that belongs to none.

    The run remembers the SHA-256 of these files. So the same command may replace them when the run has grown, but not
    a file that somebody else put in their place.

    Arguments:
        run: the run; None for a checkpoint that belongs to none.
        force: replace existing files whose content is different.
    """

    run: RunDirectory | None
    force: bool = False

    def write(self, contents: Mapping[Path, bytes]) -> None:
        """Writes files; see ``write_outputs``. Those in the run's own ``diagnosis`` are always replaced.

        Raises:
            InputError: a file with other content would be replaced (then nothing is written), or one cannot be written.
            NoSpaceError: the disk is full.
        """
        if self.run is None:
            return write_outputs(contents, force=self.force)
        made = _made(self.run)
        digests = {hashlib.sha256(content).hexdigest() for content in contents.values()}
        if not digests <= made and self.run.is_run:  # not if it has been removed in the meantime
            with contextlib.suppress(DigitsumError):  # a run that is read-only remembers nothing
                atomic_write(self.run.outputs, json.dumps(sorted(made | digests)).encode())
        own = all(path.is_relative_to(self.run.diagnosis) for path in contents)
        write_outputs(contents, force=self.force or own, made=made)


def is_made(run: RunDirectory, path: Path) -> bool:
    """Whether a file is as a command made it of this run."""
    return sha256_of_file(path) in _made(run)


def _made(run: RunDirectory) -> frozenset[str]:
    try:
        return frozenset(map(str, json.loads(read_bounded(run.outputs, _MAXIMUM_BYTES))))
    except (OSError, ValueError, TypeError, RecursionError):
        return frozenset()


def check_destination(
    path: Path, run: RunDirectory | None = None, place: Path | None = None, *, folder: bool = True
) -> None:
    """Checks that what will be written is not one of the files of a run, and not in a folder that is another run.

    Arguments:
        path: the file or the folder to write.
        run: the run that it is made of. In its folder, everything but the files of the run may be written.
        place: the one among the files of the run that may be written all the same.
        folder: whether ``path`` is a folder.

    Raises:
        InputError: it is.
    """
    try:
        target, run_folder = path.resolve(), None if run is None else run.path.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # circular links; invalid names
        raise InputError(f"{path} cannot be resolved: {error}") from error
    for parent in (target, *target.parents):
        other, parts, own = RunDirectory(parent), target.relative_to(parent).parts, parent == run_folder
        names = {each.name for each in (*other.own_files(), other.lock, other.writer)}
        if own and place is not None:
            names.remove(place.name)
        taken = parts[0] in names if parts else not own
        if (taken or (len(parts) == 1 and not folder and not own)) and other.is_run:
            what = f"reserved for the files of the run {parent}" if parts else "a run, a folder for its own files alone"
            raise InputError(f"{path} is {what}", next_step="Choose another location")
