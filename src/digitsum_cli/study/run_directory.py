"""The folder of a run: what is in it, and when it may be written."""

import contextlib
import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digitsum_cli.core.atomic_write import atomic_write
from digitsum_cli.core.bounded_read import read_bounded, require_inside
from digitsum_cli.errors import InputError
from digitsum_cli.study.json_text import json_text
from digitsum_cli.study.lock import locked
from digitsum_cli.study.results import HISTORY_COLUMNS, RESULT_COLUMNS, csv_bytes
from digitsum_cli.study.setting_columns import Row
from digitsum_cli.study.store import has_outcomes

_RUNS = Path("runs")
_FIGURES = ("loss.*", "loss-*.png", "loss-*.svg", "gradients.*", "gradients-*.png", "gradients-*.svg", "accuracy.*")
_DIAGNOSIS = (
    "diagnosis.json",
    *("gradient-by-lag*.???", "lost-digit*.???", "distractor*.???", "confusion*.???"),
    *("spectral-radius*.???", "transfer*.???", "gates*.???", "sequence-*.???"),
)
_MAXIMUM_PROVENANCE = 10_000_000
_PART = re.compile(r"\.[0-9a-f]{32}\.part")
_CHECKPOINT = re.compile(r"length\d+-.*-seed\d+-[0-9a-f]{16}\.safetensors")


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
    def analysis(self) -> Path:
        """What the trials say together: summary, differences, memory spans, audit."""
        return self.path / "analysis.json"

    @property
    def comparison(self) -> Path:
        """What ``compare`` found."""
        return self.path / "comparison.json"

    @property
    def diagnosis(self) -> Path:
        """Why the networks forgot: ``diagnosis.json`` and its figures."""
        return self.path / "diagnosis"

    @property
    def report(self) -> Path:
        """Everything on one page."""
        return self.path / "report.html"

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

    @property
    def training_state(self) -> Path:
        """Where a single training stands that has not ended."""
        return self.path / "training-state.safetensors"

    @contextlib.contextmanager
    def opened(self, *, resume: bool, force: bool) -> Iterator[None]:
        """The folder, made if need be, for one writer alone.

        Arguments:
            resume: leave the run that stands there as it is.
            force: delete the run that stands there.

        Raises:
            InputError: see ``refuse_if_taken``, or another process writes there, or the folder cannot be written; what
                stands there was not touched.
        """
        self.refuse_if_taken(resume=resume, force=force)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            probe = self.path / f".{uuid.uuid4().hex}.part"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise self._not_writable(error) from error
        with locked(self.path / ".lock", self.provenance):
            self.refuse_if_taken(resume=resume, force=force)  # again, now that nobody else writes
            try:
                if not (resume and self.store.exists()):
                    self._remove()
                self._remove_parts()
            except OSError as error:
                raise self._not_writable(error) from error
            yield

    def refuse_if_taken(self, *, resume: bool = False, force: bool = False) -> None:
        """Checks that the folder may be used for a run. One in which no trial has ended or begun may be replaced.

        Raises:
            InputError: the path is a file, has links that lead out of it, or holds a run and neither ``resume`` nor
                ``force`` is given.
        """
        try:
            if self.path.exists() and not self.path.is_dir():
                raise InputError(f"{self.path} is a file", next_step="Choose another folder with --out")
            standing = [path.name for path in self._own_files() if path.exists()]
            resumable = self.store.exists()
        except InputError:
            raise
        except (OSError, ValueError) as error:
            raise self._not_writable(error) from error
        self.refuse_links()
        if not standing or force or (resumable and (resume or not self._has_results())):
            return
        next_step = "Replace it (--force), or choose another folder with --out"
        if resumable:
            next_step = f"It goes on with --resume. {next_step}"
        raise InputError(f"{self.path} already holds a run ({', '.join(standing)})", next_step=next_step)

    def refuse_links(self) -> None:
        """Checks that none of the run's files and folders is a link to somewhere else.

        Raises:
            InputError: one is.
        """
        for path in self._own_files():
            require_inside(path, self.path)

    def _has_results(self) -> bool:
        return self.training_state.exists() or has_outcomes(self.store)

    def _not_writable(self, error: Exception) -> InputError:
        return InputError(
            f"cannot write to {self.path}: {getattr(error, 'strerror', error)}",
            next_step="Choose another folder with --out",
        )

    def clear_figures(self) -> None:
        """Deletes the figures that this tool draws."""
        for pattern in _FIGURES:
            for path in self.figures.glob(pattern):
                path.unlink()

    def _clear_diagnosis(self) -> None:
        """Deletes what the diagnosis leaves."""
        for pattern in _DIAGNOSIS:
            for path in self.diagnosis.rglob(pattern):
                path.unlink()
        for folder in self.diagnosis.glob("*/"):
            with contextlib.suppress(OSError):  # others' files are in it
                folder.rmdir()

    def earlier_sessions(self) -> list[Any]:
        """What ``provenance.json`` says of the sessions so far; the latest first."""
        try:
            latest = json.loads(read_bounded(self.provenance, _MAXIMUM_PROVENANCE))
            return [{name: value for name, value in latest.items() if name != "earlier"}, *latest.get("earlier", [])]
        except (OSError, ValueError, AttributeError, TypeError, RecursionError):
            return []

    def write_provenance(self, session: Mapping[str, Any]) -> None:
        """Writes ``provenance.json``.

        Raises:
            DigitsumError: it cannot be written.
        """
        atomic_write(self.provenance, json_text(session).encode())

    def write_analysis(self, analysis: Mapping[str, Any]) -> None:
        """Writes ``analysis.json``.

        Raises:
            DigitsumError: it cannot be written.
        """
        atomic_write(self.analysis, json_text(analysis).encode())

    def write_comparison(self, comparison: Mapping[str, Any]) -> None:
        """Writes ``comparison.json``.

        Raises:
            DigitsumError: it cannot be written.
        """
        atomic_write(self.comparison, json_text(comparison).encode())

    def write_tables(self, results: Sequence[Row], history: Iterable[Row]) -> None:
        """Writes ``results.csv`` and ``history.csv``.

        Raises:
            DigitsumError: one cannot be written.
        """
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
            self.analysis,
            self.comparison,
            self.report,
            self.training_state,
            self.checkpoints,
            self.figures,
            self.diagnosis,
        ]

    def _remove(self) -> None:
        """Deletes a run's own files, and nothing else that may lie beside them."""
        self.clear_figures()
        self._clear_diagnosis()
        for checkpoint in self.checkpoints.glob("*.safetensors"):
            if _CHECKPOINT.fullmatch(checkpoint.name):
                checkpoint.unlink()
        for path in self._own_files():
            if path.is_dir():
                with contextlib.suppress(OSError):  # others' files are in it
                    path.rmdir()
            else:
                path.unlink(missing_ok=True)

    def _remove_parts(self) -> None:
        """Deletes what a process left that was killed while it wrote."""
        for path in self.path.rglob(".*.part"):
            if _PART.fullmatch(path.name):
                path.unlink(missing_ok=True)


def open_run(path: Path | None, name: str) -> RunDirectory:
    """The run directory at ``path``, or else at the first of ``runs/name``, ``runs/name-2`` … that is not there."""
    if path is not None:
        return RunDirectory(path)
    path, number = _RUNS / name, 1
    while path.exists():
        number += 1
        path = _RUNS / f"{name}-{number}"
    return RunDirectory(path)
