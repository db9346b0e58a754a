"""Limits of the system on open files, threads and processes: each is named, and none is a fault of the input."""

import contextlib
import errno
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from digitsum_cli.core.checkpoint import read_checkpoint
from digitsum_cli.errors import DigitsumError, InputError
from digitsum_cli.rundir.store import Store
from digitsum_cli.trials.outcome import attempt
from tests.command_line import digitsum
from tests.running import HANG
from tests.small_study import study

SMALL = ("sweep", "--lengths", "4", "--epochs", "1", "--seeds", "0..5")

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


@contextlib.contextmanager
def no_more_files() -> Iterator[None]:
    """No more files can be opened in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.open(os.devnull, os.O_RDONLY)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def run() -> Path:
    study(Path("run"), "data.lengths=4", "model.impl=fused", "train.epochs=1", jobs=1)
    return Path("run")


def test_file_that_cannot_be_opened_for_the_limit_is_not_called_invalid(run: Path) -> None:
    checkpoint = min(run.glob("checkpoints/*"))
    for read in (lambda: read_checkpoint(checkpoint), lambda: Store(run / "results.sqlite")):
        with no_more_files(), pytest.raises(DigitsumError, match="Too many open files") as caught:
            read()
        assert not isinstance(caught.value, InputError)


def test_commands_name_the_limit_and_how_to_raise_it(run: Path) -> None:
    commands = (("evaluate", run), (*SMALL, "--impl", "fused", "--out", "run", "--resume"), ("configs", "quick"))
    for command in commands:
        before = digitsum(*command, "--print-config")  # loads what the command needs
        with no_more_files():
            ended = digitsum(*command)
        assert (before.code, ended.code) == (0, 1)
        (line,) = ended.err.splitlines()
        assert line.startswith("Error: Too many open files: the limit is ")
        assert "ulimit -n 1024" in line


def test_limit_on_files_is_no_failure_of_a_trial() -> None:
    def run_trial() -> None:
        Path("missing").open()  # noqa: SIM115

    assert attempt(run_trial).status == "failed"  # type: ignore[arg-type, union-attr]
    with no_more_files(), pytest.raises(OSError, match="Too many open files"):
        attempt(run_trial)  # type: ignore[arg-type]


@pytest.mark.slow
def test_sweep_with_sixteen_files_names_the_limit_and_is_resumed_without() -> None:
    sweep = (*SMALL, "--impl", "manual", "--out", "run")
    ended = subprocess.run(
        [sys.executable, "-m", "digitsum_cli", *sweep, "-j", "6"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16)),
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("Error: Too many open files: the limit is 16 (ulimit -n)")
    assert "Traceback" not in ended.stderr
    assert digitsum(*sweep, "-j", "1", "--resume").code == 0


@pytest.mark.parametrize("impl", ["fused", "manual"])
def test_thread_that_cannot_be_started_is_named(impl: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as limited:
        limited.setattr(threading.Thread, "start", fail)
        ended = digitsum(*SMALL, "--impl", impl, "--out", "run", "-j", "2")
    assert ended.code == 1
    assert "Error: cannot start another thread: can't start new thread. Use a smaller -j" in ended.err


def test_process_that_cannot_be_started_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: BaseProcess) -> None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(BaseProcess, "start", fail)
    ended = digitsum(*SMALL, "--impl", "manual", "--out", "run", "-j", "2")
    assert ended.code == 1
    assert "Error: cannot start another process: Resource temporarily unavailable. Use a smaller -j" in ended.err
