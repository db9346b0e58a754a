"""A sweep killed at any moment and resumed is the uninterrupted one."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.command_line import digitsum_process, group_is_gone, started
from tests.same_run import assert_same_run
from tests.stress import cases

SWEEPS = {
    "fused": ("--lengths", "4,5", "--seeds", "0..3", "--epochs", "40", "--impl", "fused"),
    "processes": ("--lengths", "4", "--seeds", "0..1", "--epochs", "5", "--impl", "manual,torch"),
}
KILLS = {"fused": cases(13, 130), "processes": cases(7, 70)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, float]]:
    """Each sweep without a kill, and the seconds it took."""
    runs = {}
    for name, arguments in SWEEPS.items():
        path = tmp_path_factory.mktemp("whole") / name
        digitsum_process("sweep", *arguments, "-j", "2", "--out", path)  # what is compiled is compiled now
        start = time.monotonic()
        assert digitsum_process("sweep", *arguments, "-j", "2", "--out", path, "--force").code == 0
        runs[name] = (path, time.monotonic() - start)
    return runs


@pytest.mark.parametrize(("name", "case"), [(name, case) for name, kills in KILLS.items() for case in range(kills)])
def test_killed_at_a_random_moment_and_resumed_it_equals_the_uninterrupted_one(
    name: str, case: int, whole: dict[str, tuple[Path, float]], tmp_path: Path
) -> None:
    expected, seconds = whole[name]
    arguments = ("sweep", *SWEEPS[name], "-j", "2", "--out", tmp_path / name)
    process = started(*arguments)
    time.sleep(random.Random(f"{name} {case}").uniform(0.1, 1.1) * seconds)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert group_is_gone(process.pid, seconds=5), "no process outlives the sweep"
    resumed = digitsum_process(*arguments, "--resume")
    assert resumed.code == 0, resumed.err
    assert_same_run(tmp_path / name, expected)
