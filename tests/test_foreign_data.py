"""Data that the book's generator cannot draw: noticed, and measured on what they are."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digitsum_cli.core.audit import audit_splits
from digitsum_cli.core.data_files import write_splits
from digitsum_cli.core.generation import Rows, Splits, generate_splits, labelled
from digitsum_cli.core.tasks import DIGIT_SUM
from digitsum_cli.core.tasks.task import ALL
from tests.command_line import Ended, digitsum
from tests.settings_text import from_set

WORDS_OF_EXACT = ("exact", "possible rows", "memorised")


def every_row_of_length_4() -> Rows:
    return labelled(np.array(list(itertools.product(range(10), repeat=4)), np.int8))


@pytest.fixture
def every_row(tmp_path: Path) -> Path:
    """Trained on all rows there are; eval and test rows are among them."""
    rows = every_row_of_length_4()
    chosen = np.random.default_rng(0).permutation(10_000)
    sets = [Rows(rows.digits[part], rows.labels[part]) for part in (chosen[:100], chosen[100:200])]
    write_splits(tmp_path / "data", {4: Splits(rows, *sets)})
    return tmp_path / "data"


@pytest.fixture
def two_distractors(tmp_path: Path) -> Path:
    write_splits(tmp_path / "two", generate_splits([12, 8], task=DIGIT_SUM.with_distractors(2)))
    return tmp_path / "two"


def sweep(data: Path, out: Path, *options: object) -> Ended:
    ended = digitsum(
        *("sweep", "--set", f"data.dir={data}", "--seeds", "0,1", "--impl", "fused", "--set", "train.lr=0.01"),
        *("--out", out, *options),
    )
    assert ended.code == 0, ended.err
    return ended


def test_rows_outside_the_generator_are_counted_in_each_split() -> None:
    rows = every_row_of_length_4()
    splits = Splits(rows, Rows(rows.digits[:10], rows.labels[:10]), Rows(rows.digits[-5:], rows.labels[-5:]))
    audit = audit_splits(splits)
    assert (audit.train_outside, audit.eval_outside, audit.test_outside) == (8100, 0, 5)
    assert audit_splits(splits, DIGIT_SUM.with_distractors(2)).outside == 0
    assert audit_splits(generate_splits([5])[5]).outside == 0


@pytest.mark.slow
def test_nothing_is_called_exact_where_the_data_are_every_row_of_length_4(every_row: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    ended = sweep(every_row, run, "--lengths", "4", "--epochs", "2")
    audit = audit_splits(Splits(every_row_of_length_4(), *(every_row_of_length_4(),) * 2))
    assert audit.train_outside == 8100
    assert "of 10,200 rows of length 4" in ended.err
    assert "so accuracy is measured on the test rows alone" in ended.err
    assert "train outside" in " ".join(ended.out.split()) or "outside" in ended.out
    no_claim(ended.out)
    assert "of the 100 test rows of length 4 right" in ended.out
    evaluated = digitsum("evaluate", run, "--diagnose")
    assert evaluated.code == 0, evaluated.err
    no_claim(evaluated.out)
    document = digitsum("evaluate", run, "--diagnose", "--json").document
    for row in document["checkpoints"]:
        assert row["accuracy_kind"] == "test"
        assert row["exact_accuracy"] is None
        assert "exact_loss" not in row
    for row in document["diagnosis"]:
        assert row["accuracy_kind"] == "test"
        assert np.sum(row["confusion"]) == 100
        assert row["label_probe"] is None, "a hundred rows lack some pairs"
    assert digitsum("report", run).code == 0
    page = (run / "report.html").read_text()
    assert "over the test rows" in page
    assert "memorised" not in page
    assert "exact accuracy on all possible rows" not in page


def no_claim(text: str) -> None:
    """Of what was not measured."""
    for words in WORDS_OF_EXACT:
        assert words not in text, words


@pytest.mark.slow
def test_spans_and_differences_of_foreign_data_go_by_the_test_rows(two_distractors: Path, tmp_path: Path) -> None:
    options = ("--lengths", "8,12", "--epochs", "30", "--set", "sweep.model.hidden_size=8,16")
    ended = sweep(two_distractors, tmp_path / "run", *options, "--json")
    document: dict[str, Any] = ended.document
    assert {row["accuracy_kind"] for row in document["summary"]} == {"test"}
    assert {row["accuracy_kind"] for row in document["memory_spans"]} == {"test"}
    assert {row["measure"] for row in document["differences"]} == {"test_accuracy"}
    assert len(document["differences"]) == 2
    assert [each["train_outside"] > 0 for each in document["audit"]] == [True, True]
    assert all("(memory span" not in text or "test accuracy" in text for text in document["answer"])
    spread = digitsum("evaluate", tmp_path / "run", "--diagnose", "--json").document["diagnosis"]
    assert [sorted(row["accuracy_by_length"]) for row in spread] == [["12", "8"]] * 8
    assert all(0 <= row["label_probe"] <= 1 for row in spread), "every pair is among a hundred test rows"


@pytest.mark.slow
@pytest.mark.parametrize("distractors", [2, ALL])
def test_foreign_data_are_sampled_where_their_generator_is_told(
    two_distractors: Path, tmp_path: Path, distractors: object
) -> None:
    options = ("--lengths", "12", "--epochs", "2", "--set", f"data.distractors={distractors}", "--json")
    ended = sweep(two_distractors, tmp_path / "run", *options, "--set", "data.scoring_rows=1000")
    assert "Warning" not in ended.err
    assert {row["accuracy_kind"] for row in ended.document["trials"]} == {"sampled"}


@pytest.mark.slow
def test_a_checkpoint_is_scored_by_what_describes_the_data_it_is_given(two_distractors: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert digitsum("train", "--length", "12", "--epochs", "2", "--impl", "fused", "--out", run).code == 0
    own, other, told = (
        digitsum("evaluate", run, *options, "--json").document["checkpoints"][0]
        for options in (
            (),
            ("--data", two_distractors),
            ("--set", "data.distractors=2", "--set", "data.scoring_rows=1000"),
        )
    )
    assert [row["accuracy_kind"] for row in (own, other, told)] == ["exact", "test", "sampled"]
    assert told["sampled_rows"] == 1000


def test_data_of_one_generator_are_no_axis_of_another() -> None:
    settings = from_set("data.lengths=6", "sweep.data.distractors=1,2,all")
    assert settings.trial_count == 3
