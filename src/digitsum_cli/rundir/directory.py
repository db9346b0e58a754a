"""The files of a run directory."""

import contextlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digitsum_cli.core.atomic_write import atomic_write
from digitsum_cli.core.bounded_read import read_bounded
from digitsum_cli.core.checkpoint import Weights, read_checkpoint, write_checkpoint
from digitsum_cli.core.user_code import UserCode
from digitsum_cli.errors import InputError, RunRemovedError
from digitsum_cli.json_text import json_text
from digitsum_cli.rundir.code_copies import read_code_copy, write_code_copy
from digitsum_cli.trials.rows import HISTORY_COLUMNS, RESULT_COLUMNS, TrialRow, csv_bytes

_RUNS = Path("runs")
_FIGURES = ("loss", "loss-*", "gradients", "gradients-*", "accuracy", "reached")
"""The names of the figures, without extension."""

_CHECKPOINT = re.compile(r"length\d+-.*-seed\d+-[0-9a-f]{16}\.safetensors")
_START = re.compile(r"[0-9a-f]{64}\.safetensors")
_MAXIMUM_PROVENANCE = 10_000_000


@dataclass(frozen=True)
class RunDirectory:
    """A run directory and its files."""

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
    def store_journal(self) -> Path:
        """The rollback journal of the store, which belongs to it."""
        return self.path / "results.sqlite-journal"

    @property
    def results(self) -> Path:
        """One row per trial."""
        return self.path / "results.csv"

    @property
    def history(self) -> Path:
        """One row per evaluation."""
        return self.path / "history.csv"

    @property
    def analysis(self) -> Path:
        """The analysis of all trials: summary, differences, memory spans, audit."""
        return self.path / "analysis.json"

    @property
    def comparison(self) -> Path:
        """The result of ``compare``."""
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
        """The best checkpoint of each trial."""
        return self.path / "checkpoints"

    @property
    def figures(self) -> Path:
        """The figures."""
        return self.path / "figures"

    def checkpoint(self, trial_name: str) -> Path:
        """The best checkpoint of one trial."""
        return self.checkpoints / f"{trial_name}.safetensors"

    @property
    def starts(self) -> Path:
        """Copies of the checkpoints that trials start from."""
        return self.path / "starts"

    def start(self, digest: str) -> Path:
        """The copy of the checkpoint whose weights have this digest."""
        return self.starts / f"{digest}.safetensors"

    def saved_starts(self) -> dict[str, Path]:
        """These copies, by the ``train.start_from`` that named them; damaged ones are left out."""
        found = {}
        for path in sorted(self.starts.glob("*.safetensors")):
            with contextlib.suppress(InputError):
                found[str(read_checkpoint(path).settings.get("start_from"))] = path
        return found

    def write_start(self, digest: str, weights: Weights, name: str) -> None:
        """Copies a checkpoint that trials start from.

        Arguments:
            digest: of its weights.
            weights: its weights.
            name: its path, as in ``train.start_from``.

        Raises:
            DigitsumError: the file cannot be written.
        """
        self.check_present()
        if not self.start(digest).exists():
            write_checkpoint(self.start(digest), weights, {"start_from": name})

    @property
    def code(self) -> Path:
        """Copies of the user's code that trials ran."""
        return self.path / "code"

    def saved_code(self) -> list[UserCode]:
        """These copies; damaged ones, whose digest is not that of their folder, are left out. Nothing is executed."""
        return [code for folder in sorted(self.code.glob("*")) if (code := read_code_copy(folder)) is not None]

    def write_code(self, code: UserCode) -> None:
        """Copies code of the user's into the run.

        Raises:
            DigitsumError: a file cannot be written.
        """
        self.check_present()
        write_code_copy(code, self.code / code.digest)

    @property
    def training_state(self) -> Path:
        """The state of a single unfinished training."""
        return self.path / "training-state.safetensors"

    def figure_files(self) -> list[Path]:
        """The figures drawn by digitsum."""
        return [
            path for name in _FIGURES for ending in ("png", "svg") for path in self.figures.glob(f"{name}.{ending}")
        ]

    def clear_figures(self) -> None:
        """Deletes the figures drawn by digitsum."""
        for path in self.figure_files():
            path.unlink()

    def earlier_sessions(self) -> list[Any]:
        """The sessions recorded in ``provenance.json``, latest first."""
        try:
            latest = json.loads(read_bounded(self.provenance, _MAXIMUM_PROVENANCE))
            return [{name: value for name, value in latest.items() if name != "earlier"}, *latest.get("earlier", [])]
        except (OSError, ValueError, AttributeError, TypeError, RecursionError):
            return []

    def working_directories(self) -> list[Path]:
        """The folders in which the sessions of ``provenance.json`` were started, latest first."""
        sessions = [session for session in self.earlier_sessions() if isinstance(session, dict)]
        return [Path(str(session["directory"])) for session in sessions if "directory" in session]

    def check_present(self) -> None:
        """Checks, before something is written, that the run is still there, so that no part of it is created again.

        Raises:
            RunRemovedError: it was deleted or moved.
        """
        if not self.store.exists():
            raise RunRemovedError(self.path)

    def _write(self, path: Path, content: bytes) -> None:
        self.check_present()
        atomic_write(path, content)

    def write_config(self, text: str) -> None:
        """Writes ``config.yaml``.

        Raises:
            DigitsumError: the file cannot be written.
        """
        self._write(self.config, text.encode())

    def write_provenance(self, session: Mapping[str, Any]) -> None:
        """Writes ``provenance.json``.

        Raises:
            DigitsumError: the file cannot be written.
        """
        self._write(self.provenance, json_text(session).encode())

    def write_analysis(self, analysis: Mapping[str, Any]) -> None:
        """Writes ``analysis.json``.

        Raises:
            DigitsumError: the file cannot be written.
        """
        self._write(self.analysis, json_text(analysis).encode())

    def write_comparison(self, comparison: Mapping[str, Any]) -> None:
        """Writes ``comparison.json``.

        Raises:
            DigitsumError: the file cannot be written.
        """
        self._write(self.comparison, json_text(comparison).encode())

    def write_results(self, rows: Sequence[TrialRow]) -> None:
        """Writes ``results.csv``.

        Raises:
            DigitsumError: the file cannot be written.
        """
        self._write(self.results, csv_bytes(RESULT_COLUMNS, (row.columns for row in rows)))

    def write_history(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Writes ``history.csv``.

        Raises:
            DigitsumError: the file cannot be written.
        """
        self._write(self.history, csv_bytes(HISTORY_COLUMNS, rows))

    @property
    def lock(self) -> Path:
        """The file locked by the process that is writing to the run."""
        return self.path / ".lock"

    @property
    def writer(self) -> Path:
        """The file that names this process."""
        return self.path / ".writer.json"

    @property
    def outputs(self) -> Path:
        """The SHA-256 of every file that a command made of this run."""
        return self.path / ".outputs.json"

    @property
    def is_run(self) -> bool:
        """Whether the folder is a run, even if its store is missing."""
        return os.path.lexists(self.store) or os.path.lexists(self.lock)

    def own_files(self) -> list[Path]:
        """All files and folders of a run, except the two that belong to the lock."""
        return [
            self.config,
            self.provenance,
            self.store,
            self.store_journal,
            self.results,
            self.history,
            self.analysis,
            self.comparison,
            self.report,
            self.outputs,
            self.training_state,
            *self.own_folders(),
        ]

    def own_folders(self) -> list[Path]:
        """The folders of a run."""
        return [self.checkpoints, self.starts, self.code, self.figures, self.diagnosis]


def is_checkpoint_name(name: str) -> bool:
    """Whether a file name is that of a trial's checkpoint."""
    return bool(_CHECKPOINT.fullmatch(name))


def is_start_name(name: str) -> bool:
    """Whether a file name is that of a copy of a checkpoint that trials start from."""
    return bool(_START.fullmatch(name))


def open_run(path: Path | None, name: str) -> RunDirectory:
    """The run directory at ``path``, or without one the first of ``runs/name``, ``runs/name-2`` … that is free."""
    if path is not None:
        return RunDirectory(path)
    path, number = _RUNS / name, 1
    while path.exists():
        number += 1
        path = _RUNS / f"{name}-{number}"
    return RunDirectory(path)
