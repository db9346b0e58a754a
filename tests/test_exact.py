"""Scores over every draw of the generator, against enumerating the draws with plain loops."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from digitsum_cli.core import DigitSumSplits, Runner, build_classifier, generate_splits
from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.dataset import DigitSumDataset
from digitsum_cli.core.exact import exact_score, logits_of_draws, states_of_every_draw
from digitsum_cli.core.generation import generate_rows
from digitsum_cli.core.metrics import count_correct
from digitsum_cli.core.registry import CELLS, FUSED
from digitsum_cli.core.tasks import DIGIT_SUM
from digitsum_cli.core.weights import copy_weights, load_weights
from digitsum_cli.errors import InputError
from digitsum_cli.fused.exact import exact_accuracies_of_weights
from digitsum_cli.fused.prefix_tree import build_prefix_forest
from digitsum_cli.fused.rule import Rule
from digitsum_cli.fused.trainer import EvaluationSet, FusedTrainer
from tests.draws import every_draw


def draws_by_hand(length: int) -> Iterator[list[int]]:
    for first in range(10):
        for second in range(10):
            for position in range(2, length):
                for value in range(10):
                    row = [first, second] + [0] * (length - 2)
                    row[position] = value
                    yield row


def probability_by_hand(row: list[int]) -> float:
    """Of a row under the generator: its pair; then no distractor, or its position and its value."""
    if any(row[2:]):
        return 1 / 100 * 1 / (len(row) - 2) * 1 / 10
    return 1 / 100 * 1 / 10


def loss_and_right(model: DigitSumClassifier, row: list[int]) -> tuple[float, bool]:
    logits = model(torch.tensor([row]))[0].tolist()
    label = row[0] + row[1]
    loss = math.log(sum(math.exp(z) for z in logits)) - logits[label]
    return loss, logits.index(max(logits)) == label


def test_logits_that_are_no_numbers_are_no_answer() -> None:
    logits = torch.zeros(4, 19)
    logits[1, 0] = logits[2, 3] = math.nan
    logits[3, 0] = math.inf
    assert count_correct(logits, torch.zeros(4, dtype=torch.int64)) == 2


@pytest.mark.parametrize("cell", CELLS)
def test_network_that_gives_no_numbers_is_right_about_nothing(cell: str) -> None:
    model = build_classifier(cell, "manual", 6, 7)
    weights = copy_weights(model)
    weights["linear.bias"][4] = math.nan
    load_weights(model, weights)
    assert exact_score(model, 5).accuracy == 0
    splits = generate_splits([5])[5]
    forest, rows = build_prefix_forest(splits.train, 8), EvaluationSet(splits.eval, 8)
    trainer = FusedTrainer(
        CELLS[cell].implementations[FUSED]["tanh"],
        copy_weights(build_classifier(cell, "manual", 6, 7)),
        forest,
        rows,
        epochs=4,
    )
    trainer.advance(120)
    trainer.restore(replace(trainer.state(), best_weights=weights))
    assert trainer.exact_accuracy_of_best() == 0
    assert trainer.score_best(rows).accuracy == 0


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("scale", [0.5, 1.5, 4.0], ids=["fading", "growing", "saturated"])
@pytest.mark.slow
def test_compiled_accuracies_equal_those_of_every_draw_though_equal_states_are_merged(cell: str, scale: float) -> None:
    model = build_classifier(cell, "manual", 6, 9, seed=1, recurrent_scale=scale)
    compiled = CELLS[cell].implementations[FUSED]["tanh"]
    lengths = [3, 20, 40]
    found = exact_accuracies_of_weights(compiled, copy_weights(model), lengths, DIGIT_SUM)
    assert found == pytest.approx({length: exact_score(model, length).accuracy for length in lengths}, abs=1e-3)
    assert 0 < found[40] < 1


@pytest.fixture(scope="module", params=["manual", "torch"])
def model(request: pytest.FixtureRequest) -> DigitSumClassifier:
    """Right about some rows and wrong about others; in double precision, where no two logits are nearly equal."""
    splits = DigitSumSplits.of(generate_splits([4])[4])
    model = build_classifier("srn", request.param, 8, 12).double()
    Runner(model, torch.optim.Adam(model.parameters(), lr=0.01)).train(splits.train, splits.eval, epochs=10)
    return model


@pytest.mark.parametrize("length", [3, 4, 9])
def test_every_draw_is_in_the_order_first_digit_second_digit_position_value(length: int) -> None:
    rows = every_draw(length)
    assert rows.digits.tolist() == list(draws_by_hand(length))
    assert len(rows) == DIGIT_SUM.every_draw(length).count == 1000 * (length - 2)


@pytest.mark.parametrize("length", [3, 4, 9])
def test_labels_of_every_draw_are_the_sums_of_the_first_two_digits(length: int) -> None:
    rows = every_draw(length)
    assert rows.labels.tolist() == [first + second for first, second, *_ in rows.digits.tolist()]


@pytest.mark.parametrize("first_digit", [0, 3, 9])
def test_the_draws_with_one_first_digit_are_a_tenth_of_all(first_digit: int) -> None:
    rows, some = every_draw(5), every_draw(5, first_digit)
    assert some.digits.tolist() == [row for row in rows.digits.tolist() if row[0] == first_digit]
    assert len(some) == len(rows) // 10


@pytest.mark.parametrize("length", [3, 4, 7, 35])
@pytest.mark.slow
def test_every_draw_has_each_distinct_row_as_often_as_it_is_likely(length: int) -> None:
    rows = Counter(map(tuple, every_draw(length).digits.tolist()))
    assert len(rows) == 100 * (9 * (length - 2) + 1)
    for row, count in rows.items():
        assert count / DIGIT_SUM.every_draw(length).count == pytest.approx(probability_by_hand(list(row)), rel=1e-12)


@pytest.mark.slow
def test_generated_rows_are_distributed_as_every_draw_says() -> None:
    """40,000 rows of length 4: chi-squared over the 1,900 distinct rows, 400 rows being given to each of 100 pairs."""
    generated = Counter(map(tuple, generate_rows(4, 400, np.random.RandomState(0)).digits.tolist()))
    likely = Counter(map(tuple, every_draw(4).digits.tolist()))
    assert generated.keys() <= likely.keys()
    observed = [generated[row] for row in likely]
    expected = [40_000 * count / DIGIT_SUM.every_draw(4).count for count in likely.values()]
    assert chisquare(observed, expected, ddof=99).pvalue > 0.001


@pytest.mark.parametrize("length", [2, 0, -1])
def test_a_length_without_room_for_a_distractor_is_an_input_error(length: int) -> None:
    model = build_classifier()
    for attempt in (
        lambda: every_draw(length),
        lambda: exact_score(model, length),
        lambda: list(states_of_every_draw(model, [5, length], 0)),
    ):
        with pytest.raises(InputError, match=rf"length {length}\b.*allowed: 3 or more"):
            attempt()


@pytest.mark.parametrize("length", [3, 4, 7])
@torch.inference_mode()
@pytest.mark.slow
def test_exact_score_equals_reading_every_draw_row_by_row(length: int, model: DigitSumClassifier) -> None:
    losses, right = zip(*(loss_and_right(model, row) for row in draws_by_hand(length)), strict=True)
    score = exact_score(model, length)
    assert score.accuracy == sum(right) / (1000 * (length - 2))
    assert score.loss == pytest.approx(sum(losses) / (1000 * (length - 2)), rel=1e-9)


@torch.inference_mode()
def test_exact_score_is_the_mean_over_distinct_rows_by_probability(model: DigitSumClassifier) -> None:
    expected_loss = expected_accuracy = 0.0
    for row in np.unique(every_draw(4).digits, axis=0).tolist():
        loss, right = loss_and_right(model, row)
        expected_loss += probability_by_hand(row) * loss
        expected_accuracy += probability_by_hand(row) * right
    score = exact_score(model, 4)
    assert (score.loss, score.accuracy) == pytest.approx((expected_loss, expected_accuracy), rel=1e-9)


@pytest.mark.parametrize("first_digit", [0, 7])
@torch.inference_mode()
def test_states_for_several_lengths_at_once_are_those_of_the_model_on_every_draw(
    first_digit: int, model: DigitSumClassifier
) -> None:
    for length, states in states_of_every_draw(model, [12, 3, 4, 7], first_digit):
        digits = DigitSumDataset(every_draw(length, first_digit)).digits
        expected = model.rnn_model(model.embedding(digits))
        assert states.shape == (10, length - 2, 10, 12)
        assert states.flatten(0, 2).numpy() == pytest.approx(expected.numpy(), abs=1e-12)


def test_each_length_is_yielded_once_and_in_rising_order() -> None:
    states = states_of_every_draw(build_classifier(), [7, 4, 7, 3], 0)
    assert [length for length, _ in states] == [3, 4, 7]


@torch.inference_mode()
def test_logits_of_draws_are_in_their_order(model: DigitSumClassifier) -> None:
    [(_, states)] = states_of_every_draw(model, [5], 6)
    logits = logits_of_draws(model, states)
    data = DigitSumDataset(every_draw(5, 6))
    assert logits.numpy() == pytest.approx(model(data.digits).numpy(), abs=1e-12)


def trained_by_compiled_steps(
    length: int, sizes: tuple[int, int], dtype: type[np.floating], cell: str = "srn"
) -> tuple[FusedTrainer, DigitSumClassifier]:
    """After 304 steps, with a classifier that has the kept weights."""
    splits = generate_splits([length])[length]
    model = build_classifier(cell, "manual", *sizes)
    model = model.double() if dtype is np.float64 else model
    trainer = FusedTrainer(
        CELLS[cell].implementations[FUSED]["tanh"],
        copy_weights(model),
        build_prefix_forest(splits.train, 8),
        EvaluationSet(splits.eval, 8),
        epochs=8,
        rule=Rule(lr=0.01),
        dtype=dtype,
    )
    trainer.advance(trainer.steps)
    load_weights(model, trainer.best_weights())
    return trainer, model


@pytest.mark.parametrize(
    ("length", "sizes"), [(3, (32, 32)), (5, (32, 32)), (12, (32, 32)), (3, (3, 9)), (5, (5, 37)), (12, (17, 1))]
)
@pytest.mark.parametrize("cell", CELLS)
def test_exact_accuracy_of_the_compiled_trainer_is_the_manual_models(
    length: int, sizes: tuple[int, int], cell: str
) -> None:
    trainer, model = trained_by_compiled_steps(length, sizes, np.float64, cell)
    assert trainer.exact_accuracy_of_best() == exact_score(model, length).accuracy


def test_in_single_precision_next_to_no_draw_is_answered_otherwise() -> None:
    trainer, model = trained_by_compiled_steps(12, (32, 32), np.float32)
    assert trainer.exact_accuracy_of_best() == pytest.approx(exact_score(model, 12).accuracy, abs=5e-4)


def test_exact_accuracy_of_the_compiled_trainer_is_that_of_the_kept_weights_not_of_the_last() -> None:
    trainer, model = trained_by_compiled_steps(12, (32, 32), np.float64)
    best, last = trainer.best(), trainer.last_evaluation()
    assert best is not None
    assert best != last
    load_weights(model, trainer.weights())
    assert trainer.exact_accuracy_of_best() != exact_score(model, 12).accuracy
