"""Runs a whole study: from settings to a run directory with its store, tables, checkpoints and figures."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from digitsum_cli.analysis.analysis import Analysis, analyse
from digitsum_cli.analysis.summary import THRESHOLDS
from digitsum_cli.core.audit import Audit
from digitsum_cli.core.training_state import read_training_state
from digitsum_cli.errors import DigitsumError, InputError, TrialsFailedError
from digitsum_cli.execution.executor import Executor
from digitsum_cli.execution.start import starting_weights
from digitsum_cli.execution.state_keeper import StateKeeper
from digitsum_cli.execution.trial_executor import TrialExecutor
from digitsum_cli.report.training_curves import TrainingCurves, settings_to_draw, training_curves
from digitsum_cli.rundir.access import exclusive_run_directory
from digitsum_cli.rundir.directory import RunDirectory
from digitsum_cli.rundir.provenance import describe_session, now
from digitsum_cli.rundir.replaced import ReplacedRun
from digitsum_cli.rundir.resume import check_same_settings
from digitsum_cli.rundir.store import Store
from digitsum_cli.rundir.store_file import is_older_store
from digitsum_cli.settings.resolve import settings_yaml
from digitsum_cli.settings.schema import Settings
from digitsum_cli.shell import shell_path
from digitsum_cli.study.callback import StudyCallback
from digitsum_cli.study.completed_trials import CompletedTrials
from digitsum_cli.study.result import StudyResult
from digitsum_cli.study.run_options import RunOptions
from digitsum_cli.trials.outcome import Outcome
from digitsum_cli.trials.plan import Plan, plan_trials
from digitsum_cli.trials.ram import jobs_that_fit
from digitsum_cli.trials.rows import TrialRow, history_rows
from digitsum_cli.trials.trial import Trial


def run_study(
    settings: Settings,
    run: RunDirectory,
    callback: StudyCallback,
    options: RunOptions,
    thresholds: Sequence[float] = THRESHOLDS,
) -> StudyResult:
    """Runs every trial of the settings and writes the run directory.

    Each finished trial is saved immediately; an interrupted run can be resumed.

    Arguments:
        settings: what to run.
        run: the run directory to write.
        callback: receives the events of the study.
        options: how to run it.
        thresholds: thresholds of the memory span, above 0 and up to 1.

    Raises:
        InputError: the data are invalid, the device is not available, or the folder must not be overwritten; nothing
            was written.
        DigitsumError: a file cannot be written.
    """
    if options.resume:
        plan = plan_trials(
            settings,
            run.working_directories(),
            run.saved_starts(),
            allow_code=options.allow_code,
            own_code=options.own_code,
            saved_code=run.saved_code(),
        )
    else:
        plan = plan_trials(settings, allow_code=options.allow_code, own_code=options.own_code)
    starts = starting_weights(plan)
    jobs = _jobs(plan, options)
    with contextlib.ExitStack() as stack:
        replaced = stack.enter_context(
            exclusive_run_directory(run, resume=options.resume, force=options.force, lock=options.lock)
        )
        keeper = _keeper(plan, run, options)
        if is_older_store(run.store):  # refused before it is migrated
            with Store(run.store) as older:
                check_same_settings(settings, plan, older, run)
        store = stack.enter_context(Store(run.store, create=True))
        predecessors = check_same_settings(settings, plan, store, run)
        audits = plan.audits
        continued = [other for others in predecessors.values() for other in others]
        store.plan([*plan.trials, *continued], audits)
        store.set_thresholds(thresholds)
        run.write_config(settings_yaml(settings))
        for code in plan.user_code:
            run.write_code(code)
        for name, digest in plan.start_digests.items():
            run.write_start(digest, plan.starts[digest], name)
        completed = CompletedTrials(plan.trials, store, run, keeper, predecessors, retry_failed=options.retry_failed)
        session: dict[str, Any] = {}  # none if there is nothing to run: the provenance is that of the trials
        if completed.missing or not run.provenance.exists():
            session = {**describe_session(list(options.command), jobs or 1), "earlier": run.earlier_sessions()}
            run.write_provenance(session)
        try:
            if predecessors:
                state = keeper.saved() if keeper else None
                callback.continuing(len(predecessors), state.step if state else 0)
            callback.planned(plan, completed.missing)
            with TrialExecutor(
                plan, jobs, settings.train.log_every, keeper, starts, runs_main=options.runs_main
            ) as executor:
                _run_trials(executor, completed, replaced, callback, fail_fast=options.fail_fast)
            if replaced.pending:
                raise _all_failed(completed.rows())
        except BaseException:
            _save_partial_results(keeper, completed, run, session)
            raise
        completed.write_table()
        rows = completed.rows()
        curves = _write_history(plan, rows, store, audits, run)
        _write_end(run, session)
        analysis = analyse(rows, audits, thresholds, plan.trials)
        run.write_analysis(analysis.to_dict())
        _draw_figures(curves, rows, analysis, run)
    return StudyResult(run, rows, analysis)


def _write_history(
    plan: Plan, rows: Sequence[TrialRow], store: Store, audits: Mapping[str, Audit], run: RunDirectory
) -> list[TrainingCurves]:
    """Writes ``history.csv`` and returns the curves for the figures, so that each outcome is read only once."""
    settings, curves = settings_to_draw(rows), list[TrainingCurves]()

    def every_row() -> Iterator[dict[str, Any]]:
        for record in store.records(plan.trials):
            curves.extend(training_curves([record], settings, audits))
            yield from history_rows(*record)

    run.write_history(every_row())
    return curves


def _jobs(plan: Plan, options: RunOptions) -> int | None:
    """The number of parallel trials.

    Raises:
        InputError: the requested number does not fit in memory.
    """
    if options.jobs is None:
        return None
    fitting = jobs_that_fit([(trial, len(plan.splits(trial).train)) for trial in plan.trials], options.jobs)
    if fitting < options.jobs and not options.allow_fewer:
        raise InputError(
            f"this machine does not have enough memory for {options.jobs} of these trainings in parallel",
            where=f"-j {options.jobs}",
            allowed=f"up to {fitting}",
        )
    return fitting


def _save_partial_results(
    keeper: StateKeeper | None, completed: CompletedTrials, run: RunDirectory, session: Mapping[str, Any]
) -> None:
    """Saves as much as possible; its own errors are suppressed, since another one is being raised."""
    if keeper:
        with contextlib.suppress(DigitsumError):
            keeper.flush()
    with contextlib.suppress(DigitsumError):
        completed.write_table()
    with contextlib.suppress(DigitsumError):
        _write_end(run, session)


def _write_end(run: RunDirectory, session: Mapping[str, Any]) -> None:
    if session:
        run.write_provenance({**session, "ended": now()})


def _keeper(plan: Plan, run: RunDirectory, options: RunOptions) -> StateKeeper | None:
    """The keeper of the only trial, if its state is to be saved.

    Raises:
        InputError: there is a saved state that this study cannot resume from.
    """
    if options.keep_state:
        keeper = StateKeeper(run.training_state, plan.trials[0], len(plan.splits(plan.trials[0]).train))
        keeper.saved()
        return keeper
    if run.training_state.exists() and not _has_ended(run):
        raise InputError(
            f"{run.path} contains an unfinished training",
            next_step=f"Resume it with: digitsum train … --out {shell_path(run.path)} --resume. Or overwrite it with "
            "--force",
        )
    return None


def _has_ended(run: RunDirectory) -> bool:
    """Whether the training whose state was kept has ended, with as many epochs or more."""
    try:
        kept = Trial.from_dict(read_training_state(run.training_state)[1]["trial"])
        with Store(run.store) as store:
            ended = store.ended_identities()
            trials = [trial for identity, trial in store.trials().items() if identity in ended]
    except (DigitsumError, KeyError, TypeError):
        return False
    return any(trial == kept or trial.continues(kept) for trial in trials)


def _run_trials(
    executor: Executor[Trial, Outcome],
    completed: CompletedTrials,
    replaced: ReplacedRun,
    callback: StudyCallback,
    *,
    fail_fast: bool,
) -> None:
    saved: set[str] = set()

    def save(trial: Trial, outcome: Outcome) -> None:
        if trial.identity not in saved:  # drain may return the last one again
            completed.save(trial, outcome)
            if outcome.status != "failed":
                replaced.discard()
            saved.add(trial.identity)
            callback.ended(trial, outcome)

    try:
        for trial, outcome in executor.submit(completed.missing, callback.progressed):
            save(trial, outcome)
            if fail_fast and outcome.status != "done":
                break
            completed.write_table_if_due()
    finally:
        try:
            _save_drained(executor, save)
        except KeyboardInterrupt:  # while trials were being stopped
            _save_drained(executor, save)
            raise


def _all_failed(rows: Sequence[TrialRow]) -> TrialsFailedError:
    """The error for a new run without a result: the earlier run is not deleted for it."""
    number, first = len(rows), rows[0]
    return TrialsFailedError(
        f"{'the trial' if number == 1 else f'all {number} trials that ran'} failed. First: length {first.length}, seed "
        f"{first.seed}: {first.reason}"
    )


def _save_drained(executor: Executor[Trial, Outcome], save: Callable[[Trial, Outcome], None]) -> None:
    """Saves every outcome that is there; an error of one does not lose the others."""
    with contextlib.ExitStack() as every_one:
        for ended in executor.drain():
            every_one.callback(save, *ended)


def _draw_figures(
    curves: Sequence[TrainingCurves], rows: Sequence[TrialRow], analysis: Analysis, run: RunDirectory
) -> None:
    from digitsum_cli.figures.style import save_figure
    from digitsum_cli.report.gradient_figures import gradient_figures
    from digitsum_cli.report.reached_share import reached_figure
    from digitsum_cli.report.run_figures import accuracy_figure, loss_figures

    run.check_present()
    run.clear_figures()
    summary = accuracy_figure(rows, analysis), reached_figure(analysis.summary)
    for drawn in (*loss_figures(curves), *gradient_figures(curves), *summary):
        if drawn is not None:
            save_figure(drawn.figure, run.figures, drawn.name)
