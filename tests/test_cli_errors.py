"""Wrong input, damaged files and failures, as a user of the commands meets them."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import digitsum, digitsum_process
from tests.running import HANG

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


BAD_COMMANDS = [
    (("generate", "--lengths", "2"), "--lengths 2: data.lengths: the length 2 is too short"),
    (("generate", "--lengths", "35..5"), "--lengths 35..5: data.lengths: the range 35..5 runs backwards; write 5..35"),
    (("generate", "--lengths", "five"), "'five' is not a number, a list such as"),
    (("generate", "--k-train", "0"), "--k-train 0: data.k.train is 0"),
    (("generate", "--k-test", "-1"), "--k-test -1: data.k.test is -1"),
    (("generate", "--seed", "x"), "--seed x: data.seed is 'x'"),
    (("generate", "--set", "data.dir=there"), "generate does not read existing data"),
    (("generate", "nowhere.yaml"), "there is no config 'nowhere.yaml'; allowed: the path of a YAML file, or"),
    (("sweep", "srm"), "or the name of a shipped config: book, cells, "),
    (("sweep", "configs/quik.yaml"), "there is no config 'configs/quik.yaml'"),
    (("sweep", "configs/quik.yaml"), "Did you mean 'quick'?"),
    (("train", "."), ". is a folder, not a config"),
    (("configs", "srm"), "there is no shipped config 'srm'; allowed: book, cells,"),
    (("sweep", "--epochs", "0"), "--epochs 0: train.epochs is 0"),
    (("sweep", "--impl", "fast"), "there is no implementation 'fast'; allowed: manual, torch, fused"),
    (("sweep", "--seeds", "3..1"), "the range 3..1 runs backwards"),
    (("sweep", "--set", "model.cell=elman"), "there is no cell 'elman'; allowed: srn"),
    (("sweep", "--set", "train.lr=0"), "train.lr is 0"),
    (("sweep", "--set", "train.batch_size=0"), "train.batch_size is 0"),
    (("sweep", "--set", "modle.cell=srn"), "Did you mean 'model'?"),
    (("sweep", "--set", "data.dir=nowhere"), "cannot read nowhere/5/train.txt"),
    (("train", "--length", "1"), "the length 1 is too short"),
    (("train", "--seed", "-1"), "train.seed is -1"),
    (("train", "--set", "train.device=tpu"), "there is no device 'tpu'; allowed: cpu, cuda, mps, auto"),
    (("sweep", "--impl", "fused", "--set", "train.device=cuda"), "impl fused does not run on 'cuda'"),
    (("compare", "--impl", "manual"), "cannot compare 'manual' on its own"),
    (("evaluate", "nowhere"), "no checkpoint at nowhere"),
    (("evaluate", "."), "is not a run with checkpoints"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_COMMANDS, ids=lambda value: " ".join(value)[:40])
def test_bad_input_is_one_message_and_writes_nothing(arguments: tuple[str, ...], message: str) -> None:
    ended = digitsum(*arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith("Error: ")
    assert len(ended.err.splitlines()) == 1
    assert message in ended.err
    assert not list(Path().iterdir())


@pytest.mark.parametrize("arguments", [("sweep", "--nosuch"), ("nosuch",), ("sweep", "-j", "0"), ("evaluate",)])
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...]) -> None:
    ended = digitsum(*arguments)
    assert ended.code == 2
    assert "Traceback" not in ended.err


def test_bad_file_is_named_with_its_line() -> None:
    Path("bad.yaml").write_text("train:\n  epochs: 10\n  lr: fast\n")
    ended = digitsum("sweep", "bad.yaml")
    assert ended.code == 2
    assert ended.err.startswith("Error: bad.yaml:3: train.lr is 'fast'; allowed: a number above 0")


@pytest.mark.slow
def test_run_that_stands_is_not_overwritten() -> None:
    digitsum("train", "--length", "4", "--epochs", "1", "--out", "run")
    before = Path("run/results.csv").read_bytes()
    for command in (("train", "--length", "4"), ("sweep", "--lengths", "4"), ("compare", "--lengths", "4")):
        ended = digitsum(*command, "--epochs", "1", "--out", "run")
        assert ended.code == 2
        assert "already contains a run" in ended.err
        assert "--force" in ended.err
    assert Path("run/results.csv").read_bytes() == before
    assert digitsum("train", "--length", "4", "--epochs", "1", "--out", "run", "--force").code == 0


def test_output_below_a_file_is_refused() -> None:
    Path("file").write_text("mine")
    for arguments in (("generate", "--lengths", "4"), ("train", "--length", "4"), ("sweep", "--lengths", "4")):
        for out in ("file", "file/below"):
            ended = digitsum(*arguments, "--out", out)
            assert ended.code == 2, arguments
            assert "Choose another" in ended.err
    assert Path("file").read_text() == "mine"


@pytest.mark.parametrize("damage", ["truncated", "text", "empty"])
@pytest.mark.slow
def test_damaged_checkpoint_is_refused(damage: str) -> None:
    digitsum("train", "--length", "4", "--epochs", "1", "--out", "run")
    (checkpoint,) = Path("run/checkpoints").iterdir()
    content = {"truncated": checkpoint.read_bytes()[:-10], "text": b"hello" * 40, "empty": b""}[damage]
    checkpoint.write_bytes(content)
    ended = digitsum("evaluate", checkpoint)
    assert ended.code == 2
    assert "damaged" in ended.err


def cut(run: Path) -> tuple[Path, Path]:
    """Cuts one checkpoint of a run in the middle and puts the weights of another trial in place of a second."""
    first, second, third = sorted(run.glob("checkpoints/*"))
    first.write_bytes(first.read_bytes()[:-100])
    second.write_bytes(third.read_bytes())
    return first, second


@pytest.mark.slow
def test_damaged_checkpoints_of_a_run_are_named_and_the_others_evaluated() -> None:
    digitsum("sweep", "--lengths", "4", "--seeds", "0..2", "--epochs", "1", "--impl", "fused", "--out", "run")
    damaged = cut(Path("run"))
    for command in (("evaluate", "run"), ("report", "run")):
        ended = digitsum(*command)
        assert ended.code == 0, ended.err
        assert [ended.err.count(f"left out: {path}") for path in damaged] == [1, 1]


@pytest.mark.slow
@pytest.mark.slow
def test_run_whose_only_checkpoint_is_damaged_is_reported_and_not_evaluated() -> None:
    digitsum("train", "--length", "4", "--epochs", "1", "--out", "run")
    (checkpoint,) = Path("run/checkpoints").iterdir()
    checkpoint.write_bytes(b"")
    reported = digitsum("report", "run")
    assert reported.code == 0, reported.err
    assert f"left out: {checkpoint}" in reported.err
    evaluated = digitsum("evaluate", "run")
    assert evaluated.code == 2
    assert "no checkpoint in run is intact. To train them again" in evaluated.err


@pytest.mark.slow
def test_resume_trains_again_what_has_lost_its_weights() -> None:
    sweep = ("sweep", "--lengths", "4", "--seeds", "0..2", "--epochs", "1", "--impl", "fused", "--out", "run")
    digitsum(*sweep)
    before = {path: path.read_bytes() for path in Path("run/checkpoints").iterdir()}
    first, second = cut(Path("run"))
    resumed = digitsum(*sweep, "--resume")
    assert resumed.code == 0
    assert f"{first} is damaged, so this trial runs again" in resumed.err
    assert f"{second} is another trial's, so this trial runs again" in resumed.err
    assert {path: path.read_bytes() for path in Path("run/checkpoints").iterdir()} == before


def test_checkpoint_from_other_settings_is_refused() -> None:
    digitsum("train", "--length", "4", "--epochs", "1", "--out", "run")
    ended = digitsum("evaluate", "run", "--set", "model.hidden_size=16")
    assert ended.code == 2
    assert "was trained with model.hidden_size 32, not 16" in ended.err
    ended = digitsum("evaluate", "run", "--data", "nowhere")
    assert ended.code == 2
    assert "cannot read nowhere/4/train.txt" in ended.err


@pytest.mark.slow
def test_trials_that_diverge_exit_with_3_and_save_the_rest() -> None:
    ended = digitsum(
        *("sweep", "--lengths", "4", "--impl", "manual", "--seeds", "0", "--epochs", "1", "-j", "1", "--out", "run"),
        *("--set", "sweep.train.lr=[0.001,1e37]"),
    )
    assert ended.code == 3
    assert "1 of 2 trials failed or diverged; the others are saved" in ended.err
    assert [row["status"] for row in csv.DictReader(Path("run/results.csv").read_text().splitlines())] == [
        "done",
        "diverged",
    ]


@pytest.mark.slow
def test_debug_shows_the_traceback() -> None:
    ended = digitsum_process("sweep", "--epochs", "0", "--debug")
    assert "Traceback" in ended.err
    assert "Traceback" not in digitsum_process("sweep", "--epochs", "0").err


def test_resume_needs_a_run_and_no_force() -> None:
    assert "Name the run to resume with --out" in digitsum("sweep", "--resume").err
    assert digitsum("sweep", "--resume", "--force", "--out", "run").code == 2


@pytest.mark.parametrize("command", ["generate", "train", "sweep", "compare", "report", "evaluate", "configs"])
def test_empty_name_is_not_the_present_folder(command: str) -> None:
    Path("report.html").write_text("mine")
    source = {"report": ("run",), "evaluate": ("run", "--diagnose")}.get(command, ())
    force = ("--force",) if command in ("train", "sweep", "compare") else ()
    ended = digitsum(command, *source, "--copy" if command == "configs" else "--out", "", *force)
    assert ended.code == 2
    assert "the path is empty" in ended.err
    assert [path.name for path in Path().iterdir()] == ["report.html"]


@pytest.mark.parametrize("options", [(), ("--force",), ("--resume",)])
def test_folder_that_is_no_run_is_not_written_over(options: tuple[str, ...]) -> None:
    Path("project/figures").mkdir(parents=True)
    files = [Path("project") / name for name in ("config.yaml", "report.html", "results.csv", "figures/a.png")]
    for path in files:
        path.write_text("mine")
    for command in (("train", "--length", "4"), ("sweep", "--lengths", "4")):
        ended = digitsum(*command, "--epochs", "1", "--out", "project", *options)
        assert ended.code == 2
        assert "project is not a digitsum run" in ended.err
    assert all(path.read_text() == "mine" for path in files)


def test_folder_with_nothing_in_it_but_empty_folders_is_free() -> None:
    Path("run/figures").mkdir(parents=True)
    assert digitsum("train", "--length", "4", "--epochs", "1", "--out", "run").code == 0


@pytest.mark.slow
def test_run_whose_store_is_missing_is_replaced_if_that_is_asked_for() -> None:
    """As after a kill while a run was being deleted."""
    train = ("train", "--length", "4", "--epochs", "1", "--out", "run")
    digitsum(*train)
    Path("run/results.sqlite").unlink()
    assert "already contains a run" in digitsum(*train).err
    assert "results.sqlite is missing" in digitsum(*train, "--resume").err
    assert digitsum(*train, "--force").code == 0


def test_store_that_was_being_made_is_made_anew() -> None:
    Path("run").mkdir()
    for name in ("results.sqlite", "results.sqlite-journal", ".lock"):
        (Path("run") / name).write_bytes(b"")
    assert digitsum("train", "--length", "4", "--epochs", "1", "--out", "run", "--resume").code == 0


def test_checkpoint_in_a_folder_that_is_no_run_is_read() -> None:
    digitsum("train", "--length", "4", "--epochs", "1", "--out", "run")
    Path("home/checkpoints").mkdir(parents=True)
    Path("elsewhere").mkdir()
    Path("home/figures").symlink_to(Path("elsewhere").resolve())
    (kept,) = Path("run/checkpoints").iterdir()
    copy = Path("home/checkpoints/best.safetensors")
    copy.write_bytes(kept.read_bytes())
    assert digitsum("evaluate", copy).code == 0


def in_a_shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command line with ``digitsum`` in it, and its pipes."""
    digitsum_here = f"{sys.executable} -m digitsum_cli"
    return subprocess.run(
        ["bash", "-c", line.replace("digitsum ", f"{digitsum_here} ")],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=HANG,
        check=False,
    )


SWEEP = "digitsum sweep --lengths 4,5 --seeds 0..9 --epochs 2 --impl fused --out run"


@pytest.mark.parametrize("ending", ["2>&1 | head -1", "2>/dev/full", "2>&-", ">&-", "2> >(head -1)"])
@pytest.mark.slow
def test_sweep_goes_on_when_nobody_reads_what_it_says(ending: str) -> None:
    ended = in_a_shell(f"{SWEEP} {ending}; exit ${{PIPESTATUS[0]}}")
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(Path("run/results.csv").read_text().splitlines()) == 21
    assert Path("run/analysis.json").exists()


@pytest.mark.parametrize("line", ["digitsum generate --lengths 4", "digitsum sweep --print-config", "digitsum --help"])
@pytest.mark.slow
def test_output_that_finds_no_room_is_an_error_in_one_line(line: str) -> None:
    ended = in_a_shell(f"{line} >/dev/full")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == "Error: cannot write the output: No space left on device"
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
@pytest.mark.slow
def test_signs_that_the_terminal_lacks_are_left_out(encoding: str) -> None:
    ended = in_a_shell(f"{SWEEP} && digitsum evaluate run --sequence '1 2 0 0'", PYTHONIOENCODING=encoding)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.slow
def test_run_whose_weights_are_missing_says_so_and_makes_them_again() -> None:
    sweep = ("sweep", "--lengths", "4", "--seeds", "0..2", "--epochs", "1", "--impl", "fused", "--out", "run")
    digitsum(*sweep)
    lost, *_ = sorted(Path("run/checkpoints").iterdir())
    content = lost.read_bytes()
    lost.unlink()
    for command in (("evaluate", "run"), ("report", "run")):
        ended = digitsum(*command)
        assert ended.code == 0
        assert "run has no checkpoint for 1 of its finished trials" in ended.err
    resumed = digitsum(*sweep, "--resume")
    assert "Trainings to run: 1; already saved: 2" in resumed.err
    assert lost.read_bytes() == content


@pytest.mark.slow
def test_failed_training_says_what_can_be_done() -> None:
    ended = digitsum("train", "--length", "4", "--set", "train.lr=1e37", "--out", "run")
    assert ended.code == 3
    assert "to train it again, add --resume" in ended.err
    assert digitsum("train", "--length", "4", "--set", "train.lr=1e37", "--out", "run", "--resume").code == 3


def test_resume_without_a_run_says_so() -> None:
    ended = digitsum("sweep", "--lengths", "4", "--epochs", "1", "--impl", "fused", "--out", "typo", "--resume")
    assert ended.code == 0
    assert "There is no run in typo yet; starting a new one" in ended.err


def test_seeds_of_any_length_are_refused_without_being_repeated_as_an_axis() -> None:
    for value in ("9" * 5000, "1," * 5000 + "2"):
        ended = digitsum("sweep", "--set", f"train.seed={value}", "--seeds", value)
        assert ended.code == 2
        assert "itself went wrong" not in ended.err
        assert "To sweep over" not in ended.err


@pytest.mark.parametrize(("seeds", "said"), [("10", True), ("0", False), ("1", False), ("0..1", False), ("3,5", False)])
def test_single_seed_that_could_be_a_number_of_seeds_is_explained(seeds: str, said: bool) -> None:
    for command in ("sweep", "compare"):
        err = digitsum(command, "--seeds", seeds, "--print-config").err
        assert ("--seeds 10 is one seed, 10; for 10 seeds, use --seeds 0..9" in err) == said


def test_option_of_which_only_the_last_value_counts_is_named() -> None:
    once = ("sweep", "--lengths", "5", "--set", "train.lr=1", "--set", "train.seed=3", "--print-config")
    assert "Warning" not in digitsum(*once).err
    twice = digitsum(*once, "--lengths", "7")
    assert "Warning: --lengths is given 2 times; only the last one counts" in twice.err
    assert "lengths: [7]" in twice.out or "lengths:\n  - 7" in twice.out
