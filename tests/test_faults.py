"""Trials that fail, each in its own way: recorded with the reason, the others go on, and they can be run again."""

import contextlib
import os
import signal
import stat
import struct
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from digitsum_cli.execution import fused_training, threads
from digitsum_cli.execution.execute import execute
from digitsum_cli.execution.stopping import Stop, stopped, undisturbed
from digitsum_cli.execution.workers import Died, Ended, work_in_processes
from digitsum_cli.rundir.store import Store
from digitsum_cli.trials.outcome import Outcome
from digitsum_cli.trials.plan import plan_trials
from digitsum_cli.trials.trial import Trial
from tests.command_line import digitsum
from tests.running import Command, wait_until, workers_of
from tests.same_run import assert_same_run, numbers
from tests.small_study import settings_of, study

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

    monkeypatch.setattr(threads, "run_fused_trial", run)


def test_trial_that_raises_is_recorded_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as faulty:
        fail_for_seeds(faulty, 1)
        ended = digitsum(*FOUR, "--out", "run")
    assert ended.code == 3
    assert "1 of 4 trials failed or diverged, the rest are saved" in ended.err
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
    assert "0 trainings to run; 4 are already saved" in resumed.err
    retried = digitsum(*FOUR, "--out", "run", "--resume", "--retry-failed")
    assert retried.code == 0
    assert "2 trainings to run; 2 are already saved" in retried.err
    assert digitsum(*FOUR, "--out", "whole").code == 0
    assert_same_run(Path("run"), Path("whole"))


def test_retrying_needs_a_run() -> None:
    ended = digitsum(*FOUR, "--retry-failed", "--out", "run")
    assert ended.code == 2
    assert "--resume" in ended.err
    assert not Path("run").exists()


def test_fail_fast_stops_at_the_first_and_the_rest_can_be_run(monkeypatch: pytest.MonkeyPatch) -> None:
    longer = (*FOUR, "--epochs", "500")
    with monkeypatch.context() as faulty:
        fail_for_seeds(faulty, 3)  # which comes first
        ended = digitsum(*longer, "--out", "run", "-j", "1", "--fail-fast")
    assert ended.code == 3
    assert statuses() == ["failed"]
    assert digitsum(*longer, "--out", "run", "--resume", "--retry-failed").code == 0
    assert statuses() == ["done"] * 4


@pytest.mark.parametrize("impl", [pytest.param("manual", marks=pytest.mark.slow), "fused"])
def test_loss_that_is_not_a_number_is_a_reason(impl: str) -> None:
    sweep = ("sweep", "--lengths", "4", "--epochs", "2", "--impl", impl, "--out", "run", "-j", "1")
    ended = digitsum(*sweep, "--set", "sweep.train.lr=1e-3,1e37")
    assert ended.code == 3
    first, second = numbers(Path("run"))
    assert (first["status"], second["status"]) == ("done", "diverged")
    assert second["reason"].startswith("the loss was not finite any more at step ")


def wait_until_workers_rest() -> None:
    """Until this process's workers have used no processor time for a second: they have ended their pieces."""
    before: list[list[str]] = []
    while True:
        stats = [Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2] for worker in workers_of(os.getpid())]
        used = [stat.split()[11:13] for stat in stats]
        if used and used == before:
            return
        before = used
        time.sleep(1.0)


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


def cut_a_message_short(send: Any, number: int) -> int:
    """In a process: the first piece dies while it tells something; others do their work."""
    if number == 0:
        for descriptor in range(3, 64):  # the pipe to the parent is among them
            with contextlib.suppress(OSError):
                if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                    os.write(descriptor, struct.pack("!i", 1000) + b"the beginning")
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_worker_that_dies_in_the_middle_of_a_message_fails_its_piece_alone() -> None:
    heard = dict(work_in_processes(cut_a_message_short, [(0,), (1,), (2,)], 1))
    assert heard == {0: Died(-signal.SIGKILL), 1: Ended(1), 2: Ended(2)}


def at_once(send: Any, number: int) -> int:
    return number


@pytest.mark.slow
def test_what_has_ended_in_processes_is_given_when_they_are_stopped() -> None:
    outcomes = work_in_processes(at_once, [(number,) for number in range(3)], 3)
    first = next(outcomes)
    wait_until_workers_rest()  # the others have ended, unheard
    rest = list(stopped(outcomes))
    assert sorted([first, *rest]) == [(number, Ended(number)) for number in range(3)]


@pytest.mark.slow
def test_trials_that_have_ended_in_processes_are_given_when_they_are_stopped() -> None:
    plan = plan_trials(settings_of("data.lengths=4", "train.epochs=1", "sweep.train.seed=0..2"))
    outcomes = execute(plan, plan.trials, lambda *_: None, 3, 100)
    first = next(outcomes)
    wait_until_workers_rest()
    rest = stopped(outcomes)
    second = next(rest)
    again = list(stopped(outcomes)) or list(rest)
    assert {trial for trial, _ in [first, second, *again]} == set(plan.trials)


def test_interruption_is_not_forgotten_over_fail_fast() -> None:
    """What is drained after Ctrl-C may have failed, and stopping then must not hide the Ctrl-C."""

    def outcomes() -> Generator[int]:
        try:
            yield 0
            raise KeyboardInterrupt
        except (KeyboardInterrupt, Stop):
            yield from undisturbed([1, 2])
            raise

    generator = outcomes()
    assert [next(generator), next(generator)] == [0, 1]
    rest = stopped(generator)
    assert next(rest) == 2
    with pytest.raises(KeyboardInterrupt):
        next(rest)


def test_what_has_ended_in_threads_is_given_when_they_are_stopped() -> None:
    plan = plan_trials(settings_of("model.impl=fused", "data.lengths=4", "sweep.train.seed=0..3"))
    before = threading.active_count()
    outcomes = execute(plan, plan.trials, lambda *_: None, 2, 100)
    first = next(outcomes)
    wait_until(lambda: threading.active_count() == before, "the end of the threads")
    rest = list(stopped(outcomes))
    assert {trial for trial, _ in [first, *rest]} == set(plan.trials)


def test_trial_that_is_being_saved_when_ctrl_c_comes_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest, calls = Store.add, 0

    def interrupted(store: Store, trial: Trial, outcome: Outcome) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        honest(store, trial, outcome)

    monkeypatch.setattr(Store, "add", interrupted)
    with pytest.raises(KeyboardInterrupt):
        study(tmp_path, "model.impl=manual", "data.lengths=4")
    assert [row["status"] for row in numbers(tmp_path)] == ["done", "done"]
