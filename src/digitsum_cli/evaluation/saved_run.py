"""A run as it stands on disk, read back."""

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
from digitsum_cli.rundir.store import Store
from digitsum_cli.trials.rows import TrialRow
from digitsum_cli.trials.trial import Trial

_MAXIMUM_BYTES = 1_000_000_000
"""Of a file that a run has written: an analysis of 100,000 trials is that large."""


@dataclass(frozen=True)
class SavedRun:
    """What a run directory holds.

    Arguments:
        run: the folder.
        trials: all that were planned, in the order of the tables.
        rows: the trials that have ended, in the same order.
        audits: of their data, by digest.
        analysis: what they say together.
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
        thresholds: of the memory span, above 0 and up to 1.

    Raises:
        InputError: there is no run, its files are damaged or links that lead out of it, or no trial has ended.
    """
    run = RunDirectory(path)
    check_links(run)
    if not run.store.is_file():
        raise InputError(f"{path} is not a run: it has no {run.store.name}", next_step="Name a run directory")
    with Store(run.store) as store:
        trials = tuple(store.trials().values())
        ended = store.ended()
        rows = [TrialRow.of(trial, ended[trial.identity]) for trial in trials if trial.identity in ended]
        audits = store.audits()
    if not rows:
        raise InputError(f"no trial of {path} has ended", next_step=f"Go on with: digitsum sweep --resume --out {path}")
    in_order = {trial.data_digest: audits[trial.data_digest] for trial in trials if trial.data_digest in audits}
    analysis = analyse(rows, in_order, thresholds, trials)
    return SavedRun(run, trials, rows, audits, analysis, _config(run), _session(run))


def _config(run: RunDirectory) -> str:
    try:
        return read_bounded(run.config, _MAXIMUM_BYTES).decode()
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {run.config}: {error}") from error


def _session(run: RunDirectory) -> Mapping[str, Any]:
    """Nothing where the file is missing or damaged: numbers do not depend on it."""
    try:
        session = json.loads(read_bounded(run.provenance, _MAXIMUM_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return session if isinstance(session, dict) else {}


def saved_thresholds(path: Path) -> tuple[float, ...]:
    """The thresholds of the memory span that a run was analysed with; the usual ones if that is not known."""
    try:
        spans = json.loads(read_bounded(RunDirectory(path).analysis, _MAXIMUM_BYTES))["memory_spans"]
        thresholds = tuple(sorted({float(row["threshold"]) for row in spans}))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return THRESHOLDS
    return thresholds if thresholds and all(0 < threshold <= 1 for threshold in thresholds) else THRESHOLDS
