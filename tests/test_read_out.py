"""The linear read-out of states that hold a known amount of each digit."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import multivariate_normal

from digitsum_cli.core import build_classifier
from digitsum_cli.diagnostics.read_out import ReadOut, read_out_digits
from digitsum_cli.diagnostics.reading import read_every_draw

Array = npt.NDArray[np.float64]

FIRST, SECOND = (axis.astype(float) for axis in np.indices((10, 10)))
SHAPE = (10, 10, 3, 10)


def states_of(*units: Array, noise: float = 0.0) -> Array:
    """States whose units are given for each pair, of shape ``(10, 10, 3, 10, units)``, with noise in every draw."""
    exact = np.stack([np.broadcast_to(unit[:, :, None, None], SHAPE) for unit in units], axis=-1)
    return exact + noise * np.random.default_rng(0).standard_normal(exact.shape)


def one_hot(number: Array) -> list[Array]:
    return [np.equal(number, value).astype(float) for value in range(19)]


def share_of_most_likely_digits(states: Array) -> float:
    """The same read-out of the first digit from normal densities, with every fold fitted anew."""
    right, scored = 0, 0
    for fold in range(10):
        fitted = np.delete(states, fold, axis=1)
        groups = [fitted[digit].reshape(-1, states.shape[-1]) for digit in range(10)]
        residuals = np.concatenate([group - group.mean(axis=0) for group in groups])
        covariance = residuals.T @ residuals / (len(residuals) - 10)
        for digit in range(10):
            held_out = states[digit, fold].reshape(-1, states.shape[-1])
            densities = [multivariate_normal.logpdf(held_out, group.mean(axis=0), covariance) for group in groups]
            right += int((np.argmax(densities, axis=0) == digit).sum())
            scored += len(held_out)
    return right / scored


def read_out_by_densities(states: Array) -> ReadOut:
    return ReadOut(share_of_most_likely_digits(states), share_of_most_likely_digits(states.swapaxes(0, 1)))


def test_scores_equal_those_of_normal_densities() -> None:
    units = [FIRST, SECOND + 0.3 * FIRST, np.sin(FIRST * SECOND), FIRST % 3, FIRST + SECOND]
    states = states_of(*units, noise=0.5)
    scores = read_out_digits(states)
    assert 0.4 < scores.second_digit < scores.first_digit < 0.95, "the case must not be easy or hopeless"
    assert scores == read_out_by_densities(states)


def test_scores_of_a_network_equal_those_of_normal_densities() -> None:
    model = build_classifier("srn", "manual", hidden_size=8, seed=1)
    states = read_every_draw(model, 5).last_states
    scores = read_out_digits(states)
    assert scores.first_digit > 0.15
    assert scores == read_out_by_densities(states.astype(np.float64))


def test_digits_held_linearly_are_told() -> None:
    mixing = np.random.default_rng(1).standard_normal((2, 6))
    states = states_of(FIRST, SECOND, noise=0.02) @ mixing
    assert read_out_digits(states) == ReadOut(1.0, 1.0)


def test_one_unit_that_grows_with_the_digit_tells_all_ten() -> None:
    assert read_out_digits(states_of(np.tanh(FIRST / 5))) == ReadOut(1.0, 0.1)
    assert read_out_digits(states_of(np.tanh(SECOND / 5))) == ReadOut(0.1, 1.0)


def test_digit_beside_large_units_that_vary_is_told() -> None:
    noise = np.random.default_rng(2).standard_normal((*SHAPE, 3))
    states = np.concatenate([1e-3 * states_of(FIRST), noise], axis=-1)
    assert read_out_digits(states).first_digit == 1.0


def test_units_that_are_saturated_or_the_same_do_not_matter() -> None:
    digit = states_of(FIRST, SECOND, noise=0.3)
    ones = np.ones((*SHAPE, 2))
    padded = np.concatenate([digit, ones, -ones, digit[..., :1]], axis=-1)
    assert read_out_digits(padded) == read_out_digits(digit)


@pytest.mark.parametrize("value", [0.0, 1.0, -0.1])
def test_constant_states_score_chance(value: float) -> None:
    assert read_out_digits(np.full((*SHAPE, 4), value)) == ReadOut(0.1, 0.1)


def test_noise_scores_chance() -> None:
    scores = read_out_digits(np.random.default_rng(3).standard_normal((*SHAPE, 8)))
    assert (scores.first_digit, scores.second_digit) == pytest.approx((0.1, 0.1), abs=0.02)


def test_the_other_digit_alone_scores_chance_not_less() -> None:
    scores = read_out_digits(states_of(*one_hot(SECOND), noise=0.1))
    assert scores.first_digit == pytest.approx(0.1, abs=0.02)
    assert scores.second_digit == 1.0


def test_knowing_pairs_by_heart_does_not_count() -> None:
    names = np.random.default_rng(4).standard_normal((20, 10, 10))
    scores = read_out_digits(states_of(*names, noise=0.01))
    assert scores.first_digit < 0.2
    assert scores.second_digit < 0.2


def test_the_sum_alone_tells_neither_digit() -> None:
    scores = read_out_digits(states_of(*one_hot(FIRST + SECOND), noise=0.1))
    assert scores.first_digit < 0.19
    assert scores.second_digit < 0.19
