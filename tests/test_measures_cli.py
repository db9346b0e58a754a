"""The commands that say why a network forgot: ``evaluate --diagnose``, ``evaluate --sequence``, ``report``."""

import contextlib
import csv
import json
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from digitsum_cli.core.checkpoint import read_checkpoint
from digitsum_cli.evaluation import saved_diagnoses as saved
from digitsum_cli.report import diagnosis_figures
from tests.command_line import Ended, digitsum
from tests.test_report_page import Outline

pytestmark = [pytest.mark.usefixtures("in_an_empty_folder"), pytest.mark.slow]

FIGURES = {
    "gradient-by-lag",
    "lost-digit",
    "distractor",
    "confusion",
    "spectral-radius",
    "transfer",
    "own-span",
    "states",
    "state-movement",
}


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two lengths, two seeds and two learning rates."""
    run = tmp_path_factory.mktemp("swept") / "run"
    sizes = "--lengths 4,6 --impl manual --seeds 0,10 --epochs 6 --set sweep.train.lr=1e-3,1e-2"
    assert digitsum("sweep", *sizes.split(), "--out", run, "-j", "1").code == 0
    return run


@pytest.fixture
def run(swept: Path) -> Path:
    return swept


@pytest.fixture(scope="module")
def first_diagnosis(swept: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, Path]:
    """What the command that diagnosed the run gave, and its folder."""
    why = tmp_path_factory.mktemp("diagnosis") / "why"
    return diagnosed(swept, why), why


@pytest.fixture
def first(first_diagnosis: tuple[Ended, Path], in_an_empty_folder: None) -> Ended:
    """The run is diagnosed, into ``why``."""
    ended, why = first_diagnosis
    shutil.copytree(why, "why")
    return ended


def diagnosed(run: Path, out: Path, *options: str) -> Ended:
    return digitsum("evaluate", run, "--diagnose", "--json", "--out", out, *options)


def test_diagnosis_has_every_checkpoint_and_its_exact_accuracy(first: Ended) -> None:
    document = first.document
    assert json.loads(Path("why/diagnosis.json").read_text())["checkpoints"] == document["diagnosis"]
    exact = {row["trial"]: row["exact_accuracy"] for row in document["checkpoints"]}
    assert len(exact) == 8
    assert {row["trial"]: row["accuracy_by_length"][str(row["length"])] for row in document["diagnosis"]} == exact
    assert [(row["length"], row["lr"], row["seed"]) for row in document["diagnosis"]] == [
        (length, lr, seed) for length in (4, 6) for seed in (0, 10) for lr in (0.001, 0.01)
    ]
    for row in document["diagnosis"]:
        assert row["accuracy_by_length"].keys() == {"4", "6"}
        assert len(row["gradient_by_lag_start"]) == len(row["gradient_by_lag_kept"]) == row["length"]


def test_diagnosis_draws_its_figures_for_every_setting(first: Ended) -> None:
    assert first.code == 0
    names = {path.name for path in Path("why").iterdir()}
    stems = {f"{figure}-lr-{lr}" for figure in FIGURES for lr in ("0.001", "0.01")}
    assert names == {"diagnosis.json", *(f"{stem}.{suffix}" for stem in stems for suffix in ("png", "svg"))}


@pytest.mark.usefixtures("no_figures")
def test_diagnosis_is_made_once_and_again_for_other_checkpoints(
    run: Path, first: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as once:
        once.setattr(saved, "diagnose_checkpoints", lambda *_: pytest.fail("it is made again"))
        assert diagnosed(run, Path("why")).document == first.document
    one = first.document["checkpoints"][0]["checkpoint"]
    other = diagnosed(Path(one), Path("why")).document["diagnosis"]
    assert [row["trial"] for row in other] == [first.document["checkpoints"][0]["trial"]]
    assert other[0]["spectral_radius_kept"] == first.document["diagnosis"][0]["spectral_radius_kept"]


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing the figures takes most of the time of a diagnosis."""
    monkeypatch.setattr(diagnosis_figures, "diagnosis_figure_files", lambda *_: {})


@pytest.mark.usefixtures("no_figures")
def test_changed_number_in_a_diagnosis_is_noticed(run: Path, first: Ended) -> None:
    text = Path("why/diagnosis.json").read_text()
    document = json.loads(text)
    document["checkpoints"][0]["spectral_radius_kept"] = 12.5
    Path("why/diagnosis.json").write_text(json.dumps(document))
    assert "would replace why/diagnosis.json" in diagnosed(run, Path("why")).err
    assert diagnosed(run, Path("why"), "--force").document == first.document
    assert Path("why/diagnosis.json").read_text() == text


@pytest.mark.usefixtures("no_figures")
def test_damaged_diagnosis_is_made_anew(run: Path, first: Ended) -> None:
    for damage in ("", "[]", '{"checkpoints": [{"trial": 3}]}', "\x00\xff", "[" * 100_000):
        Path("why/diagnosis.json").write_bytes(damage.encode("latin-1"))
        assert "would replace why/diagnosis.json" in diagnosed(run, Path("why")).err, damage[:100]
        assert diagnosed(run, Path("why"), "--force").document == first.document, damage[:100]


def test_diagnosis_of_one_checkpoint_tests_the_books_lengths_and_goes_with_its_run() -> None:
    train = ("train", "--length", "4", "--epochs", "2", "--out", "run")
    assert digitsum(*train).code == 0
    (checkpoint,) = Path("run/checkpoints").iterdir()
    document = digitsum("evaluate", checkpoint, "--diagnose", "--json").document
    assert document["diagnosis"][0]["accuracy_by_length"].keys() == {"4", "5", "10", "15", "20", "25", "30", "35"}
    assert (Path("run/diagnosis") / checkpoint.stem / "transfer.png").exists()
    moved = Path("alone.safetensors")
    checkpoint.rename(moved)
    assert digitsum("evaluate", moved, "--diagnose").code == 0
    assert Path("alone-diagnosis/transfer.png").exists()
    assert digitsum(*train, "--force").code == 0
    assert not Path("run/diagnosis").exists()


def test_run_trained_on_files_is_scored_and_diagnosed_on_them() -> None:
    digitsum("generate", "--lengths", "4", "--seed", "3", "--out", "files")
    digitsum("sweep", "--lengths", "4", "--seeds", "0", "--epochs", "2", "--set", "data.dir=files", "--out", "run")
    ended = digitsum("evaluate", "run", "--diagnose", "--json")
    assert ended.code == 0
    (row,) = csv.DictReader(Path("run/results.csv").read_text().splitlines())
    assert str(ended.document["checkpoints"][0]["test_accuracy"]) == row["test_accuracy"]
    digitsum("generate", "--lengths", "4", "--seed", "4", "--out", "files", "--force")
    changed = digitsum("evaluate", "run")
    assert changed.code == 2
    assert "have changed since it was trained" in changed.err


@pytest.mark.usefixtures("no_figures")
def test_diagnosis_that_is_there_needs_no_writing(run: Path, first: Ended) -> None:
    before = Path("why/diagnosis.json").stat().st_mtime_ns
    diagnosed(run, Path("why"))
    assert Path("why/diagnosis.json").stat().st_mtime_ns == before


def test_report_of_an_unfinished_run_says_so_and_claims_no_span() -> None:
    digitsum("sweep", "--lengths", "4,6", "--seeds", "0", "--epochs", "2", "--out", "run")
    with contextlib.closing(sqlite3.connect("run/results.sqlite")) as connection, connection:
        for table in ("gradient_norms", "outcomes"):
            connection.execute(f"DELETE FROM {table} WHERE trial = (SELECT id FROM trials ORDER BY position LIMIT 1)")
    document = digitsum("report", "run", "--json").document
    assert document["missing"] == 1
    assert document["answer"][-1] == "This is not final: 1 training has not finished yet."
    assert [row["text"] for row in document["memory_spans"]] == ["–", "–"]


def test_report_keeps_the_thresholds_of_the_sweep() -> None:
    sizes = ("--lengths", "4,6", "--seeds", "0", "--epochs", "2", "--out", "run")
    swept = digitsum("sweep", *sizes, "--threshold", "0.05,0.2", "--json").document
    assert digitsum("report", "run", "--json").document["memory_spans"] == swept["memory_spans"]
    page = Path("run/report.html").read_text("utf-8")
    assert "digitsum sweep run/config.yaml --out again --threshold 0.05,0.2" in page
    assert "digitsum report run --threshold 0.05,0.2" in page


def test_own_spans_are_those_at_the_thresholds_of_the_sweep_or_of_the_report() -> None:
    digitsum("sweep", "--lengths", "4,6", "--seeds", "0", "--epochs", "2", "--threshold", "0.05,0.995", "--out", "run")
    for figure, asked in (("lengths-own-span", ("--lengths", "4,6")), ("own-span", ("--diagnose",))):
        ended = digitsum("evaluate", "run", *asked, "--out", figure)
        assert "at least 5 %" in ended.out
        assert "at least 99.5 %" in ended.out
        assert "at least 50 %" not in ended.out
        assert "at least 5 %, median" in Path(f"{figure}/{figure}.svg").read_text("utf-8")
    (checkpoint, _) = Path("run/checkpoints").iterdir()
    spans = digitsum("evaluate", checkpoint, "--lengths", "4,6,8", "--json").document["own_spans"]
    assert [row["threshold"] for row in spans] == [0.05, 0.995]
    for options, thresholds in (((), ("5 %", "99.5 %")), (("--threshold", "0.3"), ("30 %",))):
        assert digitsum("report", "run", *options).code == 0
        page = Path("run/report.html").read_text("utf-8")
        assert "own span" in page
        assert set(re.findall(r"at least ([\d.]+ %)", page)) == {*thresholds}


def test_run_of_one_length_is_reported_with_its_thresholds() -> None:
    digitsum("sweep", "--lengths", "4", "--seeds", "0,1", "--epochs", "1", "--threshold", "0.3", "--out", "run")
    assert digitsum("report", "run").code == 0
    page = Path("run/report.html").read_text("utf-8")
    assert "digitsum sweep run/config.yaml --out again --threshold 0.3" in page
    assert "reach 30 %" in page


@pytest.mark.parametrize("out", [".", "run"])
def test_report_is_not_written_over_a_folder(out: str) -> None:
    digitsum("train", "--length", "4", "--epochs", "1", "--out", "run")
    ended = digitsum("report", "run", "--out", out)
    assert ended.code == 2
    assert "is a folder" in ended.err


@pytest.mark.usefixtures("no_figures")
def test_diagnosis_says_how_far_the_gradient_reaches(run: Path, first: Ended) -> None:
    ended = digitsum("evaluate", run, "--diagnose", "--out", "why")
    assert "Why it forgets or remembers" in ended.out
    assert ended.out.count("the gradient at the first digit, relative to that at the last, is") == 2  # one a setting
    assert "lr 0.01" in ended.out


def test_sequence_shows_every_step_and_the_answer(run: Path) -> None:
    ended = digitsum("evaluate", run, "--sequence", "6 7 0 0 1 0", "--out", "why")
    assert ended.code == 0
    lines = ended.out.splitlines()
    steps = [line.split()[:2] for line in lines if re.match(r" \d", line)]
    assert steps == [["1", "6"], ["2", "7"], ["3", "0"], ["4", "0"], ["5", "1"], ["6", "0"]]
    assert re.match(
        r"It answers \d+ with probability \d+\.\d %: (correct|wrong. The sum of the first two digits is 13)", lines[-1]
    )
    assert {path.name for path in Path("why").iterdir()} == {"sequence-670010.png", "sequence-670010.svg"}


def test_sequence_with_more_distractors_is_said_to_be_outside_the_task(run: Path) -> None:
    for sequence, supported in (("6 7 0 0 1", True), ("6 7 0 1 1", False)):
        ended = digitsum("evaluate", run, "--sequence", sequence)
        said = "The network was not trained on such sequences: data.distractors was 1." in " ".join(ended.out.split())
        assert said == (not supported)
        assert (
            digitsum("evaluate", run, "--sequence", sequence, "--json").document["sequence"]["supported"] == supported
        )


def test_sequence_is_read_by_the_checkpoint_of_the_nearest_length(run: Path) -> None:
    document = digitsum("evaluate", run, "--sequence", "67001", "--out", "why", "--json").document["sequence"]
    stored = read_checkpoint(Path(document["checkpoint"]))
    assert stored.settings["length"] == 4
    assert (document["digits"], document["label"]) == ([6, 7, 0, 0, 1], 13)
    assert len(document["states"]) == len(document["probabilities"]) == 5
    last = document["probabilities"][-1]
    assert sum(last) == pytest.approx(1, abs=1e-5)
    assert document["answer"] == max(range(19), key=last.__getitem__)
    assert document["probability"] == max(last)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--sequence", "6 7 x"), "is not a sequence of digits"),
        (("--sequence", "6"), "a sequence of length 1 is too short"),
        (("--sequence", ""), "is not a sequence of digits"),
        (("--out", "why"), "--out requires --diagnose, --sequence or --lengths"),
    ],
)
def test_wrong_use_of_evaluate_is_one_message(run: Path, arguments: tuple[str, ...], message: str) -> None:
    ended = digitsum("evaluate", run, *arguments)
    assert ended.code == 2
    assert ended.err.startswith("Error: ")
    assert message in ended.err
    assert not Path("why").exists()


def cells_of(html: str) -> list[str]:
    """The texts in the tables of a page."""
    return [text for tag, text in Outline(html).texts if tag in ("td", "th")]


def test_report_holds_the_answer_and_the_numbers_of_the_tables(run: Path) -> None:
    ended = digitsum("report", run, "--out", "page.html", "--json")
    assert ended.code == 0
    assert ended.document["report"] == "page.html"
    html = Path("page.html").read_text("utf-8")
    for sentence in ended.document["answer"]:
        assert sentence.replace("<", "&lt;") in html
    cells = cells_of(html)
    for row in ended.document["summary"]:
        assert f"{100 * row['exact_accuracy_median']:.1f} % [–]" in cells, "two seeds have no interval"
    for row in ended.document["memory_spans"]:
        assert row["text"] in cells
    assert html.count("<svg") == 1 + 2 * (1 + len(FIGURES))
    assert "digitsum sweep" in html
    assert "epochs: 6" in html


def test_report_is_the_same_each_time(run: Path) -> None:
    for name in ("a.html", "b.html"):
        assert digitsum("report", run, "--out", name).code == 0
    assert Path("a.html").read_bytes() == Path("b.html").read_bytes()


def test_report_of_a_single_training() -> None:
    digitsum("train", "--length", "5", "--epochs", "3", "--out", "run")
    ended = digitsum("report", "run")
    assert ended.code == 0
    assert re.match(r"The SRN \(impl manual\) gets \d+\.\d % of all possible rows of length 5 right", ended.out)
    assert Path("run/report.html").exists()
    assert Path("run/diagnosis/diagnosis.json").exists()
    assert digitsum("train", "--length", "5", "--epochs", "2", "--out", "run", "--force").code == 0
    assert not Path("run/report.html").exists()
    assert not Path("run/diagnosis").exists()


def test_report_names_the_trainings_that_diverged() -> None:
    rates = ("--set", "sweep.train.lr=1e-3,1e37")
    assert digitsum("sweep", "--lengths", "4", "--seeds", "0", "--epochs", "3", *rates, "--out", "run").code == 3
    assert digitsum("report", "run").code == 0
    html = Path("run/report.html").read_text("utf-8")
    assert "Failed and diverged trainings" in html
    assert "diverged" in cells_of(html)


def test_report_of_what_is_no_run_is_one_message() -> None:
    Path("empty").mkdir()
    for name in ("empty", "missing"):
        ended = digitsum("report", name)
        assert ended.code == 2
        assert ended.err.startswith(f"Error: {name} is not a run")
    assert list(Path("empty").iterdir()) == []


def test_report_prints_the_settings_of_the_run(run: Path) -> None:
    assert digitsum("report", run, "--print-config").out == (run / "config.yaml").read_text()


def test_thresholds_change_the_memory_span_and_nothing_else(run: Path) -> None:
    usual, other = (
        digitsum("report", run, "--out", "page.html", "--json", *options).document
        for options in ((), ("--threshold", "0.05,1"))
    )
    assert [row["threshold"] for row in usual["memory_spans"]] == [0.5, 0.9] * 2
    assert [row["threshold"] for row in other["memory_spans"]] == [0.05, 1.0] * 2
    reached = [[each["threshold"] for each in row.pop("reached")] for row in (*usual["summary"], *other["summary"])]
    assert reached == [[0.5, 0.9]] * 4 + [[0.05, 1.0]] * 4
    assert usual["summary"] == other["summary"]


@pytest.mark.parametrize("text", ["0", "1.1", "half", "", "0.5,nan", "-1"])
def test_threshold_that_is_no_accuracy_is_refused(run: Path, text: str) -> None:
    for command in (("sweep", "--lengths", "4"), ("report", str(run))):
        ended = digitsum(*command, "--threshold", text)
        assert ended.code == 2
        assert "--threshold" in ended.err
    assert not Path("runs").exists()


def test_generate_reports_repetitions() -> None:
    (length,) = digitsum("generate", "--lengths", "5", "--json").document["lengths"]
    assert length["audit"]["test_in_train"] == 10
    table = digitsum("generate", "--lengths", "5").out.splitlines()
    assert any(line.split() == ["5", "300", "100", "100", "11", "0", "0", "10", "10"] for line in table)
