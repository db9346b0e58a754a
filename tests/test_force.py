"""What ``--force`` overwrites is kept until the new run has its first result, however the new one ends before it."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from digitsum_cli.core.outputs import sha256_of_file
from digitsum_cli.core.user_code import find_user_code
from digitsum_cli.errors import InputError, NoSpaceError
from digitsum_cli.rundir.access import exclusive_run_directory
from digitsum_cli.rundir.directory import RunDirectory
from digitsum_cli.rundir.replaced import ReplacedRun
from tests.command_line import digitsum
from tests.running import Command
from tests.same_run import numbers
from tests.test_faults import fail_for_seeds

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")

SWEEP = ("sweep", "--lengths", "4", "--seeds", "0,1", "--epochs", "1", "--impl", "fused", "-j", "1", "--out")
OTHER = (*SWEEP, "run", "--force", "--set", "train.lr=0.5")
OWN = dict.fromkeys(("notes.txt", "checkpoints/x.safetensors", "figures/accuracy.pdf", "diagnosis/gates.txt"), "mine")


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "run"
    assert digitsum(*SWEEP, path).code == 0
    assert digitsum("report", path).code == 0
    return path


@pytest.fixture
def run(whole_run: Path, in_an_empty_folder: None) -> Path:
    """A run, with files of the user's in its folders, a report and a diagnosis."""
    path = Path(shutil.copytree(whole_run, "run"))
    (path / "starts").mkdir()
    (path / "starts" / f"{'0' * 64}.safetensors").write_text("weights that trainings start from")
    for name, text in OWN.items():
        (path / name).write_text(text)
    return path


def files(path: Path) -> dict[str, str | None]:
    """The SHA-256 of every file but those of the lock and the partial ones of a killed process."""
    ignored = (".lock", ".writer.json")
    found = (each for each in path.rglob("*") if each.is_file() and each.suffix != ".part" and each.name not in ignored)
    return {str(each.relative_to(path)): sha256_of_file(each) for each in found}


def assert_users_files_are_there(run: Path) -> None:
    assert {name: (run / name).read_text() for name in OWN} == OWN


def test_new_run_takes_the_place_of_the_earlier_one(run: Path) -> None:
    assert digitsum(*OTHER).code == 0
    assert {row["lr"] for row in numbers(run)} == {"0.5"}
    assert not (run / "replaced-by-force").exists()
    assert not (run / "report.html").exists()
    assert_users_files_are_there(run)
    assert len(list((run / "checkpoints").glob("length4-*"))) == 2


@pytest.mark.slow
def test_every_figure_and_all_code_of_the_earlier_run_is_gone() -> None:
    axis = ("--set", "sweep.train.lr=0.001,0.01,0.1", "--set", "train.record_gradients=true")
    assert digitsum(*SWEEP, "run", *axis, "--lengths", "4").code == 0
    assert digitsum("evaluate", "run", "--diagnose", "--lengths", "4,6", "--sequence", "1 2 0").code == 0
    Path("cell.py").write_text("class A: pass")
    RunDirectory(Path("run")).write_code(find_user_code("./cell.py:A"))
    before = files(Path("run"))
    assert {"figures/reached.png", "diagnosis/lengths-reached.png"} <= before.keys()
    assert any(name.startswith("code/") for name in before)
    assert digitsum(*OTHER).code == 0
    after = files(Path("run"))
    assert [name for name in after if name.startswith(("diagnosis/", "code/"))] == []
    assert {Path(name).stem.partition("-")[0] for name in after if name.startswith("figures/")} == {"loss", "accuracy"}
    assert not Path("run/code").exists()


def test_earlier_run_is_back_if_no_training_succeeds(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(run)
    fail_for_seeds(monkeypatch, 0, 1)
    ended = digitsum(*OTHER)
    assert ended.code == 3
    assert "all 2 trials that ran failed. First: length 4, seed 0: RuntimeError: a fault at seed 0" in ended.err
    assert "the earlier run is back in run" in ended.err
    assert files(run) == before


def test_earlier_run_is_gone_if_one_training_succeeds(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_for_seeds(monkeypatch, 0)
    assert digitsum(*OTHER).code == 3
    assert [row["status"] for row in numbers(run)] == ["failed", "done"]
    assert not (run / "replaced-by-force").exists()


@pytest.mark.parametrize("place", ["executor", "store", "config"])
def test_earlier_run_is_back_if_the_new_one_cannot_start(
    place: str, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(run)
    target = {"executor": "TrialExecutor", "store": "Store.plan", "config": "settings_yaml"}[place]

    def broken(*_: object, **__: object) -> None:
        raise NoSpaceError("cannot write it: No space left on device")

    with monkeypatch.context() as faulty:
        faulty.setattr(f"digitsum_cli.study.study.{target}", broken)
        ended = digitsum(*OTHER)
    assert ended.code == 1
    assert "The new run had no result yet; the earlier run is back in run" in ended.err
    assert files(run) == before
    assert digitsum(*SWEEP, "run", "--resume").code == 0


@pytest.mark.slow
def test_earlier_run_is_back_after_ctrl_c(run: Path) -> None:
    before = files(run)
    with Command(*OTHER, "--epochs", "1000000") as command:
        command.wait_until((run / "replaced-by-force").is_dir, "the earlier run is aside")
        command.wait_for_line("Trainings to run")
        stopped = command.stop(signal.SIGINT)
    assert stopped.code == 130
    assert "interrupted. The new run had no result yet; the earlier run is back in run" in stopped.err
    assert "To resume" not in stopped.err
    assert files(run) == before


@pytest.mark.slow
def test_earlier_run_is_found_after_a_kill(run: Path) -> None:
    before = files(run)
    with Command(*OTHER, "--epochs", "1000000") as command:
        command.wait_until((run / "replaced-by-force").is_dir, "the earlier run is aside")
        command.wait_for_line("Trainings to run")
        command.stop(signal.SIGKILL)
    for reader in (("evaluate", "run"), ("report", "run")):
        ended = digitsum(*reader)
        assert ended.code == 2
        assert "The run that --force was overwriting is in run/replaced-by-force" in ended.err
    assert digitsum("evaluate", "run/replaced-by-force").code == 0
    ended = digitsum(*SWEEP, "run")
    assert ended.code == 2
    assert "already contains a run" in ended.err
    assert files(run) == before
    assert digitsum(*SWEEP, "run", "--resume").code == 0


@pytest.mark.slow
def test_state_of_a_new_training_and_the_earlier_run_are_both_kept(run: Path) -> None:
    """Until the new training has ended; the command says where the earlier run is."""
    rows = numbers(run)
    train = ("train", "--length", "6", "--epochs", "60", "--set", "train.log_every=50", "--out", "run")
    with Command(*train, "--force") as command:
        command.wait_until((run / "training-state.safetensors").exists, "its first evaluation")
        stopped = command.stop(signal.SIGINT)
    assert "The earlier run is in run/replaced-by-force until the new one has its first result" in stopped.err
    assert "To resume" in stopped.err
    assert "already contains a run (config.yaml" in digitsum(*train).err
    assert numbers(run / "replaced-by-force") == rows
    assert digitsum(*train, "--resume").code == 0
    assert [row["length"] for row in numbers(run)] == ["6"]
    assert not (run / "replaced-by-force").exists()


@contextmanager
def killed_at(operation: int) -> Iterator[None]:
    """Kills this process at one of its renames and deletions."""
    count = 0

    def counted(honest: Callable[..., None]) -> Callable[..., None]:
        def change(*arguments: object) -> None:
            nonlocal count
            count += 1
            if count > operation:
                os.kill(os.getpid(), signal.SIGKILL)
            honest(*arguments)

        return change

    with pytest.MonkeyPatch.context() as patch:
        for name in ("rename", "unlink", "rmdir"):
            patch.setattr(Path, name, counted(getattr(Path, name)))
        yield


def in_a_process(work: Callable[[], None]) -> int:
    """The exit status of a copy of this process that does something."""
    process = os.fork()
    if not process:
        try:
            work()
        except BaseException:  # the status tells that it failed
            os._exit(1)
        os._exit(0)
    return os.waitpid(process, 0)[1]


def overwrite(path: Path, *, discard: bool) -> None:
    """Overwrites a run as a study does: up to its first result, or to an error before it."""
    run = RunDirectory(path)
    with exclusive_run_directory(run, resume=False, force=True) as replaced:
        run.config.write_text("new")
        run.checkpoints.mkdir(exist_ok=True)
        run.checkpoint("length4-srn-fused-seed0-0123456789abcdef").write_text("new")
        if not discard:
            raise KeyboardInterrupt
        shutil.copy(path.parent / "finished.sqlite", run.store)
        replaced.discard()


@pytest.mark.parametrize("discard", [False, True])
@pytest.mark.slow
def test_killed_at_any_change_one_of_the_runs_is_whole(discard: bool, run: Path) -> None:
    """In the move aside, in the deletion of the new run, in the move back, in the deletion of the earlier run."""
    shutil.copy(run / "results.sqlite", "finished.sqlite")
    shutil.copytree(run, "before")
    before, kills = files(run), 0

    def work() -> None:
        with killed_at(kills):
            overwrite(run, discard=discard)

    while os.WIFSIGNALED(in_a_process(work)):
        with pytest.raises(InputError), exclusive_run_directory(RunDirectory(run), resume=False, force=False):
            pass
        assert not ReplacedRun(RunDirectory(run)).exists()
        if (run / "config.yaml").read_text() == "new":
            assert discard, "it had a result"
            assert set(files(run)) == {"config.yaml", "results.sqlite", *new_checkpoint(run), *OWN}
        else:
            assert files(run) == before
        assert_users_files_are_there(run)
        shutil.rmtree(run)
        shutil.copytree("before", run)
        kills += 1
    assert kills > 30


def interrupt_after_the_first_result(run: Path) -> None:
    with exclusive_run_directory(RunDirectory(run), resume=False, force=True) as replaced:
        shutil.copy(replaced.place / "results.sqlite", run)
        (replaced.place / "notes.txt").write_text("mine")
        replaced.discard()
        raise KeyboardInterrupt


def test_file_in_the_folder_of_the_earlier_run_does_no_harm_to_the_new_one(run: Path) -> None:
    """It keeps the folder from being deleted."""
    with pytest.raises(KeyboardInterrupt):
        interrupt_after_the_first_result(run)
    assert (run / "results.sqlite").exists()
    assert files(run / "replaced-by-force").keys() == {"notes.txt"}


def new_checkpoint(run: Path) -> list[str]:
    return [f"checkpoints/{path.name}" for path in (run / "checkpoints").glob("length4-*0123456789abcdef*")]


@pytest.mark.parametrize("options", [(), ("--force",), ("--resume",)])
def test_file_with_the_name_of_a_folder_of_a_run_is_the_users(options: tuple[str, ...], run: Path) -> None:
    shutil.rmtree(run / "checkpoints")
    (run / "checkpoints").write_text("mine")
    before = files(run)
    ended = digitsum(*SWEEP, "run", *options)
    assert ended.code == 2
    assert "run/checkpoints is a file, which no run has there. Move it" in ended.err
    assert files(run) == before


def test_report_that_somebody_else_wrote_is_kept(run: Path) -> None:
    (run / "report.html").write_text("mine")
    assert digitsum(*OTHER).code == 0
    assert (run / "report.html").read_text() == "mine"
