"""Ctrl-C and SIGTERM: a second at most, what was finished is saved, how to go on is said, and nobody is left behind."""

import os
import re
import signal
import time
from pathlib import Path

import pytest

from tests.command_line import digitsum_process, group_is_gone, started

SECONDS = 3.0
"""From the signal to the end, tables written. It takes a tenth of that on an idle machine."""

SWEEPS = {
    "fused": ("--impl", "fused", "--epochs", "400"),
    "processes": ("--impl", "manual", "--epochs", "15"),
}


pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


@pytest.mark.parametrize("name", SWEEPS)
@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_sweep_saves_what_was_finished_and_goes_on(name: str, stop: signal.Signals, code: int) -> None:
    arguments = ("sweep", "--lengths", "4,6", "--seeds", "0..5", *SWEEPS[name], "-j", "2", "--out", "run")
    process = started(*arguments)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("2/12"):
            break
    start = time.monotonic()
    if stop == signal.SIGINT:
        os.killpg(process.pid, stop)  # as a terminal does: to the parent and to its workers
    else:
        process.send_signal(stop)
    _, rest = process.communicate()
    assert process.returncode == code
    assert time.monotonic() - start < SECONDS
    assert "run the same command with --out run --resume" in rest
    assert "Traceback" not in rest
    assert group_is_gone(process.pid, seconds=2)
    saved = len(Path("run/results.csv").read_text().splitlines()) - 1
    assert 2 <= saved < 12
    ended = digitsum_process(*arguments, "--resume")
    assert ended.code == 0
    assert f"Trainings to run: {12 - saved}; already saved: {saved}" in ended.err
    assert len(Path("run/results.csv").read_text().splitlines()) == 13


@pytest.mark.parametrize("impl", ["manual", "fused"])
def test_stopped_training_says_how_to_go_on(impl: str) -> None:
    process = started("train", "--length", "30", "--impl", impl, "--epochs", "100000", "--out", "run")
    assert process.stderr is not None
    process.stderr.readline()
    time.sleep(0.5)
    start = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate()
    assert process.returncode == 143
    assert time.monotonic() - start < SECONDS
    assert "--out run --resume" in rest


@pytest.mark.parametrize("name", SWEEPS)
def test_second_stop_leaves_at_once(name: str) -> None:
    process = started("sweep", "--lengths", "30", "--seeds", "0..9", *SWEEPS[name], "-j", "2", "--out", "run")
    assert process.stderr is not None
    process.stderr.readline()
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert group_is_gone(process.pid, seconds=2)


@pytest.mark.parametrize("name", SWEEPS)
def test_no_process_outlives_one_that_is_killed(name: str) -> None:
    process = started("sweep", "--lengths", "30", "--seeds", "0..9", *SWEEPS[name], "-j", "2", "--out", "run")
    assert process.stderr is not None
    process.stderr.readline()
    time.sleep(3.0)  # until there are workers
    process.kill()
    process.communicate()
    assert group_is_gone(process.pid, seconds=2)


def test_stopped_diagnosis_leaves_at_once_and_leaves_nobody() -> None:
    sweep = ("sweep", "--lengths", "100", "--seeds", "0..29", "--epochs", "1", "--impl", "fused", "--out", "run", "-q")
    assert digitsum_process(*sweep).code == 0
    process = started("evaluate", "run", "--diagnose", "-j", "2")
    time.sleep(5.0)  # until there are workers
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    assert time.monotonic() - start < SECONDS
    assert group_is_gone(process.pid, seconds=2)


def answers_sigterm(process: int) -> bool:
    """Whether a process has come so far that it answers SIGTERM; Python by itself does not."""
    (caught,) = re.findall(r"SigCgt:\s*([0-9a-f]+)", Path(f"/proc/{process}/status").read_text())
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.1, 0.2, 0.5])
def test_stop_while_the_command_is_being_loaded_is_one_line(seconds: float, stop: signal.Signals, code: int) -> None:
    process = started("sweep", "--lengths", "30", "--impl", "manual", "--out", "run")
    while not answers_sigterm(process.pid):
        time.sleep(0.001)
    time.sleep(seconds)
    process.send_signal(stop)
    _, err = process.communicate()
    assert process.returncode == code
    assert "Error: interrupted" in err
    assert "Traceback" not in err


def test_large_sweep_is_stopped_within_a_second() -> None:
    """However much is saved: what is written then is a table, not every history."""
    many = ("sweep", "--lengths", "3,4", "--seeds", "0..699", "--impl", "fused", "-j", "2", "--out", "run")
    once = ("--epochs", "1", "--set", "train.eval_every=1")
    assert digitsum_process(*many, *once, "-q").code == 0
    process = started(*many, *once, "--seeds", "0..9999", "--resume")
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("20/"):
            break
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    assert time.monotonic() - start < SECONDS
    assert len(Path("run/results.csv").read_text().splitlines()) > 1400
