"""A sweep killed at any moment and resumed is the uninterrupted one."""

import random
import signal
from pathlib import Path

import pytest

from tests.command_line import digitsum, digitsum_process
from tests.own_cells import REFERENCES
from tests.running import Command, children_seconds
from tests.same_run import assert_same_run

OWN_CELL = ("--lengths", "4..6..1", "--seeds", "0..2", "--epochs", "1", "--allow-code")
OWN_IMPLEMENTATIONS = {"ExpRNN": "ensemble", "LRU": "manual", "MinGRU": "ensemble", "NBRC": "manual"}

SWEEPS = {
    "fused": ("--lengths", "4,5", "--seeds", "0..3", "--epochs", "40", "--impl", "fused"),
    "processes": ("--lengths", "4", "--seeds", "0..1", "--epochs", "5", "--impl", "manual,torch"),
    **{
        name: (*OWN_CELL, "--set", f"model.cell={REFERENCES[name]}", "--impl", impl)
        for name, impl in OWN_IMPLEMENTATIONS.items()
    },
}
KILLS = {"fused": (13, 130), "processes": (7, 70), **dict.fromkeys(REFERENCES, (1, 10))}
"""In every run of the tests; under ``make stress`` beside them."""

CASES = [
    pytest.param(name, case, marks=pytest.mark.stress if case >= few else pytest.mark.slow)
    for name, (few, many) in KILLS.items()
    for case in range(few + many)
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, float]]:
    """Each sweep without a kill, and the processor seconds it took."""
    runs = {}
    for name, arguments in SWEEPS.items():
        path = tmp_path_factory.mktemp("whole") / name
        digitsum("sweep", *arguments, "-j", "2", "--out", path)  # what is compiled is compiled now
        before = children_seconds()
        assert digitsum_process("sweep", *arguments, "-j", "2", "--out", path, "--force").code == 0
        runs[name] = (path, children_seconds() - before)
    return runs


@pytest.mark.parametrize(("name", "case"), CASES)
def test_killed_at_a_random_moment_and_resumed_it_equals_the_uninterrupted_one(
    name: str, case: int, whole: dict[str, tuple[Path, float]], tmp_path: Path
) -> None:
    expected, seconds = whole[name]
    arguments = ("sweep", *SWEEPS[name], "-j", "2", "--out", tmp_path / name)
    moment = random.Random(f"{name} {case}").uniform(0.1, 1.1) * seconds
    with Command(*arguments) as command:
        command.wait_until(lambda: command.processor_seconds() >= moment or not command.runs, "its moment")
        assert command.stop(signal.SIGKILL).processor_seconds < 1, "no process outlives the sweep"
    resumed = digitsum(*arguments, "--resume")
    assert resumed.code == 0, resumed.err
    assert_same_run(tmp_path / name, expected)
