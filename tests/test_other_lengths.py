"""Checkpoints scored at lengths that they were never trained on."""

import csv
from pathlib import Path

import pytest

from digitsum_cli.core.exact import exact_score, score_rows
from digitsum_cli.core.sampled import draw_scoring_rows
from digitsum_cli.core.tasks import DIGIT_SUM
from digitsum_cli.core.tasks.task import ALL
from digitsum_cli.evaluation.checkpoints import read_trial_checkpoint
from tests.command_line import Ended, digitsum

ROWS = 2000
"""Few enough that every row of length 12 is more."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lengths") / "run"
    options = ["--lengths", "4,6", "--seeds", "0,1", "--impl", "fused", "--epochs", "40", "--set", "train.lr=0.01"]
    assert digitsum("sweep", *options, "--out", path).code == 0
    return path


def evaluate(source: Path, *options: object) -> Ended:
    return digitsum("evaluate", source, *options, "--set", f"data.scoring_rows={ROWS}")


@pytest.mark.slow
def test_each_checkpoint_is_scored_exactly_where_that_is_cheap_and_on_drawn_rows_elsewhere(run: Path) -> None:
    ended = evaluate(run, "--lengths", "12,3,5", "--json")
    assert ended.code == 0, ended.err
    rows = ended.document["lengths"]
    assert [(row["train_length"], row["seed"], row["length"]) for row in rows] == [
        (trained, seed, length) for trained in (4, 6) for seed in (0, 1) for length in (3, 5, 12)
    ]
    assert {(row["length"], row["kind"], row["rows"]) for row in rows} == {
        (3, "exact", 1000),
        (5, "exact", 3000),
        (12, "sampled", ROWS),
    }
    for row in rows:
        model = read_trial_checkpoint(Path(row["checkpoint"])).classifier()
        if row["kind"] == "exact":
            assert row["accuracy"] == pytest.approx(exact_score(model, row["length"]).accuracy, abs=1e-3)
            assert row["low"] is row["high"] is None
        else:
            assert row["accuracy"] == score_rows(model, draw_scoring_rows(row["length"], ROWS)).accuracy
            assert row["low"] < row["accuracy"] < row["high"]
    assert "checkpoints" not in ended.document


def test_the_table_has_a_row_for_each_training_and_test_length_and_a_figure_shows_them(run: Path) -> None:
    ended = evaluate(run, "--lengths", "5,12")
    assert ended.code == 0, ended.err
    assert "Accuracy at other lengths (exact or sampled)" in ended.out
    numbers = [line.split()[:3] for line in ended.out.splitlines() if line.strip() and line.split()[0] in ("4", "6")]
    assert numbers[:4] == [["4", "5", "2"], ["4", "12", "2"], ["6", "5", "2"], ["6", "12", "2"]]
    assert "A network's own span" in ended.out
    assert [row[:2] for row in numbers[4:]] == [["4", "2"], ["6", "2"]]
    assert "from its training length to 12" in ended.out
    for suffix in ("png", "svg"):
        for name in ("lengths", "lengths-own-span"):
            assert (run / "diagnosis" / f"{name}.{suffix}").stat().st_size > 1000
    assert "lengths.png" in ended.err


def test_figures_at_other_lengths_and_of_the_diagnosis_do_not_replace_each_other(run: Path, tmp_path: Path) -> None:
    ended = evaluate(run, "--lengths", "5,12", "--diagnose", "--out", tmp_path / "both")
    assert ended.code == 0, ended.err
    both = {path.name: path.read_bytes() for path in (tmp_path / "both").glob("*.svg")}
    for number, option in enumerate((("--lengths", "5,12"), ("--diagnose",))):
        alone = tmp_path / str(number)
        assert evaluate(run, *option, "--out", alone).code == 0
        assert {path.name: path.read_bytes() for path in alone.glob("*.svg")}.items() <= both.items()


@pytest.mark.slow
@pytest.mark.parametrize("impl", ["manual", "torch", "fused"])
@pytest.mark.parametrize("cell", ["srn", "gru"])
def test_every_row_is_read_if_asked(cell: str, impl: str, tmp_path: Path) -> None:
    """Compiled or not, the accuracy at the training length is that of the row in ``results.csv``."""
    run = tmp_path / "run"
    options = ("--lengths", "6", "--impl", impl, "--epochs", "10", "--set", f"model.cell={cell}", "--seeds", "0")
    assert digitsum("sweep", *options, "--out", run).code == 0
    (trained,) = csv.DictReader((run / "results.csv").read_text().splitlines())
    rows = evaluate(run, "--lengths", "6,12,40", "--exact", "--json").document["lengths"]
    assert [(row["length"], row["kind"], row["rows"]) for row in rows] == [
        (length, "exact", 1000 * (length - 2)) for length in (6, 12, 40)
    ]
    assert rows[0]["accuracy"] == pytest.approx(float(trained["exact_accuracy"]), abs=5e-4)
    model = read_trial_checkpoint(Path(rows[0]["checkpoint"])).classifier()
    for row in rows:
        assert row["accuracy"] == pytest.approx(exact_score(model, row["length"]).accuracy, abs=5e-4)


@pytest.mark.slow
def test_one_checkpoint_has_a_curve_in_the_folder_that_is_named(run: Path, tmp_path: Path) -> None:
    checkpoint = min((run / "checkpoints").iterdir())
    ended = evaluate(checkpoint, "--lengths", "5..15", "--out", tmp_path / "out", "--json")
    assert ended.code == 0, ended.err
    assert [row["length"] for row in ended.document["lengths"]] == [5, 10, 15]
    assert (tmp_path / "out" / "lengths.png").exists()


@pytest.mark.slow
@pytest.mark.parametrize("distractors", [2, ALL])
def test_lengths_are_read_with_more_distractors_if_asked(run: Path, tmp_path: Path, distractors: int | str) -> None:
    told = ("--set", f"data.distractors={distractors}", "--out", tmp_path, "--json")
    (*_, row) = evaluate(run, "--lengths", "5", *told).document["lengths"]
    task = DIGIT_SUM.with_distractors(distractors)  # type: ignore[arg-type]
    model = read_trial_checkpoint(Path(row["checkpoint"])).classifier()
    assert row["kind"] == "sampled"
    assert row["accuracy"] == score_rows(model, draw_scoring_rows(5, ROWS, task)).accuracy


@pytest.mark.slow
def test_many_checkpoints_are_scored_in_processes_with_the_same_numbers(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = evaluate(run, "--lengths", "5,12", "-j", "1", "--json").document
    monkeypatch.setattr("digitsum_cli.evaluation.other_lengths._MAXIMUM_SEQUENTIAL", 1)
    assert evaluate(run, "--lengths", "5,12", "-j", "2", "--json").document == alone


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--lengths", "2"), "too short"),
        (("--lengths", "3", "--set", "data.distractors=2"), "length 3 is too short; allowed: 4 or more digits"),
        (("--lengths", "abc"), "--lengths"),
        (("--exact",), "--exact requires --lengths"),
        *(
            (
                ("--lengths", "5,9", "--exact", "--set", f"data.distractors={distractors}"),
                f"--exact: with data.distractors {distractors}, there are too many possible rows to read all of them. "
                "Leave out --exact to sample the accuracy, or add --set data.distractors=1",
            )
            for distractors in (2, ALL)
        ),
        (("--lengths", "5", "--data", "x"), "--lengths draws its own rows"),
    ],
)
def test_lengths_that_make_no_sense_are_refused(run: Path, options: tuple[str, ...], message: str) -> None:
    ended = digitsum("evaluate", run, *options)
    assert ended.code == 2
    assert message in ended.err


@pytest.mark.slow
def test_rows_of_other_lengths_are_not_guessed_for_data_of_another_kind(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert digitsum("generate", "--lengths", "8", "--set", "data.distractors=3", "--out", data).code == 0
    run = tmp_path / "run"
    options = ("--length", "8", "--set", f"data.dir={data}", "--impl", "fused", "--epochs", "1", "--out", run)
    assert digitsum("train", *options).code == 0
    refused = evaluate(run, "--lengths", "9")
    assert refused.code == 2
    assert "Say how they are drawn, for example with --set data.distractors=all" in refused.err
    told = evaluate(run, "--lengths", "9", "--set", "data.distractors=3", "--json")
    assert [row["kind"] for row in told.document["lengths"]] == ["sampled"]
