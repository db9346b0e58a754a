"""What is derived from the store of a run, and was changed by somebody, is not believed."""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from digitsum_cli.errors import DigitsumWarning
from digitsum_cli.evaluation.saved_run import read_run
from digitsum_cli.rundir.store import Store
from digitsum_cli.rundir.store_tables import VERSION
from digitsum_cli.settings import Settings
from digitsum_cli.trials.plan import plan_trials
from digitsum_cli.trials.planned_settings import describes, planned_settings, without_continued
from tests.command_line import Ended, digitsum
from tests.settings_text import from_set

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")

GOLDEN = Path(__file__).parent / "golden" / "run-0.1.0"
FUSED = ("--set", "model.impl=fused", "-j", "1", "--out")
SWEEP = ("sweep", "--lengths", "4,5", "--seeds", "0,1", "--epochs", "2", *FUSED)
UNUSUAL = "0.04,0.07"
"""Thresholds that even untrained networks are about."""


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "run"
    assert digitsum(*SWEEP, path, "--threshold", UNUSUAL).code == 0
    return path


@pytest.fixture
def run(whole_run: Path, in_an_empty_folder: None) -> Path:
    """A run that was analysed with unusual thresholds."""
    return Path(shutil.copytree(whole_run, "run"))


@pytest.fixture
def old_run(in_an_empty_folder: None) -> Path:
    return Path(shutil.copytree(GOLDEN, "run"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def reported(run: Path) -> Ended:
    ended = digitsum("report", run, "--out", "page.html", "--force")
    assert ended.code == 0, ended.err
    return ended


def analysis_of(run: Path) -> dict[str, Any]:
    return read_run(run).analysis.to_dict()


SWEEPS = [
    ("data.lengths=5", "train.epochs=3"),
    ("data.lengths=7,4", "data.k.train=2", "data.seed=3", "sweep.train.seed=2,0,1", "sweep.train.lr=[0.1,0.01]"),
    ("data.lengths=4", "sweep.model.cell=gru,srn", "sweep.data.seed=0,1", "sweep.model.impl=fused,manual"),
    ("data.lengths=4", "data.rows=fresh", "model.cell=lstm", "model.forget_bias=chrono", "train.device=auto"),
    ("data.lengths=4", "sweep.train.clip_norm=[null,5]", "sweep.train.shuffle=[false,true]", "sweep.train.seed=[4]"),
    ("data.lengths=4", "data.distractors=2", "sweep.train.patience=[3,null,2]", "train.log_every=7"),
]


@pytest.mark.parametrize("assignments", SWEEPS)
def test_settings_are_known_from_the_trials(assignments: tuple[str, ...]) -> None:
    settings = from_set(*assignments)
    trials = plan_trials(settings).trials
    planned = planned_settings(trials)
    assert planned is not None
    assert plan_trials(planned).trials == trials
    assert describes(settings, trials)
    assert describes(planned, trials)


@pytest.mark.parametrize(
    "change",
    [
        *("train.epochs=4", "train.lr=0.5", "data.k.train=2", "data.seed=1", "data.lengths=5,4", "data.lengths=4"),
        *("sweep.train.seed=0", "sweep.train.seed=0..2", "model.cell=gru", "sweep.train.lr=[0.001,0.1]"),
    ],
)
def test_other_settings_do_not_describe_the_trials(change: str) -> None:
    settings = ("data.lengths=4,5", "train.epochs=3", "sweep.train.seed=0,1")
    assert not describes(from_set(*settings, change), plan_trials(from_set(*settings)).trials)


def test_trials_that_are_no_sweep_have_no_settings() -> None:
    trials = plan_trials(from_set("data.lengths=4", "sweep.train.seed=0,1", "sweep.train.lr=[0.1,0.01]")).trials
    assert planned_settings(trials[:3]) is None
    assert not describes(Settings(), trials[:3])


def test_trials_that_are_being_continued_are_not_in_the_settings() -> None:
    settings = ("data.lengths=4,5", "sweep.train.seed=0,1")
    longer, shorter = (plan_trials(from_set(*settings, f"train.epochs={epochs}")).trials for epochs in (9, 3))
    assert without_continued([*longer, *shorter[1:]]) == [*longer]
    assert without_continued(longer) == longer


def settings_on(page: Path) -> str:
    return page.read_text().replace("&#34;", '"')


@pytest.mark.slow
def test_settings_of_a_report_are_those_of_its_trainings(run: Path) -> None:
    before = (run / "config.yaml").read_text()
    assert "Warning" not in reported(run).err
    assert "digitsum sweep run/config.yaml --out again" in settings_on(Path("page.html"))
    edit(run / "config.yaml", "epochs: 2", "epochs: 500")
    warning = "run/config.yaml does not describe the trainings of this run; using the settings in results.sqlite"
    assert warning in reported(run).err
    page = settings_on(Path("page.html"))
    assert before in page
    assert (
        f"digitsum sweep settings.yaml --out again --threshold {UNUSUAL}    # with the settings below in settings.yaml"
        in page
    )
    assert "run/config.yaml" not in page
    assert "epochs: 500" not in page
    printed = digitsum("report", run, "--print-config")
    assert printed.out == before
    assert warning in printed.err


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_settings_that_cannot_be_read_are_those_of_the_trainings(damage: str, run: Path) -> None:
    before = (run / "config.yaml").read_text()
    if damage == "missing":
        (run / "config.yaml").unlink()
    else:
        (run / "config.yaml").write_text("train: [")
    printed = digitsum("report", run, "--print-config")
    assert printed.out == before
    assert "run/config.yaml" in printed.err


def test_settings_with_other_comments_and_order_are_as_good(run: Path) -> None:
    lines = (run / "config.yaml").read_text().replace("log_every: 100", "log_every: 7").splitlines()
    (run / "config.yaml").write_text("\n".join(["# mine", *lines]))
    assert digitsum("report", run, "--print-config").err == ""


def test_changed_config_is_not_what_a_resumed_run_is_compared_with(run: Path) -> None:
    edit(run / "config.yaml", "lr: 0.001", "lr: 0.5")
    ended = digitsum("sweep", run / "config.yaml", "--out", run, "--resume")
    assert ended.code == 2
    assert "train.lr was 0.001 and is now 0.5" in ended.err


def test_settings_of_data_in_files_have_their_folder(run: Path) -> None:
    digitsum("generate", "--lengths", "4", "--out", "data")
    sweep = ("sweep", "--lengths", "4", "--epochs", "1", "--seeds", "0,1", "--set", "data.dir=data", *FUSED, "read")
    assert digitsum(*sweep).code == 0
    before = (Path("read") / "config.yaml").read_text()
    edit(Path("read/config.yaml"), "epochs: 1", "epochs: 500")
    assert digitsum("report", "read", "--print-config").out == before
    edit(Path("read/config.yaml"), "dir: data", "dir: null")
    assert "dir: DIR" in digitsum("report", "read", "--print-config").out
    Path("read/config.yaml").write_text("train: [")
    assert "dir: DIR" in digitsum("report", "read", "--print-config").out


def test_settings_of_a_training_that_starts_from_a_checkpoint_name_it(run: Path) -> None:
    checkpoint = min((run / "checkpoints").glob("length4-*"))
    train = ("train", "--length", "4", "--epochs", "1", "--impl", "fused", "--from", checkpoint, "--out", "started")
    assert digitsum(*train).code == 0
    before = Path("started/config.yaml").read_text()
    printed = digitsum("report", "started", "--print-config")
    assert (printed.out, printed.err) == (before, "")
    for old, new in (("epochs: 1", "epochs: 500"), (checkpoint.name, "other.safetensors")):
        Path("started/config.yaml").write_text(before)
        edit(Path("started/config.yaml"), old, new)
        assert digitsum("report", "started", "--print-config").out == before


def test_answer_does_not_depend_on_files_that_are_derived(run: Path) -> None:
    before = analysis_of(run)
    assert sorted({row["threshold"] for row in before["memory_spans"]}) == [0.04, 0.07]
    analysis = json.loads((run / "analysis.json").read_text())
    for row in analysis["memory_spans"]:
        row["threshold"] += 0.01
    (run / "analysis.json").write_text(json.dumps(analysis))
    edit(run / "results.csv", ",done,", ",failed,")
    (run / "history.csv").write_text("step\n")
    assert analysis_of(run) == before
    for name in ("analysis.json", "results.csv", "history.csv"):
        (run / name).unlink()
    assert analysis_of(run) == before


def test_changed_thresholds_in_a_store_are_noticed(run: Path) -> None:
    with sqlite3.connect(run / "results.sqlite") as connection:
        connection.execute("UPDATE options SET value = '[0.1]'")
    ended = digitsum("report", run)
    assert ended.code == 2
    assert "is damaged: the thresholds do not match their checksum" in ended.err


@pytest.mark.parametrize("threshold", ["0.01", "7", "null"])
def test_changed_thresholds_of_an_older_run_are_noticed(threshold: str, old_run: Path) -> None:
    before = analysis_of(old_run)
    edit(old_run / "analysis.json", '"threshold": 0.5', f'"threshold": {threshold}')
    with pytest.warns(DigitsumWarning, match=r"run/analysis\.json does not match the results .* default thresholds"):
        assert analysis_of(old_run) == before


def test_older_run_of_one_length_has_the_default_thresholds() -> None:
    one = ("sweep", "--lengths", "4", "--seeds", "0", "--epochs", "1", *FUSED, "run")
    assert digitsum(*one, "--threshold", "0.3").code == 0
    with sqlite3.connect("run/results.sqlite") as connection:
        connection.execute("DROP TABLE options")
        connection.execute("PRAGMA user_version = 5")
    assert json.loads(Path("run/analysis.json").read_text())["memory_spans"] == []
    (row,) = analysis_of(Path("run"))["summary"]
    assert [reached["threshold"] for reached in row["reached"]] == [0.5, 0.9]
    ended = reported(Path("run"))
    assert "default thresholds" not in ended.err
    assert "--out again --threshold 0.5,0.9" in Path("page.html").read_text()


def test_changed_settings_of_an_older_run_are_noticed(old_run: Path) -> None:
    before = digitsum("report", old_run, "--print-config")
    edit(old_run / "config.yaml", "epochs: 6", "epochs: 500")
    after = digitsum("report", old_run, "--print-config")
    assert "run/config.yaml does not describe the trainings" in after.err
    assert after.out == before.out


def test_store_without_thresholds_is_migrated_when_the_run_is_resumed(run: Path) -> None:
    with sqlite3.connect(run / "results.sqlite") as connection:
        connection.execute("DROP TABLE options")
        connection.execute("PRAGMA user_version = 5")
    content = (run / "results.sqlite").read_bytes()
    assert sorted({row["threshold"] for row in analysis_of(run)["memory_spans"]}) == [0.04, 0.07]
    assert (run / "results.sqlite").read_bytes() == content
    assert digitsum(*SWEEP, run, "--resume", "--threshold", "0.3").code == 0
    with sqlite3.connect(run / "results.sqlite") as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    with Store(run / "results.sqlite") as store:
        assert store.thresholds() == (0.3,)
