"""Reads a run back from disk."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digitsum_cli.analysis.analysis import Analysis, analyse
from digitsum_cli.analysis.memory_spans import THRESHOLDS
from digitsum_cli.core.audit import Audit
from digitsum_cli.core.bounded_read import read_bounded
from digitsum_cli.errors import InputError
from digitsum_cli.rundir.access import check_links
from digitsum_cli.rundir.directory import RunDirectory
from digitsum_cli.rundir.replaced import ReplacedRun
from digitsum_cli.rundir.store import Store
from digitsum_cli.shell import shell_path
from digitsum_cli.trials.rows import TrialRow
from digitsum_cli.trials.trial import Trial

_MAXIMUM_BYTES = 1_000_000_000
"""The limit for a file of a run: the analysis of 100,000 trials is about that large."""


@dataclass(frozen=True)
class SavedRun:
    """The content of a run directory.

    Arguments:
        run: the run directory.
        trials: all planned trials, in table order.
        rows: the finished trials, in the same order.
        audits: audits of their data, by digest.
        analysis: the analysis of the finished trials.
        config: the resolved settings as YAML.
        session: the latest session of ``provenance.json``.
    """

    run: RunDirectory
    trials: tuple[Trial, ...]
    rows: list[TrialRow]
    audits: Mapping[str, Audit]
    analysis: Analysis
    config: str
    session: Mapping[str, Any]


def read_run(path: Path, thresholds: Sequence[float]) -> SavedRun:
    """Reads a run.

    Arguments:
        path: the run directory.
        thresholds: thresholds of the memory span, above 0 and up to 1.

    Raises:
        InputError: there is no run, its files are damaged or link out of it, or no trial has finished.
    """
    run = RunDirectory(path)
    check_links(run)
    if not run.store.is_file():
        next_step = ReplacedRun(run).hint() or "Give a run directory"
        raise InputError(f"{path} is not a run: it has no {run.store.name}", next_step=next_step)
    with Store(run.store) as store:
        trials = tuple(store.trials().values())
        ended = store.ended()
        rows = [TrialRow.of(trial, ended[trial.identity]) for trial in trials if trial.identity in ended]
        audits = store.audits()
    if not rows:
        next_step = ReplacedRun(run).hint() or f"Resume it with: digitsum sweep --resume --out {shell_path(path)}"
        raise InputError(f"no trial in {path} has finished", next_step=next_step)
    audits_in_order = {trial.data_digest: audits[trial.data_digest] for trial in trials if trial.data_digest in audits}
    analysis = analyse(rows, audits_in_order, thresholds, trials)
    return SavedRun(run, trials, rows, audits, analysis, _config(run), _session(run))


def _config(run: RunDirectory) -> str:
    try:
        return read_bounded(run.config, _MAXIMUM_BYTES).decode()
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {run.config}: {error}") from error


def _session(run: RunDirectory) -> Mapping[str, Any]:
    """The latest session; empty if the file is missing or damaged, since no result depends on it."""
    try:
        session = json.loads(read_bounded(run.provenance, _MAXIMUM_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return session if isinstance(session, dict) else {}


def saved_thresholds(path: Path) -> tuple[float, ...]:
    """The memory span thresholds that a run was analysed with; the defaults if unknown."""
    try:
        spans = json.loads(read_bounded(RunDirectory(path).analysis, _MAXIMUM_BYTES))["memory_spans"]
        thresholds = tuple(sorted({float(row["threshold"]) for row in spans}))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return THRESHOLDS
    return thresholds if thresholds and all(0 < threshold <= 1 for threshold in thresholds) else THRESHOLDS
