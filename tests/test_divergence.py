"""A training that diverged is counted, shown and said, wherever numbers are made of the others."""

import json
import math
from pathlib import Path

import pytest
from matplotlib.text import Annotation

from digitsum_cli.analysis.analysis import analyse
from digitsum_cli.figures.accuracy import AccuracyPoint, AccuracySeries, draw_accuracy
from digitsum_cli.figures.loss_curves import LossCurve, draw_loss_curves
from digitsum_cli.report.analysis_tables import accuracy_table, difference_table, memory_span_table
from digitsum_cli.trials.rows import TrialRow
from tests.command_line import digitsum
from tests.drawn import line_points
from tests.trial_rows import trial_row

EXPLODING = (
    *("--set", "model.activation=relu", "--set", "model.init=orthogonal", "--set", "train.optimizer=sgd"),
    *("--impl", "fused", "--epochs", "60"),
)

SEEDS = 16


def ended(seed: int, exact: float, *lengths: int, **others: object) -> list[TrialRow]:
    return [trial_row(seed, exact, length=length, **others) for length in lengths]  # type: ignore[arg-type]


def lost(seed: int, *lengths: int, status: str = "diverged", **others: object) -> list[TrialRow]:
    return [trial_row(seed, None, length=length, status=status, **others) for length in lengths]  # type: ignore[arg-type]


def test_a_row_made_of_survivors_says_of_how_many() -> None:
    rows = [*ended(0, 0.75, 5), *lost(1, 5), *lost(2, 5), *lost(3, 5, status="failed")]
    analysis = analyse(rows, {}, (0.5,))
    (row,) = accuracy_table(analysis).rows
    assert row[1] == "1 of 4, 2 diverged, 1 failed"
    assert analysis.answer == [
        "The SRN (impl manual) gets 75.0 % of all possible rows of length 5 right (one seed: 1 of 4, 2 diverged, "
        "1 failed).",
        "At length 5, 1 of 3 seeds reaches 50 % (exact accuracy; a training that diverged does not reach it).",
    ]
    (summary,) = analysis.to_dict()["summary"]
    assert (summary["trials"], summary["failed"], summary["diverged"]) == (1, 3, 2)


def test_a_span_made_of_survivors_says_of_how_many() -> None:
    rows = [*ended(0, 0.75, 5, 10), *ended(1, 0.75, 5), *lost(1, 10), *lost(2, 5, 10), *lost(3, 5, status="failed")]
    analysis = analyse(rows, {}, (0.5,))
    assert analysis.answer == [
        "The SRN (impl manual), trained anew at each length, stays above 50 % at every length up to 10 (memory span ≥ "
        "10, one seed: 1 of 4, 2 diverged, 1 failed).",
        "At length 10, 1 of 3 seeds reaches 50 % (exact accuracy; a training that diverged does not reach it).",
    ]
    (table_row,) = memory_span_table(analysis.memory_spans).rows
    assert table_row[1] == "1 of 4, 2 diverged, 1 failed"
    (span,) = analysis.to_dict()["memory_spans"]
    assert (span["seeds"], span["diverged"], span["failed"]) == ([0], 2, 1)


def test_no_span_is_claimed_and_no_sentence_comes_twice_if_every_seed_is_lost() -> None:
    rows = [*ended(0, 0.75, 5), *lost(0, 10), *lost(1, 5), *ended(1, 0.5, 10)]
    assert analyse(rows, {}, (0.5, 0.9)).answer == [
        "No seed of the SRN (impl manual) was trained successfully at every length (0 of 2, 2 diverged), so there is "
        "no memory span.",
        "At length 10, 1 of 2 seeds reaches 50 % and 0 of 2 reach 90 % (exact accuracy; a training that diverged does "
        "not reach it).",
    ]


@pytest.mark.parametrize(
    ("rows", "answer"),
    [
        ([*lost(0, 5), *lost(1, 5)], "All 2 trainings of the SRN (impl manual) at length 5 diverged."),
        (lost(0, 5, status="failed"), "The only training of the SRN (impl manual) at length 5 failed."),
        (
            [*lost(0, 5), *lost(1, 5, status="failed")],
            "All 2 trainings of the SRN (impl manual) at length 5 diverged or failed.",
        ),
    ],
)
def test_trainings_all_of_which_are_lost_are_the_answer(rows: list[TrialRow], answer: str) -> None:
    assert analyse(rows, {}, (0.5,)).answer == [answer]


def test_a_difference_made_of_survivors_says_of_how_many() -> None:
    rows = [*ended(0, 0.5, 5), *ended(1, 0.5, 5), *ended(0, 0.75, 5, lr=0.1), *lost(1, 5, lr=0.1)]
    analysis = analyse(rows, {}, (0.5,))
    (row,) = difference_table(analysis.differences).rows
    assert row[2] == "1 of 2"
    assert [each["lost"] for each in analysis.to_dict()["differences"]] == [1, 1]


def test_the_only_training_of_a_length_has_its_status_in_the_table() -> None:
    table = accuracy_table(analyse([*ended(0, 0.5, 5), *lost(0, 10)], {}, (0.5,)))
    assert (table.columns[-1], [row[-1] for row in table.rows]) == ("status", ["done", "diverged"])
    assert "status" not in accuracy_table(analyse(ended(0, 0.5, 5, 10), {}, (0.5,))).columns


def test_points_of_the_accuracy_figure_say_how_many_trainings_they_are_made_of() -> None:
    points = [
        AccuracyPoint(5, 0.5, None, (0.5,), 0.5, 0.5, trained=4),
        AccuracyPoint(10, 0.4, None, (0.4, 0.4), 0.4, 0.4, trained=2),
    ]
    figure = draw_accuracy([AccuracySeries("", "exact", points, None, all_lost=[(20, 4)])], "", [])
    (panel,) = figure.axes
    assert [(text.get_text(), text.xy) for text in panel.texts if isinstance(text, Annotation)] == [
        ("1 of 4", (5, 0.5)),
        ("0 of 4", (20, 0.0)),
    ]
    assert "all diverged or failed" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_loss_curve_ends_with_a_mark_where_it_blew_up() -> None:
    done = LossCurve(5, train=[(10, 2.0), (20, 1.0)], eval=[(20, 1.0)])
    diverged = LossCurve(5, train=[(10, 2.5)], eval=[], diverged_at=(14, 2.4))
    (panel,) = draw_loss_curves([done, diverged], "", 2.8).axes
    by_label = {line.get_label(): line.get_xydata().tolist() for line in panel.get_lines()}  # type: ignore[union-attr]
    assert by_label["diverged"] == [[14, 2.4]]
    assert by_label["train: median over seeds"] == [[10, 2.25], [20, 1.0]], "its last step is not part of the median"
    assert [[10, 2.5], [14, 2.4]] in [line_points(panel, index) for index in range(len(panel.get_lines()))]
    (panel,) = draw_loss_curves([LossCurve(5, [], [], diverged_at=(3, 1e30))], "only one", 2.8).axes
    (mark,) = (line for line in panel.get_lines() if line.get_label() == "diverged")
    assert mark.get_ydata()[0] == pytest.approx(panel.get_ylim()[1]), "a loss above the axis is marked at its end"  # type: ignore[index]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some trainings of each length diverge; which ones depends on the processor, so there are many at length 5."""
    path = tmp_path_factory.mktemp("divergence") / "run"
    options = ("--lengths", "5,35", "--seeds", f"0..{SEEDS - 1}", "--set", "train.lr=0.2", *EXPLODING)
    assert digitsum("sweep", *options, "--out", path).code == 3
    return path


@pytest.mark.slow
def test_every_output_of_a_run_counts_what_diverged(run: Path) -> None:
    document = json.loads((run / "analysis.json").read_text())
    for row in document["summary"]:
        assert row["diverged"] == row["failed"] == SEEDS - row["trials"] > 0
        counted = f"{row['trials']} of {SEEDS}, {row['diverged']} diverged"
        shown = digitsum("report", run)
        assert "Trainings done in" in shown.err
        assert counted in (run / "report.html").read_text()
    assert any("diverged" in sentence for sentence in document["answer"])
    assert len(set(document["answer"])) == len(document["answer"])
    ended = digitsum("evaluate", run, "--json")
    statuses = [row["status"] for row in ended.document["checkpoints"]]
    assert statuses.count("done") == sum(row["trials"] for row in document["summary"])
    assert "diverged" in statuses
    assert "diverged. The checkpoint of a training that diverged is the best one before that" in ended.err
    diverged = next(row["checkpoint"] for row in ended.document["checkpoints"] if row["status"] == "diverged")
    (alone,) = digitsum("evaluate", diverged, "--json").document["checkpoints"]
    assert alone["status"] == "diverged"


@pytest.mark.slow
def test_a_run_all_of_which_diverged_says_so_everywhere(tmp_path: Path) -> None:
    run = tmp_path / "run"
    options = ("--lengths", "35", "--seeds", "0..2", "--set", "train.lr=0.6", *EXPLODING)
    swept = digitsum("sweep", *options, "--out", run)
    assert swept.code == 3
    sentence = "All 3 trainings of the SRN (impl fused) at length 35 diverged."
    assert swept.out.count(sentence) == 1
    evaluated = digitsum("evaluate", run)
    assert evaluated.code == 0
    assert "0 of 3, 3 diverged" in evaluated.err
    diagnosed = digitsum("evaluate", run, "--diagnose")
    assert diagnosed.code == 2
    assert "there is nothing to diagnose" in diagnosed.err
    assert "a smaller train.lr, or with train.clip_norm" in diagnosed.err
    assert not (run / "diagnosis").exists()
    reported = digitsum("report", run)
    assert reported.code == 0
    assert reported.out.count(sentence) == 1
    assert (run / "report.html").read_text().count(sentence) == 1
    losses = [row["final_train_loss"] for row in json.loads((run / "analysis.json").read_text())["summary"]]
    assert losses == [None] or all(math.isfinite(loss) for loss in losses)
