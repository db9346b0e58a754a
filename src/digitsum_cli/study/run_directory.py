"""The folder of a run: what is in it, and when it may be written."""

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digitsum_cli.core.atomic_write import atomic_write
from digitsum_cli.errors import InputError
from digitsum_cli.study.results import HISTORY_COLUMNS, RESULT_COLUMNS, Row, csv_bytes

_RUNS = Path("runs")


@dataclass(frozen=True)
class RunDirectory:
    """A run's folder and the files in it."""

    path: Path

    @property
    def config(self) -> Path:
        """The resolved settings."""
        return self.path / "config.yaml"

    @property
    def provenance(self) -> Path:
        """Versions, platform, command line, times."""
        return self.path / "provenance.json"

    @property
    def store(self) -> Path:
        """Trials, outcomes, histories."""
        return self.path / "results.sqlite"

    @property
    def results(self) -> Path:
        """One row a trial."""
        return self.path / "results.csv"

    @property
    def history(self) -> Path:
        """One row an evaluation."""
        return self.path / "history.csv"

    @property
    def comparison(self) -> Path:
        """What ``compare`` found."""
        return self.path / "comparison.json"

    @property
    def checkpoints(self) -> Path:
        """The kept weights."""
        return self.path / "checkpoints"

    @property
    def figures(self) -> Path:
        """The figures."""
        return self.path / "figures"

    def checkpoint(self, trial_name: str) -> Path:
        """The kept weights of one trial."""
        return self.checkpoints / f"{trial_name}.safetensors"

    def prepare(self, *, resume: bool, force: bool) -> None:
        """Makes the folder ready to be written.

        Arguments:
            resume: leave the run that stands there as it is.
            force: delete the run that stands there.

        Raises:
            InputError: the path is a file, cannot be written, or holds a run and neither ``resume`` nor ``force`` is
                given; nothing was written.
        """
        resume = resume and self.store.exists()
        self.refuse_if_taken(resume=resume, force=force)
        try:
            if not resume:
                self._remove()
            self.path.mkdir(parents=True, exist_ok=True)
            probe = self.path / ".digitsum-write-test"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise InputError(
                f"cannot write to {self.path}: {error.strerror}", next_step="Choose another folder with --out"
            ) from error

    def refuse_if_taken(self, *, resume: bool = False, force: bool = False) -> None:
        """Checks that the folder may be used for a run.

        Raises:
            InputError: the path is a file, or holds a run and neither ``resume`` nor ``force`` is given.
        """
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path} is a file", next_step="Choose another folder with --out")
        if not (resume or force) and (standing := [path.name for path in self._own_files() if path.exists()]):
            raise InputError(
                f"{self.path} already holds a run ({', '.join(standing)})",
                next_step="Go on with it (--resume), replace it (--force), or choose another folder with --out",
            )

    def write_provenance(self, session: Mapping[str, Any]) -> None:
        """Writes ``provenance.json``."""
        atomic_write(self.provenance, _json_bytes(session))

    def write_comparison(self, comparison: Mapping[str, Any]) -> None:
        """Writes ``comparison.json``."""
        atomic_write(self.comparison, _json_bytes(comparison))

    def write_tables(self, results: Sequence[Row], history: Iterable[Row]) -> None:
        """Writes ``results.csv`` and ``history.csv``."""
        atomic_write(self.results, csv_bytes(RESULT_COLUMNS, results))
        atomic_write(self.history, csv_bytes(HISTORY_COLUMNS, history))

    def _own_files(self) -> list[Path]:
        return [
            self.config,
            self.provenance,
            self.store,
            self.store.with_name(f"{self.store.name}-journal"),
            self.results,
            self.history,
            self.comparison,
            self.checkpoints,
            self.figures,
        ]

    def _remove(self) -> None:
        """Deletes a run's own files, and nothing else that may lie beside them."""
        for path in self._own_files():
            if path.is_dir():
                for pattern in ("*.safetensors", "*.png", "*.svg"):
                    for file in path.glob(pattern):
                        file.unlink()
                with contextlib.suppress(OSError):
                    path.rmdir()
            else:
                path.unlink(missing_ok=True)


def _json_bytes(document: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(document, indent=2)}\n".encode()


def open_run(path: Path | None, name: str) -> RunDirectory:
    """The run directory at ``path``, or else at the first of ``runs/name``, ``runs/name-2`` … that is not there."""
    if path is not None:
        return RunDirectory(path)
    path, number = _RUNS / name, 1
    while path.exists():
        number += 1
        path = _RUNS / f"{name}-{number}"
    return RunDirectory(path)
