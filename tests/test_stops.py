"""Ctrl-C and SIGTERM: a second at most, what was finished is saved, how to resume is said, and no process is left."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import digitsum
from tests.running import HANG, Command, hear_interrupts, wait_until

SECONDS = 1.0
"""Of processor time, from the signal to the end of the last process, tables written."""

SWEEPS = {
    "fused": ("--impl", "fused", "--epochs", "400"),
    "processes": ("--impl", "manual", "--epochs", "10"),
}
LONG = {
    "fused": ("sweep", "--lengths", "30", "--seeds", "0..9", *SWEEPS["fused"], "-j", "2", "--out", "run"),
    "processes": ("sweep", "--lengths", "30", "--impl", "manual", "--seeds", "0..1", "-j", "2", "--out", "run"),
}

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


def wait_until_it_trains(command: Command, name: str) -> None:
    if name == "processes":
        command.wait_for_workers(2)
    else:
        command.wait_for_line("1/")


@pytest.mark.parametrize("name", SWEEPS)
@pytest.mark.parametrize(
    ("stop", "group", "code"), [(signal.SIGINT, True, 130), (signal.SIGTERM, False, 143), (signal.SIGTERM, True, 143)]
)
@pytest.mark.slow
def test_stopped_sweep_saves_what_was_finished_and_is_resumed(
    name: str, stop: signal.Signals, group: bool, code: int
) -> None:
    arguments = ("sweep", "--lengths", "4,6", "--seeds", "0..5", *SWEEPS[name], "-j", "2", "--out", "run")
    with Command(*arguments) as command:
        command.wait_for_line("2/12")
        stopped = command.stop(stop, group=group)
    assert stopped.code == code
    assert stopped.processor_seconds < SECONDS
    assert "run the same command with --out run --resume" in stopped.err
    assert "Traceback" not in stopped.err
    results = Path("run/results.csv").read_text()
    saved = len(results.splitlines()) - 1
    assert 2 <= saved < 12
    assert "failed" not in results
    ended = digitsum(*arguments, "--resume")
    assert ended.code == 0
    assert f"Trainings to run: {12 - saved}; already saved: {saved}" in ended.err
    assert len(Path("run/results.csv").read_text().splitlines()) == 13


@pytest.mark.parametrize("impl", ["manual", "fused"])
@pytest.mark.slow
def test_stopped_training_says_how_to_resume(impl: str) -> None:
    with Command("train", "--length", "30", "--impl", impl, "--epochs", "100000", "--out", "run") as command:
        command.wait_for_line("step ")
        stopped = command.stop(signal.SIGTERM)
    assert stopped.code == 143
    assert stopped.processor_seconds < SECONDS
    assert "--out run --resume" in stopped.err


@pytest.mark.parametrize("name", LONG)
@pytest.mark.slow
def test_second_stop_leaves_at_once(name: str) -> None:
    with Command(*LONG[name]) as command:
        wait_until_it_trains(command, name)
        stopped = command.stop(signal.SIGINT, times=2)
    assert stopped.code == 130
    assert stopped.processor_seconds < SECONDS


@pytest.mark.parametrize("name", LONG)
@pytest.mark.slow
def test_no_process_outlives_one_that_is_killed(name: str) -> None:
    with Command(*LONG[name]) as command:
        wait_until_it_trains(command, name)
        assert command.stop(signal.SIGKILL).processor_seconds < SECONDS


@pytest.mark.slow
def test_stopped_diagnosis_leaves_at_once_and_leaves_nobody() -> None:
    sweep = ("sweep", "--lengths", "100", "--seeds", "0..29", "--epochs", "1", "--impl", "fused", "--out", "run", "-q")
    assert digitsum(*sweep).code == 0
    with Command("evaluate", "run", "--diagnose", "-j", "2") as command:
        command.wait_for_workers(2)
        stopped = command.stop(signal.SIGINT)
    assert stopped.code == 130
    assert stopped.processor_seconds < SECONDS


OTHER_MOMENTS = [pytest.param(seconds, marks=pytest.mark.slow) for seconds in (0.0, 0.05, 0.2, 0.5)]


def answers_sigterm(process: int) -> bool:
    """Whether a process has come so far that it answers SIGTERM; Python by itself does not."""
    (caught,) = re.findall(r"SigCgt:\s*([0-9a-f]+)", Path(f"/proc/{process}/status").read_text())
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize(
    "seconds", [0.1, *(pytest.param(each, marks=pytest.mark.slow) for each in (0.0, 0.05, 0.2, 0.5))]
)
def test_stop_while_the_command_is_being_loaded_is_one_line(seconds: float, stop: signal.Signals, code: int) -> None:
    with Command("sweep", "--lengths", "30", "--impl", "manual", "--out", "run") as command:
        wait_until(lambda: answers_sigterm(command.pid), "the answer to SIGTERM", poll=0.001)
        loaded = command.processor_seconds() + seconds
        wait_until(lambda: command.processor_seconds() >= loaded, "the libraries", poll=0.001)
        stopped = command.stop(stop)
    assert stopped.code == code
    assert "Error: interrupted" in stopped.err
    assert "Traceback" not in stopped.err


@pytest.mark.slow
def test_large_sweep_is_stopped_at_once() -> None:
    """However much is saved: what is written then is a table, not every history."""
    many = ("sweep", "--lengths", "3,4", "--seeds", "0..699", "--impl", "fused", "-j", "2", "--out", "run")
    once = ("--epochs", "1", "--set", "train.eval_every=1")
    assert digitsum(*many, *once, "-q").code == 0
    with Command(*many, *once, "--seeds", "0..9999", "--resume") as command:
        command.wait_for_line("20/")
        stopped = command.stop(signal.SIGINT)
    assert stopped.code == 130
    assert stopped.processor_seconds < SECONDS
    assert len(Path("run/results.csv").read_text().splitlines()) > 1400


IGNORED = """
import os, signal
from digitsum_cli.cli import signals

class Interrupted:
    def __del__(self):
        os.kill(os.getpid(), signal.{0})
        sum(range(1000))

signals.exit_on_signals()
signals.handle_signals()
try:
    Interrupted()
    while True:
        pass
except signals.Terminated:
    print("terminated")
except KeyboardInterrupt:
    print("interrupted")
"""
"""Python ignores what is raised in a destructor, or in a callback from a library such as the compiler's."""


@pytest.mark.parametrize(("name", "outcome"), [("SIGINT", "interrupted"), ("SIGTERM", "terminated")])
def test_signal_that_arrives_where_exceptions_are_ignored_is_not_lost(name: str, outcome: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", IGNORED.format(name)],
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
        preexec_fn=hear_interrupts,
    )
    assert (ended.stdout, ended.stderr) == (f"{outcome}\n", "")
