"""A full disk, a read-only folder, a file that may not grow: real ones."""

import contextlib
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from digitsum_cli.errors import DigitsumError
from digitsum_cli.rundir.store import Store
from tests.command_line import Ended, digitsum, digitsum_process
from tests.same_run import assert_same_run

SWEEP = ("sweep", "--lengths", "4,5", "--seeds", "0..19", "--epochs", "60", "--impl", "fused", "-j", "2")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sweep where there is room."""
    path = tmp_path_factory.mktemp("whole") / "run"
    assert digitsum(*SWEEP, "--out", path).code == 0
    return path


@contextlib.contextmanager
def small_disk(path: Path, size: str) -> Iterator[Path]:
    """A file system of its own that holds no more; a small one can be made by whoever is root."""
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], capture_output=True)
    if mounted.returncode:
        pytest.skip("no disk can be made here: that takes root; the limit on a file's size is tested all the same")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


def remount(path: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", path], check=True)


@pytest.mark.slow
def test_sweep_on_a_disk_that_gets_full_says_so_and_is_resumed_when_there_is_room(whole: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "700k") as disk:
        full = digitsum_process(*SWEEP, "--out", disk / "run")
        assert full.code == 1
        assert full.err.count("Error: ") == 1
        assert "Free some space. Finished work is saved" in full.err
        assert not list(disk.rglob("*.part")), "nothing is half-written"
        with Store(disk / "run" / "results.sqlite") as store:
            saved = len(store.ended())
        assert saved > 2
        remount(disk, "size=50m")
        resumed = digitsum(*SWEEP, "--out", disk / "run", "--resume")
        assert resumed.code == 0, resumed.err
        assert f"already saved: {saved}" in resumed.err
        assert_same_run(disk / "run", whole)


@pytest.mark.parametrize("kilobytes", [1, 20, 100, 300])
@pytest.mark.slow
def test_sweep_whose_files_may_not_grow_says_so_and_leaves_what_can_be_resumed(
    kilobytes: int, whole: Path, tmp_path: Path
) -> None:
    limited = limited_in_size(kilobytes, *SWEEP, "--out", tmp_path / "run")
    assert limited.code in (1, 2)
    assert limited.err.count("Error: ") == 1
    assert "Traceback" not in limited.err
    assert not list(tmp_path.rglob("*.part"))
    resumed = digitsum(*SWEEP, "--out", tmp_path / "run", "--resume")
    assert resumed.code == 0, resumed.err
    assert_same_run(tmp_path / "run", whole)


def limited_in_size(kilobytes: int, *arguments: object) -> Ended:
    """A command in whose process no file may grow larger, as under a quota."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000 * kilobytes, 1000 * kilobytes))

    command = [sys.executable, "-m", "digitsum_cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit, check=False)
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("command", ["generate", "train", "sweep", "compare"])
def test_read_only_folder_is_refused_with_its_name(command: str, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "1m") as disk:
        remount(disk, "ro")
        impl = ("--impl", "manual,torch") if command == "compare" else ()
        where = "--length" if command == "train" else "--lengths"
        ended = digitsum(command, where, "4", *impl, "--out", disk / "run")
        assert ended.code == 2
        assert "Read-only file system" in ended.err
        assert str(disk / "run") in ended.err
        assert list(disk.iterdir()) == []


@pytest.mark.slow
def test_run_in_a_read_only_folder_can_be_read(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "5m") as disk:
        run = disk / "run"
        assert (
            digitsum("sweep", "--lengths", "4,5", "--seeds", "0", "--epochs", "1", "--impl", "fused", "--out", run).code
            == 0
        )
        remount(disk, "ro")
        assert digitsum("evaluate", run).code == 0
        assert digitsum("report", run, "--out", tmp_path / "report.html").code == 0
        resumed = digitsum(
            "sweep", "--lengths", "4,5", "--seeds", "0", "--epochs", "1", "--impl", "fused", "--out", run, "--resume"
        )
        assert resumed.code == 2
        assert "cannot write to" in resumed.err


def killed_while_writing(run: Path, copy: Path) -> Path:
    """A copy of a run as a process leaves it that is killed in a transaction: half-written, with its journal."""
    with contextlib.closing(sqlite3.connect(run / "results.sqlite", isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 1")  # so that pages are written before the end of the transaction
        connection.execute("BEGIN")
        connection.execute("CREATE TABLE half (content)")
        connection.execute("INSERT INTO half VALUES (zeroblob(100000))")
        connection.execute("UPDATE outcomes SET outcome = 'half'")
        shutil.copytree(run, copy)
    return copy


@pytest.fixture(scope="module")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "run"
    assert digitsum(*SWEEP[:5], "--epochs", "1", "--impl", "fused", "--seeds", "0", "--out", path).code == 0
    return path


@pytest.mark.slow
def test_run_that_was_killed_while_writing_is_read_on_a_read_only_disk(small_run: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "9m") as disk:
        run = killed_while_writing(small_run, disk / "run")
        remount(disk, "ro")
        assert digitsum("evaluate", run).code == 0
        assert digitsum("report", run, "--out", tmp_path / "report.html").code == 0


def test_store_that_was_killed_while_writing_is_read_from_a_copy(
    small_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = killed_while_writing(small_run, tmp_path / "run")
    before = {path.name: path.read_bytes() for path in run.glob("results.sqlite*")}
    connect = sqlite3.connect

    def read_only(name: str, **options: Any) -> sqlite3.Connection:
        """Opens the store as on a read-only disk."""
        opened: sqlite3.Connection = connect(
            name.replace("mode=rw", "mode=ro") if str(run) in name else name, **options
        )
        return opened

    monkeypatch.setattr(sqlite3, "connect", read_only)
    with Store(run / "results.sqlite") as store, Store(small_run / "results.sqlite") as whole:
        assert store.ended() == whole.ended()
    assert {path.name: path.read_bytes() for path in run.glob("results.sqlite*")} == before
    assert "results.sqlite-journal" in before
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(DigitsumError, match=r"cannot copy .*results.sqlite.* Set TMPDIR to a folder"):
        Store(run / "results.sqlite")


@pytest.mark.slow
def test_training_whose_state_finds_no_room_is_not_given_up(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "150k") as disk:
        arguments = ("train", "--length", "5", "--epochs", "300", "--impl", "fused")
        ended = digitsum_process(*arguments, "--out", disk / "run")
        assert ended.code == 1
        assert "Free some space" in ended.err
        assert not list(disk.rglob("*.part"))
        steps = [int(found.replace(",", "")) for found in re.findall(r"step ([\d,]+)/11,400", ended.err)]
        assert steps[-1] == 11_399, "it went on to its end, where its weights found no room"
        remount(disk, "size=20m")
        assert digitsum(*arguments, "--out", disk / "run", "--resume").code == 0
        assert digitsum(*arguments, "--out", tmp_path / "whole").code == 0
        assert_same_run(disk / "run", tmp_path / "whole")


@pytest.mark.parametrize("arguments", [("evaluate", "--diagnose"), ("evaluate", "--sequence", "1 2 0 0"), ("report",)])
@pytest.mark.slow
def test_what_would_write_into_a_read_only_run_says_where_else_to(arguments: tuple[str, ...], tmp_path: Path) -> None:
    command, *options = arguments
    with small_disk(tmp_path / "disk", "5m") as disk:
        assert digitsum("train", "--length", "4", "--epochs", "1", "--out", disk / "run").code == 0
        remount(disk, "ro")
        refused = digitsum(command, disk / "run", *options)
        assert refused.code == 2
        assert "Read-only file system. Choose another location with --out" in refused.err
        assert digitsum(command, disk / "run", *options, "--out", tmp_path / "elsewhere").code == 0


def test_data_that_find_no_room_are_an_error_of_the_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "20k") as disk:
        ended = digitsum("generate", "--lengths", "50", "--out", disk / "data")
        assert ended.code == 1
        assert "Free some space" in ended.err
        assert not [path for path in disk.rglob("*") if path.is_file()]
