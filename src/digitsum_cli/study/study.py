"""A whole study: settings to a run directory with its store, tables, checkpoints and figures."""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from digitsum_cli.core.atomic_write import atomic_write
from digitsum_cli.core.audit import audit_splits
from digitsum_cli.core.checkpoint import write_checkpoint
from digitsum_cli.core.record import Progress
from digitsum_cli.errors import InputError, TrialsFailedError
from digitsum_cli.settings.resolve import settings_yaml
from digitsum_cli.settings.schema import Settings
from digitsum_cli.study.analysis.analysis import Analysis, analyse
from digitsum_cli.study.analysis.memory_spans import THRESHOLDS
from digitsum_cli.study.execution import execute
from digitsum_cli.study.outcome import Outcome
from digitsum_cli.study.plan import Plan, plan_trials
from digitsum_cli.study.provenance import describe_session, now
from digitsum_cli.study.results import history_rows, result_row
from digitsum_cli.study.run_directory import RunDirectory
from digitsum_cli.study.setting_columns import Row
from digitsum_cli.study.store import Store
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
            next_step="See the columns status and reason in results.csv",
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


def run_study(
    settings: Settings,
    run: RunDirectory,
    watcher: Watcher,
    *,
    jobs: int | None,
    command: Sequence[str] = (),
    resume: bool = False,
    force: bool = False,
    thresholds: Sequence[float] = THRESHOLDS,
) -> StudyResult:
    """Runs every trial of the settings and writes the run directory.

    Whatever ended is saved at once; an interruption leaves a run that ``resume`` goes on with.

    Arguments:
        settings: what to run.
        run: where to write.
        watcher: is told how it goes.
        jobs: how many trials run side by side; None runs them in this process.
        command: the command line, for the provenance.
        resume: go on with the run that stands in the folder: trials that are done are not run again.
        force: replace the run that stands in the folder.
        thresholds: of the memory span, above 0 and up to 1.

    Raises:
        InputError: wrong data, no such device, or a folder that must not be written; nothing was written.
        DigitsumError: a file could not be written.
    """
    plan = plan_trials(settings)
    run.prepare(resume=resume, force=force)
    with Store(run.store) as store:
        _refuse_other_settings(store, plan, run)
        audits = {digest: audit_splits(splits) for digest, splits in plan.splits_by_digest.items()}
        store.plan(plan.trials, audits)
        atomic_write(run.config, settings_yaml(settings).encode())
        session = {**describe_session(list(command), jobs or 1), "earlier": run.earlier_sessions()}
        run.write_provenance(session)
        missing = [
            trial
            for trial in plan.trials
            if (ended := store.outcome(trial, losses=False)) is None or ended.status == "failed"
        ]
        try:
            watcher.planned(plan, missing)
            last_tables = time.monotonic()
            with closing(execute(plan, missing, watcher.progressed, jobs, settings.train.log_every)) as outcomes:
                for trial, outcome in outcomes:
                    _save(trial, outcome, store, run)
                    watcher.ended(trial, outcome)
                    if time.monotonic() - last_tables > _SECONDS_BETWEEN_TABLES:
                        _write_tables(plan, store, run)
                        last_tables = time.monotonic()
        finally:
            rows = _write_tables(plan, store, run)
            run.write_provenance({**session, "ended": now()})
        analysis = analyse(rows, audits, thresholds, plan.trials)
        run.write_analysis(analysis.to_dict())
        _draw_figures(plan, store, analysis, run)
    return StudyResult(run, rows, analysis)


def _refuse_other_settings(store: Store, plan: Plan, run: RunDirectory) -> None:
    planned = {trial.identity for trial in plan.trials}
    if others := store.ended_identities() - planned:
        raise InputError(
            f"{run.path} holds {len(others)} trials that these settings do not have",
            next_step=f"Resume with the settings in {run.config}, or choose another folder with --out",
        )


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
