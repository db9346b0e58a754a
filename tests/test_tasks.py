"""Every task of the registry against brute force, and a second task that the program has never heard of."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy.stats import chisquare

from digitsum_cli.core import DigitSumSplits, Runner, build_classifier, generate_splits
from digitsum_cli.core.accuracy_kind import AccuracyKind
from digitsum_cli.core.checkpoint import read_checkpoint
from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.data_files import read_splits, write_splits
from digitsum_cli.core.exact import exact_score
from digitsum_cli.core.registry import CELLS, FUSED
from digitsum_cli.core.tasks import DIGIT_SUM, TASKS, Task
from digitsum_cli.core.tasks.digit_sum import DigitSum
from digitsum_cli.core.tasks.draws import Draws
from digitsum_cli.core.tasks.two_digits import TwoDigitTask
from digitsum_cli.core.training_rows import TrainingRows
from digitsum_cli.core.weights import copy_weights, load_weights
from digitsum_cli.diagnostics.diagnosis import diagnose
from digitsum_cli.errors import InputError
from digitsum_cli.fused.initial_weights import draw_book_weights
from digitsum_cli.fused.prefix_tree import build_prefix_forest
from digitsum_cli.fused.rule import Rule
from digitsum_cli.fused.trainer import EvaluationSet, FusedTrainer
from digitsum_cli.trials.plan import plan_trials
from digitsum_cli.trials.trial import Trial
from tests.command_line import digitsum
from tests.small_study import settings_of, study

Integers = npt.NDArray[np.integer]
Row = tuple[int, ...]

every_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())


class FirstDigit(TwoDigitTask):
    """Name the first digit: another number of classes than the digit sum's, and a digit that does not matter."""

    name = "first-digit"
    classes = 10
    label_name = "first digit"
    label_in_words = "the first digit"

    def label_of_pair(self, first: Integers, second: Integers) -> Integers:
        return first


class Unlisted(DigitSum):
    """The digit sum with more rows than can be listed."""

    name = "unlisted"

    def every_row(self, length: int) -> Draws | None:
        return None


@pytest.fixture
def first_digit(monkeypatch: pytest.MonkeyPatch) -> Task:
    """Registered as a maintainer would register it."""
    task = FirstDigit()
    monkeypatch.setitem(TASKS, task.name, task)
    return task


def draws_by_hand(length: int) -> Iterator[Row]:
    for first in range(10):
        for second in range(10):
            for position in range(2, length):
                for value in range(10):
                    rest = [0] * (length - 2)
                    rest[position - 2] = value
                    yield (first, second, *rest)


def as_tuples(digits: npt.NDArray[np.int8]) -> list[Row]:
    return [tuple(row) for row in digits.tolist()]


@torch.inference_mode()
def accuracy_by_hand(model: DigitSumClassifier, length: int, task: Task) -> float:
    """Every draw of a length through the whole network, in one batch."""
    digits = np.array(list(draws_by_hand(length)), np.int8)
    answers = model(torch.from_numpy(digits).long()).argmax(dim=1).numpy()
    return float((answers == task.label(digits)).mean())


def test_a_task_is_registered_under_its_name() -> None:
    assert {name: task.name for name, task in TASKS.items()} == {name: name for name in TASKS}
    assert TASKS["digit-sum"] is DIGIT_SUM


@every_task
@pytest.mark.parametrize("length", [3, 4, 7])
def test_draws_are_those_of_nested_loops(task: Task, length: int) -> None:
    draws = task.every_draw(length)
    assert as_tuples(draws.digits()) == list(draws_by_hand(length))
    assert draws.count == len(draws.digits())
    assert draws.length == length
    for first_digit in range(task.symbols):
        assert as_tuples(draws.digits(first_digit)) == [row for row in draws_by_hand(length) if row[0] == first_digit]
        assert draws.rows_per_first_digit == len({row for row in draws_by_hand(length) if row[0] == first_digit})


@every_task
def test_draws_have_the_labels_of_their_rows(task: Task) -> None:
    draws = task.every_draw(5)
    labels = task.label(draws.digits())
    assert np.broadcast_to(draws.labels[:, :, None, None], draws.shape).ravel().tolist() == labels.tolist()
    assert set(labels.tolist()) == set(range(task.classes))
    assert labels.dtype == np.int8


@every_task
def test_a_label_depends_on_the_first_digits_alone(task: Task) -> None:
    digits = np.random.default_rng(0).integers(0, task.symbols, (1000, 9)).astype(np.int8)
    assert task.label(digits).tolist() == task.label(digits[:, : task.label_digits]).tolist()


@every_task
@pytest.mark.parametrize("draw", ["generate", "draw"])
@pytest.mark.slow
def test_rows_are_drawn_with_the_weights_of_the_draws(task: Task, draw: str) -> None:
    """Chi-squared over the distinct rows of length 4; as many rows are given to each of the strata."""
    rows = getattr(task, draw)(4, 400, np.random.RandomState(0))
    assert rows.shape == (400 * task.strata, 4)
    drawn, likely = Counter(as_tuples(rows)), Counter(draws_by_hand(4))
    assert drawn.keys() <= likely.keys()
    expected = [len(rows) * count / likely.total() for count in likely.values()]
    assert chisquare([drawn[row] for row in likely], expected, ddof=task.strata - 1).pvalue > 0.001


@every_task
def test_floor_and_loss_of_guessing_are_those_of_the_labels_of_all_draws(task: Task) -> None:
    labels = Counter(task.label(np.array(list(draws_by_hand(4)), np.int8)).tolist())
    shares = [count / labels.total() for count in labels.values()]
    assert task.floor.accuracy == pytest.approx(max(shares), rel=1e-12)
    assert labels[task.floor.label] == max(labels.values())
    assert task.guess_loss == pytest.approx(-sum(share * math.log(share) for share in shares), rel=1e-12)
    assert task.label_shares.sum() == pytest.approx(1, rel=1e-12)


def test_the_floor_of_the_digit_sum_is_that_of_always_answering_9() -> None:
    assert DIGIT_SUM.floor == (9, 0.1)
    assert str(DIGIT_SUM.floor) == "always answering 9 (10 %)"


@every_task
def test_a_length_below_the_shortest_is_refused(task: Task) -> None:
    length = task.minimum_length - 1
    with pytest.raises(InputError, match=f"length {length} is too short; allowed: {task.minimum_length} or more"):
        generate_splits([length], task=task)


def test_what_cannot_be_listed_is_not_called_exact() -> None:
    with pytest.raises(InputError, match="the task unlisted has too many different rows at length 5"):
        exact_score(build_classifier(), 5, Unlisted())


def test_rows_of_a_second_task_have_its_labels(first_digit: Task, tmp_path: Path) -> None:
    sums, splits = generate_splits([6])[6], generate_splits([6], task=first_digit)[6]
    for (_, rows), (_, of_sums) in zip(splits.items(), sums.items(), strict=True):
        assert rows.digits.tolist() == of_sums.digits.tolist()
        assert rows.labels.tolist() == rows.digits[:, 0].tolist()
    fresh = TrainingRows(splits.train, fresh=True, task=first_digit).for_epoch(1)
    assert fresh.labels.tolist() == fresh.digits[:, 0].tolist()
    write_splits(tmp_path, {6: splits})
    assert read_splits(tmp_path, 6, first_digit).test.labels.tolist() == splits.test.labels.tolist()
    with pytest.raises(InputError, match=r"6.train.txt:4: the label '0' is not 1, the sum of the first two digits"):
        read_splits(tmp_path, 6)


@pytest.mark.usefixtures("first_digit")
def test_a_task_is_part_of_a_trials_identity() -> None:
    (trial,), (other,) = (
        plan_trials(settings_of("data.lengths=5", "train.seed=0", f"data.task={name}")).trials
        for name in ("digit-sum", "first-digit")
    )
    assert Trial.from_dict(trial.to_dict()) == trial
    assert Trial.from_dict(other.to_dict()) == other
    assert replace(trial, drawing=other.drawing).identity != trial.identity


@pytest.mark.parametrize("cell", ["srn", "lstm"])
@pytest.mark.slow
def test_both_trainers_score_a_second_task_as_brute_force_does(cell: str) -> None:
    task, length = FirstDigit(), 4
    splits = generate_splits([length], task=task)[length]
    model = build_classifier(cell, "manual", 8, 12, seed=2, task=task).double()
    trainer = FusedTrainer(
        CELLS[cell].implementations[FUSED]["tanh"],
        copy_weights(model),
        build_prefix_forest(splits.train, 8),
        EvaluationSet(splits.eval, 8),
        task=task,
        epochs=6,
        rule=Rule(lr=0.01),
        dtype=np.float64,
    )
    trainer.advance(trainer.steps)
    data = DigitSumSplits.of(splits)
    record = Runner(model, torch.optim.Adam(model.parameters(), lr=0.01)).train(data.train, data.eval, epochs=6)
    assert trainer.record().step_losses == pytest.approx(record.step_losses, abs=1e-9)
    expected = accuracy_by_hand(model, length, task)
    assert task.floor.accuracy < expected < 1, "the case must have right and wrong answers"
    assert exact_score(model, length, task).accuracy == expected
    load_weights(model, trainer.best_weights())
    assert trainer.exact_accuracy_of_best() == accuracy_by_hand(model, length, task)


def test_book_weights_of_a_second_task_are_those_of_its_classifier() -> None:
    drawn = draw_book_weights("gru", 5, 7, 3, FirstDigit())
    weights = copy_weights(build_classifier("gru", "manual", 5, 7, seed=3, task=FirstDigit()))
    assert weights["linear.weight"].shape == (10, 7)
    assert drawn.keys() == weights.keys()
    assert all(np.array_equal(drawn[name], weights[name]) for name in weights)


def test_a_network_that_is_right_shows_what_its_task_asks() -> None:
    """A classifier whose state has one unit for each first digit, which stays above 0 whatever comes after."""
    task = FirstDigit()
    model = build_classifier("srn", "manual", 10, 20, activation="relu", task=task)
    weights = {name: np.zeros_like(array) for name, array in copy_weights(model).items()}
    one_hot = np.eye(10, dtype=np.float32)
    weights["embedding.W"] = one_hot
    # The second half of the units says that a digit has been read, which hides all later ones from the first half.
    weights["rnn_model.W"] = np.hstack([one_hot, np.ones((10, 10), np.float32)])
    weights["rnn_model.U"][:10, :10] = 2 * one_hot
    weights["rnn_model.U"][10:, :10] = -0.1
    weights["linear.weight"][:, :10] = one_hot
    load_weights(model, weights)
    diagnosis = diagnose(model, model, 5, [3], task)
    assert diagnosis.accuracy_by_length == {3: 1, 5: 1}
    assert diagnosis.confusion.tolist() == np.diag([300] * 10).tolist()
    assert (diagnosis.first_digit_slope, diagnosis.second_digit_slope) == pytest.approx((1, 0))
    assert diagnosis.label_probe == diagnosis.first_digit_probe


@pytest.mark.slow
def test_a_sweep_of_a_second_task_is_trained_scored_diagnosed_and_reported(first_digit: Task, tmp_path: Path) -> None:
    run = tmp_path / "run"
    options = ("data.task=first-digit", "train.lr=0.01", "sweep.model.impl=manual,fused", "train.eval_every=10")
    result = study(run, *options)
    checkpoints = sorted((run / "checkpoints").iterdir())
    assert len(checkpoints) == len(result.rows) == 8
    scored = digitsum("evaluate", run, "--json").document["checkpoints"]
    for row in scored:
        assert row["task"] == "first-digit"
        model = build_classifier(task=first_digit)
        load_weights(model, read_checkpoint(Path(row["checkpoint"])).weights)
        assert row["exact_accuracy"] == pytest.approx(accuracy_by_hand(model, row["length"], first_digit), abs=2e-3)
    accuracies = {row["trial"]: row["exact_accuracy"] for row in scored}
    assert {row.trial: row.accuracy(AccuracyKind.EXACT) for row in result.rows} == pytest.approx(accuracies, abs=2e-3)

    diagnosed = digitsum("evaluate", run, "--diagnose", "--json")
    assert diagnosed.code == 0, diagnosed.err
    for row in diagnosed.document["diagnosis"]:
        assert np.shape(row["confusion"]) == (10, 10)
        assert row["accuracy_by_length"][str(row["length"])] == pytest.approx(accuracies[row["trial"]], abs=2e-3)
    shown = digitsum("evaluate", run, "--sequence", "6 7 0 0")
    assert shown.code == 0, shown.err
    assert "wrong. The first digit is 6" in shown.out or ": correct." in shown.out
    assert digitsum("report", run).code == 0
    page = (run / "report.html").read_text()
    assert "always answering 0 (10 %)" in page
    assert "task first-digit" in page
    assert "correct first digit" in page
