"""What a command writes replaces no file of somebody else, and no file of a run."""

import shutil
from pathlib import Path

import pytest

from digitsum_cli.core.outputs import write_outputs
from digitsum_cli.errors import InputError
from digitsum_cli.rundir.directory import RunDirectory
from digitsum_cli.rundir.outputs import Outputs
from tests.command_line import Ended, digitsum

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")

SWEEP = ("sweep", "--lengths", "4", "--epochs", "1", "--impl", "fused", "-j", "1", "--out")


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "run"
    assert digitsum(*SWEEP, path, "--seeds", "0").code == 0
    assert digitsum("report", path).code == 0
    return path


@pytest.fixture
def run(whole_run: Path, in_an_empty_folder: None) -> Path:
    """A run with its report."""
    return Path(shutil.copytree(whole_run, "run"))


@pytest.fixture
def other(whole_run: Path, in_an_empty_folder: None) -> Path:
    """Another run."""
    return Path(shutil.copytree(whole_run, "other"))


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def refused(ended: Ended) -> str:
    assert ended.code == 2, (ended.code, ended.out, ended.err)
    assert len([line for line in ended.err.splitlines() if line.startswith("Error: ")]) == 1
    return ended.err


def test_all_files_are_written_or_none(tmp_path: Path) -> None:
    mine, new = tmp_path / "mine", tmp_path / "folder" / "new"
    mine.write_text("mine")
    with pytest.raises(InputError, match=r"would replace .*mine, whose content is different\. Choose .* --force"):
        write_outputs({new: b"new", mine: b"other"})
    assert not new.parent.exists()
    write_outputs({new: b"new", mine: b"mine"})
    write_outputs({new: b"new", mine: b"other"}, force=True)
    assert mine.read_text() == "other"


def test_link_in_place_of_an_output_is_a_file_of_somebody_else(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("nowhere")
    with pytest.raises(InputError, match="would replace"):
        write_outputs({link: b"new"})
    write_outputs({link: b"new"}, force=True)
    assert not (tmp_path / "nowhere").exists()


FILES_OF_A_RUN = (
    *("results.sqlite", "results.csv", "history.csv", "analysis.json", "config.yaml", "provenance.json", ".lock"),
    *("report.html", "checkpoints/page.html", "figures/loss.png", "diagnosis/diagnosis.json", "page.html"),
)


@pytest.mark.parametrize("name", FILES_OF_A_RUN)
def test_report_never_replaces_a_file_of_a_run(name: str, run: Path, other: Path) -> None:
    for folder in (run, other):
        if folder == run and name in ("report.html", "page.html"):
            continue  # the place of this run's own report, and of a copy of it
        before = contents(folder)
        for force in ((), ("--force",)):
            message = refused(digitsum("report", run, "--out", folder / name, *force))
            assert "is reserved for the files of the run" in message, name
        assert contents(folder) == before


def test_no_command_writes_into_another_run(run: Path, other: Path) -> None:
    before = contents(other)
    commands = (
        ("evaluate", run, "--diagnose"),
        ("evaluate", run, "--sequence", "6700"),
        ("generate", "--lengths", "4"),
    )
    for command in commands:
        assert "other is a run, a folder for its own files alone" in refused(
            digitsum(*command, "--out", other, "--force")
        )
        for place in (other / "figures", other / "checkpoints" / "below"):
            assert "is reserved for the files of the run" in refused(digitsum(*command, "--out", place, "--force"))
    assert "is a run" in refused(digitsum("configs", "srn", "--copy", other, "--force"))
    for train in (SWEEP, ("train", "--length", "4", "--out")):
        assert "is reserved for the files of the run" in refused(digitsum(*train, other / "checkpoints", "--force"))
    assert contents(other) == before


def test_folder_of_the_users_inside_a_run_is_free(run: Path) -> None:
    assert digitsum("generate", "--lengths", "4", "--out", run / "data").code == 0


@pytest.mark.slow
def test_report_replaces_no_file_of_somebody_else(run: Path) -> None:
    for path in (Path("thesis.html"), run / "report.html", run / "notes.txt"):
        path.write_text("mine")
        message = refused(digitsum("report", run, "--out", path))
        assert f"this would replace {path}, whose content is different" in message
        assert path.read_text() == "mine"
    assert digitsum("report", run, "--force").code == 0
    assert (run / "report.html").read_text().startswith("<!DOCTYPE html>")


@pytest.mark.slow
def test_report_of_a_run_that_has_grown_replaces_its_earlier_report(run: Path, other: Path) -> None:
    for path in (run / "report.html", Path("page.html")):
        assert digitsum("report", run, "--out", path).code == 0
    before = Path("page.html").read_bytes()
    assert "would replace page.html" in refused(digitsum("report", other, "--out", "page.html"))
    assert digitsum(*SWEEP, run, "--seeds", "0,1", "--resume").code == 0
    for path in (run / "report.html", Path("page.html")):
        assert digitsum("report", run, "--out", path).code == 0
        assert path.read_bytes() != before
    Path("page.html").write_bytes(before + b"<!-- with my notes -->")
    assert "would replace page.html" in refused(digitsum("report", run, "--out", "page.html"))


@pytest.mark.slow
def test_evaluate_replaces_no_file_of_somebody_else(run: Path) -> None:
    Path("why").mkdir()
    Path("why/sequence-6700.svg").write_text("mine")
    sequence = ("evaluate", run, "--sequence", "6700", "--out", "why")
    assert "would replace why/sequence-6700.svg" in refused(digitsum(*sequence))
    assert [path.name for path in Path("why").iterdir()] == ["sequence-6700.svg"]
    assert digitsum(*sequence, "--force").code == 0
    assert digitsum(*sequence).code == 0
    Path("why/diagnosis.json").write_text("mine")
    assert "would replace why/diagnosis.json" in refused(digitsum("evaluate", run, "--diagnose", "--out", "why"))
    assert Path("why/diagnosis.json").read_text() == "mine"


def test_checkpoint_without_a_run_is_shown_again_into_the_same_folder(run: Path) -> None:
    (checkpoint,) = (run / "checkpoints").iterdir()
    Path("alone.safetensors").write_bytes(checkpoint.read_bytes())
    show = ("evaluate", "alone.safetensors", "--sequence", "6700")
    for _ in range(2):
        assert digitsum(*show).code == 0
    Path("alone-diagnosis/sequence-6700.png").write_text("mine")
    assert "would replace alone-diagnosis/sequence-6700.png" in refused(digitsum(*show))


@pytest.mark.parametrize("text", ["", "{}", "3", "[" * 100_000, '"x"'])
def test_damaged_list_of_outputs_lets_nothing_be_replaced(text: str, tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.lock.touch()
    Outputs(run).write({Path("page"): b"first"})
    run.outputs.write_text(text)
    with pytest.raises(InputError, match="would replace page"):
        Outputs(run).write({Path("page"): b"second"})
    Outputs(run).write({Path("page"): b"first"})
    Outputs(run).write({Path("page"): b"second"})


def test_copies_of_configs_are_replaced_with_force() -> None:
    Path("srn.yaml").write_text("mine")
    refused(digitsum("configs", "srn", "--copy", "."))
    assert digitsum("configs", "srn", "--copy", ".", "--force").code == 0
    assert Path("srn.yaml").read_text() != "mine"
