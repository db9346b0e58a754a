"""The linear read-out of states that hold a known amount of each digit and of the sum."""

import numpy as np
import numpy.typing as npt
import pytest

from digitsum_cli.core import build_classifier
from digitsum_cli.core.tasks import DIGIT_SUM, Task
from digitsum_cli.core.tasks.two_digits import TwoDigitTask
from digitsum_cli.diagnostics.linear_probe import CLASSIFIER_RIDGE, ProbeScores, linear_probe
from digitsum_cli.diagnostics.reading import read_every_draw

Array = npt.NDArray[np.float64]

FIRST, SECOND = (axis.astype(float) for axis in np.indices((10, 10)))
SUM = FIRST + SECOND
SHAPE = (10, 10, 3, 10)


def states_of(*units: Array, noise: float = 0.0) -> Array:
    """States whose units are given for each pair, of shape ``(10, 10, 3, 10, units)``, with noise in every draw."""
    exact = np.stack([np.broadcast_to(unit[:, :, None, None], SHAPE) for unit in units], axis=-1)
    return exact + noise * np.random.default_rng(0).standard_normal(exact.shape)


def one_hot(number: Array) -> list[Array]:
    return [np.equal(number, value).astype(float) for value in range(10)]


def shares(states: Array) -> tuple[float, float, float]:
    scores = linear_probe(states)
    return scores.first_digit, scores.second_digit, scores.label


class Parity(TwoDigitTask):
    """Whether the sum is odd: in each fold, all labels are the same."""

    classes = 2

    def label_of_pair(self, first: npt.NDArray[np.integer], second: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
        return (first + second) % 2


def shares_fold_by_fold(states: Array, task: Task = DIGIT_SUM) -> list[float]:
    """The same shares, each target and fold fitted anew to all its rows, with a column of ones."""
    first, second = (np.broadcast_to(digit[:, :, None, None], states.shape[:-1]).ravel() for digit in (FIRST, SECOND))
    rows = np.column_stack([states.reshape(-1, states.shape[-1]), np.ones(len(first))])
    found = []
    for target in (first, second, task.label(np.column_stack([first, second]).astype(np.int8)).astype(float)):
        predicted, mean = np.full_like(target, np.nan), np.full_like(target, np.nan)
        for fold in range(10):
            held_out = second == (3 * first + fold) % 10
            weights, *_ = np.linalg.lstsq(rows[~held_out], target[~held_out])
            predicted[held_out], mean[held_out] = rows[held_out] @ weights, target[~held_out].mean()
        found.append(float(1 - np.sum((target - predicted) ** 2) / np.sum((target - mean) ** 2)))
    return found


def test_shares_equal_those_of_least_squares_fold_by_fold() -> None:
    units = [FIRST, SECOND + 0.3 * FIRST, np.sin(FIRST * SECOND), FIRST % 3, 5 + SUM]
    states = states_of(*units, noise=2.0)
    expected = shares_fold_by_fold(states)
    assert 0.4 < expected[1] < expected[0] < expected[2] < 0.95, "the case must not be easy or hopeless"
    assert shares(states) == pytest.approx(expected, abs=1e-8)


def test_shares_of_another_label_equal_those_of_least_squares_fold_by_fold() -> None:
    parity = (FIRST + SECOND) % 2
    states = states_of(FIRST, parity + 0.1 * SECOND, np.sin(FIRST * SECOND), noise=0.5)
    expected = shares_fold_by_fold(states, Parity())
    assert 0.1 < expected[2] < 0.9, "the case must not be easy or hopeless"
    assert linear_probe(states, Parity()).label == pytest.approx(expected[2], abs=1e-8)


def test_shares_of_a_network_equal_those_of_least_squares_fold_by_fold() -> None:
    model = build_classifier("srn", "manual", hidden_size=8, seed=1)
    states = read_every_draw(model, 5).last_states.astype(np.float64)
    expected = shares_fold_by_fold(states)
    assert min(expected) > 0.01, "the case must not be cut off at 0"
    assert shares(states) == pytest.approx(expected, abs=1e-6)


def test_digits_held_linearly_are_found_in_full() -> None:
    mixing = np.random.default_rng(1).standard_normal((2, 6))
    assert shares(states_of(FIRST, SECOND) @ mixing) == pytest.approx((1, 1, 1), abs=1e-6)


def test_the_sum_alone_gives_half_of_each_digit() -> None:
    assert shares(states_of(SUM)) == pytest.approx((0.5, 0.5, 1), abs=1e-8)


def test_the_difference_alone_gives_half_of_each_digit_and_nothing_of_the_sum() -> None:
    assert shares(states_of(FIRST - SECOND)) == pytest.approx((0.5, 0.5, 0), abs=1e-8)


def test_one_digit_alone_gives_half_of_the_sum_and_nothing_of_the_other() -> None:
    assert shares(states_of(FIRST)) == pytest.approx((1, 0, 0.5), abs=0.01)
    assert shares(states_of(SECOND)) == pytest.approx((0, 1, 0.5), abs=0.01)


def test_a_unit_for_each_value_of_both_digits_gives_all_of_them() -> None:
    assert shares(states_of(*one_hot(FIRST), *one_hot(SECOND))) == pytest.approx((1, 1, 1), abs=1e-6)


def test_noise_as_large_as_the_digit_leaves_half_of_it() -> None:
    found, _, _ = shares(states_of(FIRST, noise=float(FIRST.std())))
    assert found == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("hidden_size", [8, 32, 64])
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_learning_pairs_by_heart_does_not_count(hidden_size: int, noise: float) -> None:
    names = np.random.default_rng(4).standard_normal((hidden_size, 10, 10))
    assert shares(states_of(*names, noise=noise)) == pytest.approx((0, 0, 0), abs=0.02)


def test_noise_gives_nothing() -> None:
    states = np.random.default_rng(3).standard_normal((*SHAPE, 8))
    assert shares(states) == pytest.approx((0, 0, 0), abs=0.01)


@pytest.mark.parametrize("value", [0.0, 1.0, -0.1])
def test_constant_states_give_nothing(value: float) -> None:
    assert shares(np.full((*SHAPE, 4), value)) == pytest.approx((0, 0, 0), abs=1e-12)


def test_digit_beside_large_units_that_vary_is_found() -> None:
    noise = np.random.default_rng(2).standard_normal((*SHAPE, 3))
    states = np.concatenate([1e-3 * states_of(FIRST), noise], axis=-1)
    assert linear_probe(states).first_digit == pytest.approx(1, abs=1e-4)


def test_units_that_are_saturated_or_the_same_do_not_matter() -> None:
    digits = states_of(FIRST, SECOND, noise=0.3)
    ones = np.ones((*SHAPE, 2))
    padded = np.concatenate([digits, ones, -ones, digits[..., :1]], axis=-1)
    assert shares(padded) == pytest.approx(shares(digits), abs=1e-8)


def test_size_of_the_states_does_not_matter() -> None:
    states = states_of(FIRST, SUM, noise=1.0)
    assert shares(1e-6 * states) == pytest.approx(shares(states), abs=1e-8)


def test_shares_are_plain_numbers() -> None:
    assert linear_probe(np.zeros((*SHAPE, 1), np.float32)) == ProbeScores(0.0, 0.0, 0.0, 0.0)
    assert all(type(share) is float for share in shares(states_of(FIRST)))


def classified_fold_by_fold(states: Array) -> float:
    """The accuracy of linear discriminants, written with loops over folds and classes."""
    first, second = (np.broadcast_to(digit[:, :, None, None], states.shape[:-1]).ravel() for digit in (FIRST, SECOND))
    rows, labels = states.reshape(-1, states.shape[-1]), (first + second).astype(int)
    centred = rows - rows.mean(axis=0)
    correct = 0
    for fold in range(10):
        held_out = second == (3 * first + fold) % 10
        fitted, fitted_labels = centred[~held_out], labels[~held_out]
        classes = np.unique(fitted_labels)
        means = np.array([fitted[fitted_labels == label].mean(axis=0) for label in classes])
        within = fitted - means[np.searchsorted(classes, fitted_labels)]
        mean_square = (fitted**2).mean()
        S = within.T @ within / len(fitted) + CLASSIFIER_RIDGE * mean_square * np.eye(rows.shape[1])
        for row, label in zip(centred[held_out], labels[held_out], strict=True):
            scores = [
                row @ np.linalg.solve(S, mean)
                - mean @ np.linalg.solve(S, mean) / 2
                + np.log((fitted_labels == each).mean())
                for mean, each in zip(means, classes, strict=True)
            ]
            correct += classes[int(np.argmax(scores))] == label
    return correct / len(rows)


def test_classifier_equals_linear_discriminants_fold_by_fold() -> None:
    states = states_of(FIRST, SECOND + 0.3 * FIRST, np.sin(FIRST * SECOND), FIRST % 3, SUM, noise=0.4)[:, :, :1]
    expected = classified_fold_by_fold(states)
    assert 0.2 < expected < 0.9, "the case must not be easy or hopeless"
    assert linear_probe(states).label_accuracy == pytest.approx(expected, abs=1e-12)


def test_classifier_finds_sums_that_do_not_lie_in_a_line() -> None:
    """All but the sums 0 and 18, which only one pair has; a regression of the sum explains little."""
    places = np.random.default_rng(0).standard_normal((19, 12))
    scores = linear_probe(states_of(*places[SUM.astype(int)].transpose(2, 0, 1), noise=0.05))
    assert scores.label_accuracy == 0.98
    assert scores.label < 0.8


def test_classifier_does_not_find_what_is_not_there() -> None:
    scores = linear_probe(states_of(FIRST, noise=0.1))
    assert scores.label_accuracy < 0.15
