"""One writer at a time in a run."""

import contextlib
import errno
import json
import os
import platform
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.command_line import digitsum
from tests.running import Command

LONG = ("--lengths", "20", "--seeds", "0..20", "--epochs", "100000", "--impl", "fused", "-j", "1", "--out", "run")


pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


@pytest.mark.parametrize("options", [("--resume",), ("--force",)])
@pytest.mark.slow
def test_second_sweep_into_a_run_is_refused_with_process_and_host_of_the_first(options: tuple[str, ...]) -> None:
    with Command("sweep", *LONG) as first:
        first.wait_for_line()
        second = digitsum("sweep", *LONG, *options)
        assert second.code == 2
        assert f"run is in use by process {first.pid} on {platform.node()}" in second.err
        assert first.runs, "the first is not disturbed"


@pytest.mark.slow
def test_lock_of_a_dead_process_is_taken_over() -> None:
    with Command("sweep", *LONG) as first:
        first.wait_for_line()
    assert Path("run/.lock").exists()
    assert Path("run/.writer.json").exists()
    short = ("--lengths", "4", "--epochs", "1", "--impl", "fused", "--out", "run", "--force")
    assert digitsum("sweep", *short).code == 0


@pytest.mark.slow
def test_commands_that_only_read_are_not_kept_out() -> None:
    few = ("--lengths", "20", "--seeds", "0,1", "--impl", "fused", "-j", "1", "--out", "run")
    assert digitsum("sweep", *few, "--set", "sweep.train.epochs=10").code == 0
    with Command("sweep", *few, "--set", "sweep.train.epochs=10,1000000", "--resume") as first:
        first.wait_for_line()
        assert digitsum("evaluate", "run").code == 0
        assert digitsum("report", "run", "--out", "report.html").code == 0
        assert first.runs


@contextlib.contextmanager
def reader_and_writer() -> Iterator[tuple[sqlite3.Connection, Command]]:
    """A run that is being read, and a sweep that has begun to write into it and cannot."""
    few = ("--lengths", "4", "--seeds", "0", "--epochs", "1", "--impl", "fused", "--out", "run")
    assert digitsum("sweep", *few).code == 0
    reader = sqlite3.connect("run/results.sqlite")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM outcomes").fetchone()
    with contextlib.closing(reader), Command("sweep", *few, "--seeds", "0..3", "--resume") as writer:
        writer.wait_until(Path("run/results.sqlite-journal").exists, "it writes")
        yield reader, writer


@pytest.mark.slow
def test_writer_waits_for_a_reader() -> None:
    with reader_and_writer() as (reader, writer):
        time.sleep(7.0)  # longer than SQLite itself would wait
        assert writer.runs
        reader.close()
        code, err = writer.wait()
    assert code == 0, err


@pytest.mark.slow
def test_waiting_writer_hears_ctrl_c() -> None:
    with reader_and_writer() as (_, writer):
        assert writer.stop(signal.SIGINT).code == 130, "the reader still reads"


@pytest.mark.slow
def test_writer_whose_name_cannot_be_read_is_another_process() -> None:
    with Command("sweep", *LONG) as first:
        first.wait_for_line()
        for text in ("{", "[]", json.dumps({"id": "x"}), "[" * 100_000):
            Path("run/.writer.json").write_text(text)
            second = digitsum("sweep", *LONG, "--resume")
            assert second.code == 2
            assert "is in use by another process" in second.err


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
@pytest.mark.slow
def test_file_system_without_locks_is_named_and_can_be_used(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(_: FileLock) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(FileLock, "_acquire", no_locks)
    train = ("train", "--length", "4", "--epochs", "1", "--out", "run")
    refused = digitsum(*train)
    assert refused.code == 2
    assert "has no locks" in refused.err
    assert "add --no-lock" in refused.err
    assert not Path("run/results.sqlite").exists()
    assert digitsum(*train, "--no-lock").code == 0
    assert digitsum(*train, "--no-lock", "--resume").code == 0
