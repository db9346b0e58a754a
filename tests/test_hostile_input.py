"""Input that was made to do harm: nothing runs, nothing but what was given is read or written, all is bounded."""

import json
import os
import pickle
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digitsum_cli.core.checkpoint import Weights, read_checkpoint, write_checkpoint
from digitsum_cli.core.data_files import read_splits, write_splits
from digitsum_cli.core.generation import generate_splits
from digitsum_cli.errors import InputError
from digitsum_cli.rundir.digest import sha256_of
from digitsum_cli.rundir.store import Store
from tests.command_line import Ended, digitsum
from tests.running import processor_seconds_below

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


SWEEP = ("sweep", "--lengths", "4,5", "--seeds", "0", "--epochs", "1", "--impl", "fused", "--out")


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "run"
    assert digitsum(*SWEEP, path).code == 0
    return path


@pytest.fixture
def run(whole_run: Path, in_an_empty_folder: None) -> Path:
    """A copy of a whole run, to damage."""
    return Path(shutil.copytree(whole_run, "run"))


def refused(ended: Ended) -> str:
    assert ended.code == 2, (ended.code, ended.out, ended.err)
    assert ended.out == ""
    assert "Traceback" not in ended.err
    return ended.err


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder that nobody gave to the tool, with a file in it."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "precious").write_text("mine")
    return folder


COMMANDS: dict[str, Callable[[], Ended]] = {
    "sweep": lambda: digitsum(*SWEEP, "run", "--force"),
    "resume": lambda: digitsum(*SWEEP, "run", "--resume"),
    "evaluate": lambda: digitsum("evaluate", "run"),
    "diagnose": lambda: digitsum("evaluate", "run", "--diagnose"),
    "report": lambda: digitsum("report", "run"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ["checkpoints", "figures", "diagnosis", "results.sqlite", "config.yaml"])
def test_link_out_of_a_run_is_not_followed(command: str, name: str, run: Path, elsewhere: Path) -> None:
    link = run / name
    if link.is_dir():
        link.rename(run / "away")
    else:
        link.unlink(missing_ok=True)
    link.symlink_to(elsewhere if "." not in name else elsewhere / "precious")
    assert "leads out of run" in refused(COMMANDS[command]())
    assert [path.name for path in elsewhere.iterdir()] == ["precious"]
    assert (elsewhere / "precious").read_text() == "mine"


@pytest.mark.parametrize("command", ["evaluate", "diagnose", "report"])
def test_link_in_place_of_a_checkpoint_is_not_followed(command: str, run: Path, elsewhere: Path) -> None:
    checkpoint = min((run / "checkpoints").iterdir())
    checkpoint.rename(elsewhere / checkpoint.name)
    checkpoint.symlink_to(elsewhere / checkpoint.name)
    assert "leads out of run" in refused(COMMANDS[command]())


@pytest.mark.parametrize("name", ["diagnosis", "diagnosis/own", "config.yaml"])
def test_link_out_of_the_run_of_a_single_checkpoint_is_not_followed(name: str, run: Path, elsewhere: Path) -> None:
    checkpoint = min((run / "checkpoints").iterdir())
    link = run / name.replace("own", checkpoint.stem)
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(elsewhere)
    assert "leads out of run" in refused(digitsum("evaluate", checkpoint, "--diagnose"))
    assert [path.name for path in elsewhere.iterdir()] == ["precious"]


@pytest.mark.parametrize("name", [".lock", ".writer.json"])
def test_lock_that_is_a_link_is_not_followed(name: str, run: Path, elsewhere: Path) -> None:
    (run / name).unlink(missing_ok=True)
    (run / name).symlink_to(elsewhere / "precious")
    for command in ("sweep", "resume"):
        assert "leads out of run" in refused(COMMANDS[command]())
    assert (elsewhere / "precious").read_text() == "mine"


@pytest.mark.slow
def test_temporary_files_of_other_runs_are_left_alone(run: Path) -> None:
    part = Path("run/inner/.0123456789abcdef0123456789abcdef.part")
    part.parent.mkdir()
    part.write_text("being written")
    mine = run / "figures" / part.name
    mine.write_text("left over")
    assert COMMANDS["resume"]().code == 0
    assert part.exists()
    assert not mine.exists()


@pytest.mark.parametrize("link", ["5", "5/train.txt", "5/eval.txt"])
def test_link_out_of_a_data_folder_is_not_followed(link: str, elsewhere: Path) -> None:
    write_splits(Path("data"), generate_splits([5]))
    target = elsewhere / "moved"
    (Path("data") / link).rename(target)
    (Path("data") / link).symlink_to(target)
    with pytest.raises(InputError, match="leads out of data"):
        read_splits(Path("data"), 5)
    assert "leads out of data" in refused(digitsum("train", "--length", "5", "--set", "data.dir=data"))
    if link == "5":
        assert "leads out of data" in refused(digitsum("generate", "--lengths", "5", "--out", "data"))


def test_links_that_stay_inside_and_a_folder_that_is_itself_a_link_are_fine(run: Path) -> None:
    (run / "checkpoints").rename(run / "kept")
    (run / "checkpoints").symlink_to("kept")
    Path("alias").symlink_to(run)
    assert digitsum("evaluate", "alias").code == 0


def test_links_in_a_circle_are_refused(run: Path) -> None:
    (run / "report.html").symlink_to("report.html")
    assert "report.html" in refused(digitsum("report", "run"))


@pytest.mark.parametrize("name", ["../../elsewhere/precious", "/etc/passwd", "a/b", "srn\0"])
@pytest.mark.slow
def test_names_in_a_store_lead_nowhere(name: str, run: Path) -> None:
    with sqlite3.connect(run / "results.sqlite") as connection:
        ((identity, settings),) = connection.execute("SELECT id, settings FROM trials LIMIT 1").fetchall()
        forged = json.dumps(with_lies(json.loads(settings), {"model.cell": name}))
        connection.execute("UPDATE trials SET settings = ? WHERE id = ?", (forged, identity))
    for command in ("evaluate", "diagnose", "report"):
        assert "is damaged" in refused(COMMANDS[command]())
    assert COMMANDS["resume"]().code == 0, "a resumed sweep knows its trials from its settings"
    assert COMMANDS["evaluate"]().code == 0


@pytest.mark.parametrize("lengths", ["../5", "5/../6", "/etc", "..", "5;6"])
def test_lengths_are_numbers_and_nothing_else(lengths: str, elsewhere: Path) -> None:
    refused(digitsum("generate", "--lengths", lengths, "--out", "data"))
    refused(digitsum("train", "--length", lengths, "--set", f"data.dir={elsewhere}"))
    assert not Path("data").exists()


ENDLESS = """
WITH RECURSIVE forever(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM forever)
SELECT n AS id, n AS position, '{}' AS settings FROM forever
"""


def test_store_with_an_endless_view_in_place_of_a_table_is_refused_at_once(run: Path) -> None:
    with sqlite3.connect(run / "results.sqlite") as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DROP TABLE trials")
        connection.execute(f"CREATE VIEW trials AS {ENDLESS}")
    with processor_seconds_below(5):
        for command in ("evaluate", "report", "resume"):
            assert "its tables are not those of a run" in refused(COMMANDS[command]())


def test_store_with_a_trigger_is_refused(run: Path) -> None:
    with sqlite3.connect(run / "results.sqlite") as connection:
        connection.execute("CREATE TRIGGER t AFTER INSERT ON trials BEGIN DELETE FROM outcomes; END")
    assert "its tables are not those of a run" in refused(digitsum("evaluate", "run"))


@pytest.mark.parametrize(
    ("version", "message"),
    [(99, "was written by a newer digitsum (format 99)"), (2, "is not a readable store: its format is 2")],
)
def test_store_of_another_version_is_refused(version: int, message: str, run: Path) -> None:
    with sqlite3.connect(run / "results.sqlite") as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    for command in ("evaluate", "report", "resume"):
        assert message in refused(COMMANDS[command]())


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_store_cut_short_is_refused(share: float, run: Path) -> None:
    store = run / "results.sqlite"
    content = store.read_bytes()
    store.write_bytes(content[: int(share * len(content))])
    for command in ("evaluate", "report", "resume"):
        assert COMMANDS[command]().code in (1, 2)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE outcomes SET outcome = json_set(outcome, '$.scores.exact_accuracy', 1.0)",
        "UPDATE outcomes SET outcome = json_set(outcome, '$.seconds', 0.5)",
        "UPDATE outcomes SET step_losses = zeroblob(length(step_losses))",
        "UPDATE outcomes SET evaluations = zeroblob(length(evaluations))",
        "UPDATE outcomes SET evaluations = x''",
        "UPDATE audits SET audit = replace(audit, '300', '301')",
    ],
)
def test_changed_number_in_a_store_is_noticed(change: str, run: Path) -> None:
    with sqlite3.connect(run / "results.sqlite") as connection:
        connection.execute(change)
    assert "is damaged" in refused(digitsum("report", "run"))


@pytest.mark.slow
def test_other_order_of_the_trials_is_no_other_number(run: Path) -> None:
    with sqlite3.connect(run / "results.sqlite") as connection:
        connection.execute("UPDATE trials SET position = 1 - position")
    assert digitsum("report", "run").code == 0


def test_empty_store_of_a_run_is_not_taken_for_a_new_one(run: Path) -> None:
    (run / "results.sqlite").write_bytes(b"")
    for command in ("resume", "evaluate", "report"):
        assert "is damaged: it is empty" in refused(COMMANDS[command]())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scores.test_accuracy", "text"),
        ("scores.test_accuracy", 7.0),
        ("scores.test_accuracy", None),
        ("scores.exact_accuracy", -0.5),
        ("scores.test_rows", 0),
        ("scores", []),
        ("steps", -1),
        ("seconds", "long"),
        ("status", "weird"),
        ("best_eval_accuracy", [0.5]),
        ("step_losses", b"odd"),
        ("epoch_losses", "text"),
        ("evaluations", b"eight by"),
    ],
)
def test_outcome_that_cannot_be_is_refused_though_its_digests_are_right(name: str, value: object, run: Path) -> None:
    with sqlite3.connect(run / "results.sqlite") as connection:
        identity, text, *record = connection.execute(
            "SELECT trial, outcome, evaluations, step_losses, epoch_losses FROM outcomes"
        ).fetchone()
        outcome = json.loads(text)
        columns = ("evaluations", "step_losses", "epoch_losses")
        if name in columns:
            record[columns.index(name)] = value
        else:
            *section, leaf = name.split(".")
            (outcome["scores"] if section else outcome)[leaf] = value
        text = json.dumps(outcome)
        record_digest = sha256_of(*record)
        connection.execute(
            "UPDATE outcomes SET outcome = ?, evaluations = ?, step_losses = ?, epoch_losses = ?, record_digest = ?, "
            "digest = ? WHERE trial = ?",
            (text, *record, record_digest, sha256_of(identity, text, record_digest), identity),
        )
    assert "is damaged" in refused(digitsum("report", "run"))


@pytest.mark.parametrize("audit", ["[]", "{}", "nonsense", '{"length": 4}'])
def test_audit_that_cannot_be_is_refused_though_its_digest_is_right(audit: str, run: Path) -> None:
    with sqlite3.connect(run / "results.sqlite") as connection:
        for (data_digest,) in connection.execute("SELECT data_digest FROM audits").fetchall():
            connection.execute(
                "UPDATE audits SET audit = ?, digest = ? WHERE data_digest = ?",
                (audit, sha256_of(data_digest, audit), data_digest),
            )
    assert "is damaged: an audit is invalid" in refused(digitsum("report", "run"))


def forged(path: Path, settings: dict[str, Any], weights: Weights) -> Path:
    write_checkpoint(path, weights, settings)
    return path


def with_lies(settings: dict[str, Any], lies: dict[str, Any]) -> dict[str, Any]:
    """The settings of a trial with other values at dotted keys."""
    forged_settings: dict[str, Any] = json.loads(json.dumps(settings))
    for key, value in lies.items():
        *section, leaf = key.split(".")
        (forged_settings[section[0]] if section else forged_settings)[leaf] = value
    return forged_settings


@pytest.mark.parametrize(
    "lie",
    [
        {"model.hidden_size": 4096},
        {"model.embedding_size": 4096},
        {"model.cell": "lstm"},
        {"model.impl": "torch"},
        {"model.hidden_size": 10**12},
        {"length": 10**9},
        {"length": -1},
        {"train.lr": "0.001"},
        {"train.device": "cuda:99"},
        {"data": None, "data_digest": "../../etc/passwd"},
        {"data": {"lengths": [4] * 10**5, "k_train": 3, "k_eval": 1, "k_test": 1, "seed": 0}},
        {"data": {"lengths": [10_000], "k_train": 10_000, "k_eval": 1, "k_test": 1, "seed": 0}},
        {"surprise": 1},
        {"model.surprise": 1},
    ],
)
def test_checkpoint_whose_settings_lie_is_refused_at_once(lie: dict[str, Any], run: Path) -> None:
    checkpoint = read_checkpoint(min((run / "checkpoints").iterdir()))
    path = forged(Path("a.safetensors"), with_lies(checkpoint.settings, lie), checkpoint.weights)
    with processor_seconds_below(2):
        refused(digitsum("evaluate", path))


def test_checkpoint_that_lies_consistently_is_refused_before_a_giant_is_built(run: Path) -> None:
    checkpoint = read_checkpoint(min((run / "checkpoints").iterdir()))
    giant = {"model.embedding_size": 4096, "model.hidden_size": 4096, "model.cell": "lstm"}
    weights = {"embedding.W": np.zeros((10, 4096), np.float32), "linear.weight": np.zeros((19, 4096), np.float32)}
    path = forged(Path("a.safetensors"), with_lies(checkpoint.settings, giant), weights)
    with processor_seconds_below(1):
        assert "it holds 118,784 weights instead of" in refused(digitsum("evaluate", path))


@pytest.mark.slow
def test_weights_under_the_name_of_another_trial_are_refused(run: Path) -> None:
    one, other = (run / "checkpoints").iterdir()
    one.write_bytes(other.read_bytes())
    for command in ("evaluate", "diagnose", "report"):
        assert f"left out: {one} holds the weights of another trial" in COMMANDS[command]().err
    assert "holds the weights of another trial" in refused(digitsum("evaluate", one))


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_checkpoint_of_another_precision_is_refused(dtype: type[np.floating], run: Path) -> None:
    checkpoint = read_checkpoint(min((run / "checkpoints").iterdir()))
    weights = {name: array.astype(dtype) for name, array in checkpoint.weights.items()}
    assert "instead of float32" in refused(
        digitsum("evaluate", forged(Path("a.safetensors"), checkpoint.settings, weights))
    )


class Trap:
    """What makes a file when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return open, ("ran", "w")


@pytest.mark.parametrize(
    "name", ["a.safetensors", "run/results.sqlite", "run/provenance.json", "a.yaml", "data/5/train.txt"]
)
@pytest.mark.slow
def test_pickle_in_disguise_is_not_run(name: str, run: Path) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(Trap()))
    digitsum("evaluate", path)
    digitsum("report", "run")
    digitsum("sweep", path)
    digitsum("train", "--length", "5", "--set", "data.dir=data")
    assert not Path("ran").exists()


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\\nb: &b [*a, *a]\\nc: [*b, *b]\\n",
        "[" * 50_000,
        "{a: " * 20_000,
        "a: !!python/object/apply:os.system ['touch ran']\\n",
        "a: " + "9" * 50_000,
        "data: {lengths: 0..99999999999999999}\\n",
        "sweep: {train.seed: "
        + str(list(range(15_000)))
        + ", train.lr: "
        + str([i / 1e6 for i in range(1, 999)])
        + "}\\n",
        "x" * 99_000 + ": 1\\n",
        "? " * 30_000,
    ],
)
def test_settings_made_to_hang_or_to_run_are_refused_at_once(text: str) -> None:
    Path("a.yaml").write_text(text.replace("\\n", "\n"))
    with processor_seconds_below(1.5):
        message = refused(digitsum("sweep", "a.yaml"))
    assert len(message) < 3000
    assert not Path("ran").exists()


@pytest.mark.parametrize("name", ["a.yaml", "a.safetensors", "data/5/train.txt"])
def test_pipe_is_not_waited_for(name: str) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)
    refused(digitsum("sweep", path))
    refused(digitsum("evaluate", path))
    refused(digitsum("train", "--length", "5", "--set", "data.dir=data"))


def test_sparse_giants_are_refused_unread(run: Path) -> None:
    Path("data/5").mkdir(parents=True)
    for name in ("a.yaml", "a.safetensors", "data/5/train.txt", "run/provenance.json"):
        with Path(name).open("wb") as file:
            file.truncate(2**40)
    with processor_seconds_below(3):
        refused(digitsum("sweep", "a.yaml"))
        refused(digitsum("evaluate", "a.safetensors"))
        refused(digitsum("train", "--length", "5", "--set", "data.dir=data"))


@pytest.mark.slow
def test_report_escapes_what_a_run_says_of_itself(run: Path) -> None:
    provenance = json.loads((run / "provenance.json").read_text())
    provenance["command"] = ["digitsum", "<script>alert(1)</script>"]
    provenance["platform"] = "<img src=x onerror=alert(1)>"
    (run / "provenance.json").write_text(json.dumps(provenance))
    assert digitsum("report", "run").code == 0
    page = (run / "report.html").read_text()
    assert "<script>" not in page
    assert "<img" not in page


@pytest.mark.slow
def test_whole_store_is_read(run: Path) -> None:
    """What the tests above damage is fine before."""
    with Store(run / "results.sqlite") as store:
        assert len(store.trials()) == 2
    for command in COMMANDS.values():
        assert command().code == 0
