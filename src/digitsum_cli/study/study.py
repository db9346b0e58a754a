"""A whole study: settings to a run directory with its store, tables, checkpoints and figures."""

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from digitsum_cli.core.atomic_write import atomic_write
from digitsum_cli.core.audit import audit_splits
from digitsum_cli.core.checkpoint import write_checkpoint
from digitsum_cli.core.record import Progress
from digitsum_cli.errors import DigitsumError, TrialsFailedError
from digitsum_cli.settings.resolve import settings_yaml
from digitsum_cli.settings.schema import Settings
from digitsum_cli.study.analysis.analysis import Analysis, analyse
from digitsum_cli.study.analysis.memory_spans import THRESHOLDS
from digitsum_cli.study.execution.execute import execute
from digitsum_cli.study.execution.state_keeper import StateKeeper
from digitsum_cli.study.outcome import Outcome
from digitsum_cli.study.plan import Plan, plan_trials
from digitsum_cli.study.results import history_rows, result_row
from digitsum_cli.study.run.access import opened
from digitsum_cli.study.run.directory import RunDirectory
from digitsum_cli.study.run.provenance import describe_session, now
from digitsum_cli.study.run.resume import refuse_other_settings
from digitsum_cli.study.run.store import Store
from digitsum_cli.study.setting_columns import Row
from digitsum_cli.study.trial import Trial

_SECONDS_BETWEEN_TABLES = 5.0


@dataclass(frozen=True)
class StudyResult:
    """What a study gave: its folder, a row for each trial that ended, and what they say together."""

    run: RunDirectory
    rows: list[Row]
    analysis: Analysis

    @property
    def failures(self) -> list[Row]:
        """The rows of trials that failed or diverged."""
        return [row for row in self.rows if row["status"] != "done"]

    def raise_failures(self) -> None:
        """Raises an error if any trial did not end well.

        Raises:
            TrialsFailedError: a trial failed or diverged.
        """
        if not self.failures:
            return
        first = self.failures[0]
        raise TrialsFailedError(
            f"{len(self.failures)} of {len(self.rows)} trials failed or diverged, the rest are saved; "
            f"length {first['length']}, seed {first['seed']} {first['status']}: {first['reason']}",
            next_step="See the columns status and reason in results.csv; --resume --retry-failed runs them again",
        )


class Watcher(ABC):
    """Who is told how a study goes."""

    @abstractmethod
    def planned(self, plan: Plan, missing: list[Trial]) -> None:
        """Called once, with the plan and those of its trials that are still to be run."""

    @abstractmethod
    def progressed(self, trial: Trial, progress: Progress) -> None:
        """Called while a trial runs."""

    @abstractmethod
    def ended(self, trial: Trial, outcome: Outcome) -> None:
        """Called with each outcome, after it was saved."""


@dataclass(frozen=True)
class Manner:
    """How a study is run, as far as it changes no number.

    Arguments:
        jobs: how many trials run side by side; None runs them in this process.
        resume: go on with the run that stands in the folder: trials that have ended are not run again.
        retry_failed: but those that failed or diverged are.
        force: replace the run that stands in the folder.
        fail_fast: stop at the first trial that fails or diverges.
        keep_state: of a single trial in this process, keep on disk where it stands, and go on from there.
        command: the command line, for the provenance.
    """

    jobs: int | None
    resume: bool = False
    retry_failed: bool = False
    force: bool = False
    fail_fast: bool = False
    keep_state: bool = False
    command: Sequence[str] = ()


def run_study(
    settings: Settings, run: RunDirectory, watcher: Watcher, manner: Manner, thresholds: Sequence[float] = THRESHOLDS
) -> StudyResult:
    """Runs every trial of the settings and writes the run directory.

    Whatever ended is saved at once; an interruption leaves a run that can be resumed.

    Arguments:
        settings: what to run.
        run: where to write.
        watcher: is told how it goes.
        manner: how.
        thresholds: of the memory span, above 0 and up to 1.

    Raises:
        InputError: wrong data, no such device, or a folder that must not be written; nothing was written.
        DigitsumError: a file could not be written.
    """
    plan = plan_trials(settings)
    with opened(run, resume=manner.resume, force=manner.force), Store(run.store, create=True) as store:
        refuse_other_settings(settings, plan, store, run)
        keeper = StateKeeper(run.training_state, plan.trials[0]) if manner.keep_state else None
        if keeper:
            keeper.saved()  # a state that cannot be gone on from is refused before anything is written
        audits = {digest: audit_splits(splits) for digest, splits in plan.splits_by_digest.items()}
        store.plan(plan.trials, audits)
        atomic_write(run.config, settings_yaml(settings).encode())
        session = {**describe_session(list(manner.command), manner.jobs or 1), "earlier": run.earlier_sessions()}
        run.write_provenance(session)
        missing = [trial for trial in plan.trials if _is_missing(store.outcome(trial, losses=False), manner)]
        try:
            watcher.planned(plan, missing)
            _run_trials(plan, missing, settings.train.log_every, store, run, watcher, manner, keeper)
        except BaseException:
            with contextlib.suppress(DigitsumError):  # the error on its way is the one to tell
                if keeper:
                    keeper.flush()
                _write_tables(plan, store, run)
                run.write_provenance({**session, "ended": now()})
            raise
        rows = _write_tables(plan, store, run)
        run.write_provenance({**session, "ended": now()})
        analysis = analyse(rows, audits, thresholds, plan.trials)
        run.write_analysis(analysis.to_dict())
        _draw_figures(plan, store, analysis, run)
    return StudyResult(run, rows, analysis)


def _is_missing(ended: Outcome | None, manner: Manner) -> bool:
    return ended is None or (manner.retry_failed and ended.status != "done")


def _run_trials(
    plan: Plan,
    missing: Sequence[Trial],
    log_every: int,
    store: Store,
    run: RunDirectory,
    watcher: Watcher,
    manner: Manner,
    keeper: StateKeeper | None,
) -> None:
    last_tables = time.monotonic()
    with closing(execute(plan, missing, watcher.progressed, manner.jobs, log_every, keeper)) as outcomes:
        for trial, outcome in outcomes:
            _save(trial, outcome, store, run)
            if keeper:
                keeper.discard()
            watcher.ended(trial, outcome)
            if manner.fail_fast and outcome.status != "done":
                return
            if time.monotonic() - last_tables > _SECONDS_BETWEEN_TABLES:
                _write_tables(plan, store, run)
                last_tables = time.monotonic()


def _save(trial: Trial, outcome: Outcome, store: Store, run: RunDirectory) -> None:
    if outcome.weights is not None:
        write_checkpoint(run.checkpoint(trial.name), outcome.weights, trial.to_dict())
    store.add(trial, outcome)


def _write_tables(plan: Plan, store: Store, run: RunDirectory) -> list[Row]:
    rows = [result_row(*pair) for pair in store.ended(plan.trials, losses=False)]
    run.write_tables(rows, (row for pair in store.ended(plan.trials, losses=False) for row in history_rows(*pair)))
    return rows


def _draw_figures(plan: Plan, store: Store, analysis: Analysis, run: RunDirectory) -> None:
    from digitsum_cli.figures.style import save_figure
    from digitsum_cli.study.gradient_figures import gradient_figures
    from digitsum_cli.study.run_figures import accuracy_figure, loss_figures

    run.clear_figures()
    for drawn in (
        *loss_figures(plan.trials, store),
        *gradient_figures(plan.trials, store),
        accuracy_figure(plan.trials, store, analysis),
    ):
        if drawn is not None:
            save_figure(drawn.figure, run.figures, drawn.name)
