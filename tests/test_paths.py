"""Folders named on the command line and in settings: the home folder, and relative folders."""

from pathlib import Path

import matplotlib
import pytest

from digitsum_cli.evaluation.saved_run import read_run
from digitsum_cli.report.run_page import report_page
from digitsum_cli.rundir.store import Store
from tests.command_line import digitsum

SMALL = ("--lengths", "4", "--epochs", "1", "--impl", "fused", "--seeds", "0", "-j", "1")


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MPLCONFIGDIR", matplotlib.get_configdir())
    return tmp_path / "home"


@pytest.mark.usefixtures("in_an_empty_folder")
@pytest.mark.slow
def test_home_folder_is_expanded_in_every_path(home: Path) -> None:
    for command in (
        ("generate", "--lengths", "4", "--out", "~/data"),
        ("configs", "quick", "--copy", "~/configs"),
        ("sweep", "~/configs/quick.yaml", *SMALL, "--set", "data.dir=~/data", "--set", "sweep={}", "--out", "~/run"),
        ("evaluate", "~/run", "--data", "~/data", "--sequence", "6701", "--out", "~/shown"),
        ("report", "~/run", "--out", "~/page.html"),
        ("compare", *SMALL[:4], "--impl", "manual,torch", "--seeds", "0", "--out", "~/compared"),
    ):
        ended = digitsum(*command)
        assert ended.code == 0, ended.err
    names = {path.name for path in home.iterdir() if not path.name.startswith(".")}
    assert names == {"data", "configs", "run", "shown", "page.html", "compared"}
    assert not Path("~").exists()


@pytest.fixture
def run_of_relative_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run trained on files in a relative folder; the current folder is another one now."""
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    monkeypatch.chdir(tmp_path / "first")
    digitsum("generate", "--lengths", "4", "--seed", "3", "--out", "data")
    assert digitsum("sweep", *SMALL, "--set", "data.dir=data", "--out", "run").code == 0
    monkeypatch.chdir(tmp_path / "second")
    return tmp_path / "first" / "run"


def test_data_of_a_run_are_found_from_another_folder(run_of_relative_data: Path) -> None:
    ended = digitsum("evaluate", run_of_relative_data)
    assert ended.code == 0, ended.err
    assert f"data not found; using {run_of_relative_data.parent / 'data'}" in " ".join(ended.err.split())


@pytest.mark.slow
def test_run_is_resumed_from_another_folder(run_of_relative_data: Path) -> None:
    run = run_of_relative_data
    resumed = digitsum("sweep", run / "config.yaml", "--seeds", "0,1", "--out", run, "--resume", "-j", "1")
    assert resumed.code == 0, resumed.err
    assert digitsum("evaluate", run).code == 0


def test_data_here_come_first(run_of_relative_data: Path) -> None:
    digitsum("generate", "--lengths", "4", "--seed", "9", "--out", "data")
    ended = digitsum("evaluate", run_of_relative_data)
    assert ended.code == 2
    assert "have changed since it was trained" in ended.err


@pytest.mark.usefixtures("in_an_empty_folder")
def test_hints_name_a_folder_that_looks_like_an_option_as_it_is_typed() -> None:
    trained = digitsum("train", "--length", "4", "--epochs", "1", "--impl", "fused", "--out", "-d2")
    assert "digitsum evaluate ./-d2 --diagnose. For a report on one page: digitsum report ./-d2" in trained.err
    page = str(report_page(read_run(Path("-d2"), [0.5]), []).sections[-1])
    assert "digitsum sweep ./-d2/config.yaml --out again" in page
    assert "digitsum report ./-d2" in page
    assert "digitsum sweep ./-d3/quick.yaml" in digitsum("configs", "quick", "--copy", "-d3").err
    with Store(Path("-d2/results.sqlite")) as store:
        (trial,) = store.trials().values()
    Path("-d2/results.sqlite").unlink()
    with Store(Path("-d2/results.sqlite"), create=True) as store:
        store.plan([trial], {})
    assert "digitsum sweep --resume --out ./-d2" in digitsum("report", "./-d2").err
