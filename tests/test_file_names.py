"""File names with bytes that are not UTF-8, which Python represents as lone surrogates."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from digitsum_cli.execution import fused_training
from digitsum_cli.settings import resolve_settings
from tests.command_line import Ended, digitsum
from tests.running import HANG
from tests.same_run import numbers
from tests.settings_text import set_refusal

NAME = os.fsdecode(b"caf\xe9")
SMALL = ("--lengths", "4", "--epochs", "1", "--impl", "fused", "--seeds", "0", "-j", "1")

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


def done(*arguments: object) -> Ended:
    ended = digitsum(*arguments)
    assert ended.code == 0, ended.err
    return ended


@pytest.mark.slow
def test_every_path_may_have_any_name() -> None:
    folder = Path(NAME)
    data = done("generate", "--lengths", "4", "--out", folder / "data", "--json").document
    assert data["out"] == f"{NAME}/data"
    Path(folder / "mine.yaml").write_text("train: {epochs: 1}\n")
    named = ("sweep", folder / "mine.yaml", *SMALL, "--set", f"data.dir={NAME}/data", "--out", folder / "run")
    assert done(*named, "--json").document["run"] == f"{NAME}/run"
    assert resolve_settings(folder / "run" / "config.yaml").data.dir == f"{NAME}/data"
    done("sweep", folder / "run" / "config.yaml", "--out", folder / "run", "--resume", "--seeds", "0,1")
    scores = done("evaluate", folder / "run", "--data", folder / "data", "--json").document["checkpoints"]
    assert [Path(each["checkpoint"]).exists() for each in scores] == [True, True]
    done("evaluate", folder / "run", "--sequence", "6701", "--out", folder / "shown")
    done("report", folder / "run", "--out", folder / "page.html")
    assert "digitsum evaluate &#39;caf?/run&#39; --diagnose" in (folder / "page.html").read_text("utf-8")
    assert {path.name for path in folder.iterdir()} == {"data", "mine.yaml", "run", "shown", "page.html"}


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
def test_paths_are_printed_byte_for_byte(encoding: str) -> None:
    command = [sys.executable, "-m", "digitsum_cli", "configs", "quick", "--copy", f"{NAME}文"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    ended = subprocess.run(command, env=environment, capture_output=True, timeout=HANG, check=True)
    other = "文" if encoding == "utf-8" else "?"
    assert ended.stdout == b"caf\xe9" + f"{other}/quick.yaml\n".encode()
    assert b"digitsum sweep 'caf\xe9" in ended.stderr, "quoted"


def test_settings_with_such_a_name_are_unknown_or_not_allowed() -> None:
    assert f"unknown key {NAME!r}; allowed: data, model" in set_refusal(f"{NAME}=1")
    assert f"unknown key 'data.k.{NAME}'".encode("unicode_escape").decode() in set_refusal(f"data.k={{{NAME}: 1}}")
    assert f"there is no cell {NAME!r}" in set_refusal(f"model.cell={NAME}")


def test_name_in_the_reason_of_a_failure_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError(f"no {NAME}")

    with monkeypatch.context() as faulty:
        faulty.setattr(fused_training, "run_fused_trial", fail)
        assert digitsum("sweep", *SMALL, "--out", "run").code == 3
    assert [row["reason"] for row in numbers(Path("run"))] == ["RuntimeError: no caf?"]
    done("sweep", *SMALL, "--out", "run", "--resume", "--retry-failed")
