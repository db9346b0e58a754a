"""One writer at a time in a run."""

import json
import platform
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from tests.command_line import digitsum, started

LONG = ("--lengths", "20", "--seeds", "0..20", "--impl", "fused", "-j", "1", "--out", "run")


pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


@pytest.mark.parametrize("options", [("--resume",), ("--force",)])
def test_second_sweep_into_a_run_is_refused_with_process_and_host_of_the_first(options: tuple[str, ...]) -> None:
    first = started("sweep", *LONG)
    assert first.stderr is not None
    first.stderr.readline()
    second = digitsum("sweep", *LONG, *options)
    assert second.code == 2
    assert f"run is being written by process {first.pid} on {platform.node()}" in second.err
    assert first.poll() is None, "the first is not disturbed"
    first.kill()
    first.communicate()


def test_lock_of_a_dead_process_is_taken_over() -> None:
    first = started("sweep", *LONG)
    assert first.stderr is not None
    first.stderr.readline()
    first.kill()
    first.communicate()
    assert Path("run/.lock").exists()
    assert Path("run/.writer.json").exists()
    short = ("--lengths", "4", "--epochs", "1", "--impl", "fused", "--out", "run", "--force")
    assert digitsum("sweep", *short).code == 0


def test_commands_that_only_read_are_not_kept_out() -> None:
    few = ("--lengths", "20", "--seeds", "0,1", "--impl", "fused", "--out", "run")
    assert digitsum("sweep", *few).code == 0
    first = started("sweep", *few, "--seeds", "0..99", "--resume")
    assert first.stderr is not None
    first.stderr.readline()
    assert digitsum("evaluate", "run").code == 0
    assert digitsum("report", "run", "--out", "report.html").code == 0
    assert first.poll() is None
    first.kill()
    first.communicate()


def reader_and_writer() -> tuple[sqlite3.Connection, subprocess.Popen[str]]:
    """A run that is being read, and a sweep that would write into it."""
    few = ("--lengths", "4", "--seeds", "0", "--epochs", "1", "--impl", "fused", "--out", "run")
    assert digitsum("sweep", *few).code == 0
    reader = sqlite3.connect("run/results.sqlite")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM outcomes").fetchone()
    return reader, started("sweep", *few, "--seeds", "0..3", "--resume")


def test_writer_waits_for_a_reader() -> None:
    reader, writer = reader_and_writer()
    time.sleep(7.0)  # longer than SQLite itself would wait
    assert writer.poll() is None
    reader.close()
    _, err = writer.communicate()
    assert writer.returncode == 0, err


def test_waiting_writer_hears_ctrl_c() -> None:
    reader, writer = reader_and_writer()
    time.sleep(4.0)
    start = time.monotonic()
    writer.send_signal(signal.SIGINT)
    writer.communicate()
    assert writer.returncode == 130
    assert time.monotonic() - start < 3.0
    reader.close()


def test_writer_whose_name_cannot_be_read_is_another_process() -> None:
    first = started("sweep", *LONG)
    assert first.stderr is not None
    first.stderr.readline()
    for text in ("{", "[]", json.dumps({"id": "x"}), "[" * 100_000):
        Path("run/.writer.json").write_text(text)
        second = digitsum("sweep", *LONG, "--resume")
        assert second.code == 2
        assert "is being written by another process" in second.err
    first.kill()
    first.communicate()
