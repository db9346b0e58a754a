"""What every executor promises, and what processes promise beyond that."""

import contextlib
import multiprocessing
import os
import signal
import stat
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digitsum_cli.execution.executor import Executor
from digitsum_cli.execution.in_process import InProcessExecutor
from digitsum_cli.execution.processes import ProcessExecutor
from digitsum_cli.execution.threads import ThreadExecutor
from digitsum_cli.execution.trial_executor import TrialExecutor
from digitsum_cli.trials.outcome import Outcome
from digitsum_cli.trials.plan import Plan, plan_trials
from tests.small_study import run_trials, settings_of, wait_for_worker_threads

Numbers = Executor[int, int]


def died(exit_code: int | None) -> int:
    """What became of a number whose process died, in these tests: the exit code."""
    assert exit_code is not None
    return exit_code


in_processes = partial(ProcessExecutor[int, int], on_death=died)

EXECUTORS: dict[str, Callable[[Any], Numbers]] = {
    "in process": InProcessExecutor,
    "threads": partial(ThreadExecutor, threads=2),
    "processes": partial(in_processes, processes=2),
}
PROCESSES = pytest.param("processes", marks=pytest.mark.slow)
every_executor = pytest.mark.parametrize("name", ["in process", "threads", PROCESSES])
those_at_once = pytest.mark.parametrize("name", ["threads", PROCESSES])


def square(number: int, send: Callable[[Any], None]) -> int:
    send(f"squaring {number}")
    return number**2


def fail_at_one(number: int, _: Callable[[Any], None]) -> int:
    if number == 1:
        raise ValueError("one is not squared here")
    return number**2


def end_only_zero(number: int, send: Callable[[Any], None]) -> int:
    while number:
        send("working")
        time.sleep(0.01)
    return number


@every_executor
def test_every_piece_comes_with_its_value_and_its_messages_come_to_the_callers_thread(name: str) -> None:
    messages: list[tuple[int, str, threading.Thread]] = []
    with EXECUTORS[name](square) as executor:
        values = list(
            executor.submit(range(5), lambda *message: messages.append((*message, threading.current_thread())))
        )
    assert sorted(values) == [(0, 0), (1, 1), (2, 4), (3, 9), (4, 16)]
    assert sorted(messages) == [(number, f"squaring {number}", threading.main_thread()) for number in range(5)]


@every_executor
def test_executor_takes_one_chunk_after_another(name: str) -> None:
    with EXECUTORS[name](square) as executor:
        assert list(executor.submit([], print)) == []
        assert dict(executor.submit([1, 2], lambda *_: None)) == {1: 1, 2: 4}
        assert dict(executor.submit([3], lambda *_: None)) == {3: 9}


@every_executor
def test_error_in_the_work_is_raised_to_the_caller(name: str) -> None:
    with EXECUTORS[name](fail_at_one) as executor, pytest.raises(ValueError, match="one is not squared here"):
        list(executor.submit(range(3), lambda *_: None))


@every_executor
def test_error_in_the_callback_is_raised_to_the_caller(name: str) -> None:
    def complain(*_: object) -> None:
        raise LookupError("no such row")

    with EXECUTORS[name](square) as executor, pytest.raises(LookupError, match="no such row"):
        list(executor.submit(range(3), complain))


@every_executor
def test_value_that_is_being_handled_when_a_stop_comes_is_drained(name: str) -> None:
    executor = EXECUTORS[name](square)
    values = executor.submit([3], lambda *_: None)
    assert next(values) == (3, 9)
    assert executor.drain() == [(3, 9)]
    assert executor.drain() == []


@every_executor
def test_value_that_was_handled_is_not_drained(name: str) -> None:
    with EXECUTORS[name](square) as executor:
        assert list(executor.submit([3], lambda *_: None)) == [(3, 9)]
        assert executor.drain() == []


@those_at_once
def test_what_has_ended_is_drained(name: str) -> None:
    with EXECUTORS[name](square) as executor:
        first = next(executor.submit(range(4), lambda *_: None))
        wait_for_worker_threads()
        drained = executor.drain()
    assert first in drained
    assert sorted(drained) == [(0, 0), (1, 1), (2, 4), (3, 9)]


@those_at_once
def test_drain_stops_the_rest(name: str) -> None:
    threads = threading.active_count()
    executor = EXECUTORS[name](end_only_zero)
    assert next(executor.submit(range(4), lambda *_: None)) == (0, 0)
    assert executor.drain() == [(0, 0)]
    assert threading.active_count() == threads
    assert multiprocessing.active_children() == []


def three_trials(impl: str) -> Plan:
    return plan_trials(settings_of("data.lengths=4", "train.epochs=2", "sweep.train.seed=0..2", f"model.impl={impl}"))


def assert_same_outcomes(one: dict[Any, Outcome], other: dict[Any, Outcome]) -> None:
    assert one.keys() == other.keys()
    for trial, outcome in one.items():
        weights, others = outcome.weights, other[trial].weights
        assert weights is not None
        assert others is not None
        assert weights.keys() == others.keys()
        assert all(np.array_equal(weights[name], others[name]) for name in weights)
        plain = [replace(each, seconds=0.0, weights=None) for each in (outcome, other[trial])]
        assert plain[0] == plain[1]


@pytest.mark.slow
def test_trials_have_the_same_outcomes_wherever_they_run_and_in_any_order() -> None:
    plans = [three_trials(impl) for impl in ("manual", "torch", "fused")]
    trials = tuple(trial for plan in plans for trial in plan.trials)
    plan = replace(plans[0], trials=trials)
    backwards = replace(plan, trials=trials[::-1])
    here = run_trials(plan)
    assert [outcome.status for outcome in here.values()] == ["done"] * 9
    assert_same_outcomes(run_trials(backwards), here)
    assert_same_outcomes(run_trials(backwards, jobs=2), here)


@pytest.mark.parametrize(("impl", "jobs"), [("manual", None), ("manual", 1), ("fused", 2)])
@pytest.mark.slow
def test_trial_that_raises_fails_alone(impl: str, jobs: int | None) -> None:
    plan = three_trials(impl)
    first, second, third = plan.trials
    bad = replace(second, model=second.model.model_copy(update={"activation": "no such activation"}))
    outcomes = run_trials(replace(plan, trials=(first, bad, third)), jobs=jobs)
    assert [outcomes[trial].status for trial in (first, bad, third)] == ["done", "failed", "done"]


@pytest.mark.parametrize("impl", ["manual", "fused"])
@pytest.mark.slow
def test_trials_that_have_ended_are_drained(impl: str) -> None:
    plan = three_trials(impl)
    with TrialExecutor(plan, jobs=1, log_every=100) as executor:
        next(executor.submit(plan.trials, lambda *_: None))
        wait_for_worker_threads()
        assert {trial for trial, _ in executor.drain()} == set(plan.trials)


def die_at_zero(number: int, _: Callable[[Any], None]) -> int:
    if number == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def leave_at_zero(number: int, _: Callable[[Any], None]) -> int:
    if number == 0:
        os._exit(0)
    return number


def cut_a_message_short(number: int, _: Callable[[Any], None]) -> int:
    if number == 0:
        for descriptor in range(3, 64):  # the pipe to the parent is among them
            with contextlib.suppress(OSError):
                if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                    os.write(descriptor, struct.pack("!i", 1000) + b"the beginning")
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("work", "code"), [(die_at_zero, -9), (leave_at_zero, 0), (cut_a_message_short, -9)])
@pytest.mark.slow
def test_process_that_dies_fails_its_piece_alone(
    work: Callable[[int, Callable[[Any], None]], int], code: int, processes: int
) -> None:
    with in_processes(work, processes) as executor:
        assert dict(executor.submit(range(5), lambda *_: None)) == {0: code, 1: 1, 2: 2, 3: 3, 4: 4}


def test_process_that_dies_before_it_begins_fails_its_piece_alone() -> None:
    killed = threading.Event()

    def kill_the_first() -> None:
        while not (children := multiprocessing.active_children()):
            time.sleep(0.001)
        children[0].kill()
        killed.set()

    killer = threading.Thread(target=kill_the_first)
    killer.start()
    with in_processes(square, 1) as executor:
        values = dict(executor.submit(range(3), lambda *_: None))
    killer.join()
    assert killed.is_set()
    assert values == {0: -9, 1: 1, 2: 4}


def blocked_signals(_: int, __: Callable[[Any], None]) -> int:
    """The signals that this process blocks, as bits."""
    return int(Path("/proc/self/status").read_text().partition("SigBlk:")[2].split()[0], 16)


def test_only_the_parent_hears_ctrl_c() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with in_processes(blocked_signals, 1) as executor:
        ((_, blocked),) = executor.submit([0], lambda *_: None)
    assert blocked >> (signal.SIGINT - 1) & 1
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before
    assert signal.SIGINT not in before
