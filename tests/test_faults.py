"""Trials that fail, each in its own way: recorded with the reason, the others go on, and they can be run again."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from digitsum_cli.execution import fused_training
from digitsum_cli.execution.trial_executor import TrialExecutor
from digitsum_cli.rundir.directory import RunDirectory
from digitsum_cli.rundir.store import Store
from digitsum_cli.study.run_options import RunOptions
from digitsum_cli.study.study import run_study
from digitsum_cli.trials.outcome import Outcome
from digitsum_cli.trials.trial import Trial
from tests.command_line import digitsum
from tests.running import Command, workers_of
from tests.same_run import assert_same_run, numbers
from tests.small_study import Recorder, settings_of, study, wait_for_worker_threads

FOUR = ("sweep", "--lengths", "4", "--seeds", "0..3", "--epochs", "2", "--impl", "fused")


pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


def statuses(path: str = "run") -> list[str]:
    return [row["status"] for row in numbers(Path(path))]


def fail_for_seeds(monkeypatch: pytest.MonkeyPatch, *seeds: int) -> None:
    honest = fused_training.run_fused_trial

    def run(trial: Any, *arguments: Any) -> Any:
        if trial.seed in seeds:
            raise RuntimeError(f"a fault at seed {trial.seed}")
        return honest(trial, *arguments)

    monkeypatch.setattr(fused_training, "run_fused_trial", run)


def test_trial_that_raises_is_recorded_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as faulty:
        fail_for_seeds(faulty, 1)
        ended = digitsum(*FOUR, "--out", "run")
    assert ended.code == 3
    assert "1 of 4 trials failed or diverged; the others are saved" in ended.err
    assert "seed 1 failed: RuntimeError: a fault at seed 1" in ended.err
    assert "--retry-failed" in ended.err
    assert statuses() == ["done", "failed", "done", "done"]


@pytest.mark.slow
def test_resuming_leaves_a_failed_trial_alone_and_retrying_makes_it_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as faulty:
        fail_for_seeds(faulty, 1, 2)
        digitsum(*FOUR, "--out", "run")
        assert digitsum(*FOUR, "--out", "run", "--resume").code == 3
    resumed = digitsum(*FOUR, "--out", "run", "--resume")
    assert resumed.code == 3
    assert "Trainings to run: 0; already saved: 4" in resumed.err
    retried = digitsum(*FOUR, "--out", "run", "--resume", "--retry-failed")
    assert retried.code == 0
    assert "Trainings to run: 2; already saved: 2" in retried.err
    assert digitsum(*FOUR, "--out", "whole").code == 0
    assert_same_run(Path("run"), Path("whole"))


def test_retrying_needs_a_run() -> None:
    ended = digitsum(*FOUR, "--retry-failed", "--out", "run")
    assert ended.code == 2
    assert "--resume" in ended.err
    assert not Path("run").exists()


@pytest.mark.slow
def test_fail_fast_stops_at_the_first_and_the_rest_can_be_run(monkeypatch: pytest.MonkeyPatch) -> None:
    longer = (*FOUR, "--epochs", "500")
    with monkeypatch.context() as faulty:
        fail_for_seeds(faulty, 0)  # which comes first
        ended = digitsum(*longer, "--out", "run", "-j", "1", "--fail-fast")
    assert ended.code == 3
    assert statuses() == ["failed"]
    assert digitsum(*longer, "--out", "run", "--resume", "--retry-failed").code == 0
    assert statuses() == ["done"] * 4


@pytest.mark.parametrize("impl", [pytest.param("manual", marks=pytest.mark.slow), "fused"])
def test_loss_that_is_not_a_number_is_a_reason(impl: str) -> None:
    sweep = ("sweep", "--lengths", "4", "--seeds", "0", "--epochs", "2", "--impl", impl, "--out", "run", "-j", "1")
    ended = digitsum(*sweep, "--set", "sweep.train.lr=1e-3,1e37")
    assert ended.code == 3
    first, second = numbers(Path("run"))
    assert (first["status"], second["status"]) == ("done", "diverged")
    assert second["reason"].startswith("the loss became NaN or infinite at step ")


@pytest.mark.slow
def test_killed_worker_fails_its_trial_alone_and_it_can_be_run_again() -> None:
    sweep = ("sweep", "--lengths", "6", "--seeds", "0..2", "--epochs", "6", "--impl", "manual", "-j", "1")
    with Command(*sweep, "--out", "run") as command:
        command.wait_for_workers(1)
        os.kill(workers_of(command.pid)[0], signal.SIGKILL)
        code, err = command.wait()
    assert code == 3
    assert "its process ended unexpectedly (exit code -9)" in err
    assert sorted(statuses()) == ["done", "done", "failed"]
    assert digitsum(*sweep, "--out", "run", "--resume", "--retry-failed").code == 0
    assert digitsum(*sweep, "--out", "whole").code == 0
    assert_same_run(Path("run"), Path("whole"))


class InterruptedRecorder(Recorder):
    """Ctrl-C comes when the first outcome is saved and all threads have ended."""

    def ended(self, trial: Trial, outcome: Outcome) -> None:
        super().ended(trial, outcome)
        if len(self.outcomes) == 1:
            wait_for_worker_threads()
            raise KeyboardInterrupt


def test_interruption_is_not_forgotten_over_fail_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is drained after Ctrl-C may have failed, and stopping then must not hide the Ctrl-C."""
    fail_for_seeds(monkeypatch, 0, 1, 2, 3)
    settings = settings_of("model.impl=fused", "data.lengths=4", "sweep.train.seed=0..3")
    recorder = InterruptedRecorder()
    with pytest.raises(KeyboardInterrupt):
        run_study(settings, RunDirectory(Path("run")), recorder, RunOptions(4, fail_fast=True))
    assert [outcome.status for outcome in recorder.outcomes] == ["failed"] * 4
    assert statuses() == ["failed"] * 4


class PatientRecorder(Recorder):
    """When the first outcome is saved, all threads have ended."""

    def ended(self, trial: Trial, outcome: Outcome) -> None:
        super().ended(trial, outcome)
        wait_for_worker_threads()


def test_ctrl_c_while_trials_are_being_stopped_loses_none(monkeypatch: pytest.MonkeyPatch) -> None:
    honest, calls = TrialExecutor.drain, 0

    def interrupted(executor: TrialExecutor) -> list[tuple[Trial, Outcome]]:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise KeyboardInterrupt
        return honest(executor)

    monkeypatch.setattr(TrialExecutor, "drain", interrupted)
    fail_for_seeds(monkeypatch, 0)
    settings = settings_of("model.impl=fused", "data.lengths=4", "sweep.train.seed=0..3")
    with pytest.raises(KeyboardInterrupt):
        run_study(settings, RunDirectory(Path("run")), PatientRecorder(), RunOptions(4, fail_fast=True))
    assert sorted(statuses()) == ["done", "done", "done", "failed"]


def test_trial_that_is_being_saved_when_ctrl_c_comes_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest, calls = Store.add, 0

    def interrupted(store: Store, trial: Trial, outcome: Outcome, *_: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        honest(store, trial, outcome)

    monkeypatch.setattr(Store, "add", interrupted)
    with pytest.raises(KeyboardInterrupt):
        study(tmp_path, "model.impl=manual", "data.lengths=4")
    assert [row["status"] for row in numbers(tmp_path)] == ["done", "done"]
