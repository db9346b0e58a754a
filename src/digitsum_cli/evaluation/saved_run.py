"""Reads a run back from disk."""

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digitsum_cli.analysis.analysis import Analysis, analyse
from digitsum_cli.analysis.summary import THRESHOLDS
from digitsum_cli.core.audit import Audit
from digitsum_cli.core.bounded_read import read_bounded
from digitsum_cli.errors import DigitsumWarning, InputError
from digitsum_cli.evaluation.user_code import register_code_of_trials
from digitsum_cli.rundir.access import check_links
from digitsum_cli.rundir.directory import RunDirectory
from digitsum_cli.rundir.replaced import ReplacedRun
from digitsum_cli.rundir.saved_settings import SavedSettings, saved_settings
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
        settings: the settings of the trials, and whether ``config.yaml`` has them.
        session: the latest session of ``provenance.json``.
    """

    run: RunDirectory
    trials: tuple[Trial, ...]
    rows: list[TrialRow]
    audits: Mapping[str, Audit]
    analysis: Analysis
    settings: SavedSettings
    session: Mapping[str, Any]


def read_run(path: Path, thresholds: Sequence[float] | None = None, *, allow_code: bool = False) -> SavedRun:
    """Reads a run.

    Arguments:
        path: the run directory.
        thresholds: thresholds of the memory span, above 0 and up to 1; None for those of the run.
        allow_code: whether code of the user's may be executed.

    Raises:
        InputError: there is no run, its files are damaged or link out of it, no trial has finished, or there is code of
            the user's that may not be executed.
    """
    run = RunDirectory(path)
    check_links(run)
    if not run.store.is_file():
        next_step = ReplacedRun(run).hint() or "Give a run directory"
        raise InputError(f"{path} is not a run: it has no {run.store.name}", next_step=next_step)
    with Store(run.store) as store:
        trials = tuple(store.trials().values())
        register_code_of_trials(trials, run, allow_code=allow_code)
        ended = store.ended()
        rows = [TrialRow.of(trial, ended[trial.identity]) for trial in trials if trial.identity in ended]
        audits, saved_thresholds = store.audits(), store.thresholds()
    if not rows:
        next_step = ReplacedRun(run).hint() or f"Resume it with: digitsum sweep --resume --out {shell_path(path)}"
        raise InputError(f"no trial in {path} has finished", next_step=next_step)
    audits_in_order = {trial.data_digest: audits[trial.data_digest] for trial in trials if trial.data_digest in audits}

    def analysed(thresholds: Sequence[float]) -> Analysis:
        return analyse(rows, audits_in_order, thresholds, trials)

    chosen = thresholds or saved_thresholds
    analysis = analysed(chosen) if chosen else _as_before(run, analysed)
    return SavedRun(run, trials, rows, audits, analysis, saved_settings(run, trials), _session(run))


def _session(run: RunDirectory) -> Mapping[str, Any]:
    """The latest session; empty if the file is missing or damaged, since no result depends on it."""
    try:
        session = json.loads(read_bounded(run.provenance, _MAXIMUM_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return session if isinstance(session, dict) else {}


def _as_before(run: RunDirectory, analysed: Callable[[Sequence[float]], Analysis]) -> Analysis:
    """The analysis of a run whose store, of an earlier format, has no thresholds: with those in ``analysis.json``.

    If the memory spans there are not those of the results, it has been changed, and the default thresholds are used.
    """
    try:
        written = json.loads(read_bounded(run.analysis, _MAXIMUM_BYTES))["memory_spans"]
        thresholds = sorted({float(row["threshold"]) for row in written}) or THRESHOLDS  # a run of one length has none
        if all(0 < threshold <= 1 for threshold in thresholds):
            analysis = analysed(thresholds)
            spans = [row.to_dict() for row in analysis.memory_spans]
            if [(row["threshold"], row["spans"]) for row in spans] == [
                (row["threshold"], row["spans"]) for row in written
            ]:
                return analysis
    except FileNotFoundError:
        return analysed(THRESHOLDS)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    warnings.warn(
        f"{run.analysis} does not match the results in {run.store.name}; using the default thresholds",
        DigitsumWarning,
        stacklevel=2,
    )
    return analysed(THRESHOLDS)
