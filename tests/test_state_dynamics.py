"""Where the states go: networks whose states are known, and every cell against its rows."""

import json
import math
from dataclasses import fields
from functools import partial

import numpy as np
import numpy.typing as npt
import pytest
import torch

from digitsum_cli.core import DigitSumClassifier, build_classifier
from digitsum_cli.core.registry import AUTOGRAD, CELLS
from digitsum_cli.core.tasks import DIGIT_SUM
from digitsum_cli.diagnostics.state_dynamics import PROJECTED_STEPS, STEPS_AFTER_DISTRACTOR, state_dynamics
from digitsum_cli.json_text import json_text

EVERY_CELL = pytest.mark.parametrize(("cell", "impl"), [(cell, impl) for cell in CELLS for impl in AUTOGRAD])
PAIRS = [(first, second) for first in range(10) for second in range(10)]


def network_of_one_unit(U: float, activation: str) -> DigitSumClassifier:
    """A network that reads a digit d as the number d: ``h_t = f(U h_{t-1} + d)``."""
    model = build_classifier("srn", embedding_size=1, hidden_size=1, activation=activation)
    with torch.no_grad():
        model.embedding.W.copy_(torch.arange(10.0)[:, np.newaxis])
        for name, value in {"W": 1.0, "U": U, "b": 0.0}.items():
            getattr(model.rnn_model, name).fill_(value)
    return model


def test_a_counter_keeps_the_sum_and_adds_every_distractor() -> None:
    dynamics = state_dynamics(network_of_one_unit(1.0, "relu"), 10)
    assert dynamics.groups == 19
    assert dynamics.explained == pytest.approx(1)
    assert np.array_equal(dynamics.jacobian_radii, np.where([pair == (0, 0) for pair in PAIRS], 0, 1))  # relu at 0
    assert dynamics.jacobian_radius == 1
    assert dynamics.movement.keys() >= {2, 3, 999}
    assert set(dynamics.movement.values()) == {0}
    assert dynamics.displacement.keys() >= {0, 1, STEPS_AFTER_DISTRACTOR}
    assert set(dynamics.displacement.values()) == {5}
    assert dynamics.answer_distance == 1
    assert dynamics.returned == 0.01  # only 9 + 9, beyond which there is no other sum
    sums = [first + second for first, second in PAIRS]
    for components in dynamics.projections:
        assert np.abs(np.corrcoef(components[:, 0], sums)[0, 1]) == pytest.approx(1)
        assert not components[:, 1].any()


@pytest.mark.parametrize("U", [0.5, 0.8])
def test_a_fading_memory_loses_the_digits_and_the_distractor(U: float) -> None:
    dynamics = state_dynamics(network_of_one_unit(U, "tanh"), 10)
    assert dynamics.groups == 1
    assert dynamics.jacobian_radius == pytest.approx(U)
    assert dynamics.last_movement == 0
    assert 0.5 < dynamics.first_displacement < 1
    assert dynamics.last_displacement == 0
    assert dynamics.answer_distance == 0
    assert math.isnan(dynamics.returned)


def test_a_latch_has_an_attractor_on_either_side() -> None:
    model = network_of_one_unit(2.0, "tanh")
    dynamics = state_dynamics(model, 10)
    h = 1.0
    for _ in range(100):
        h = math.tanh(2 * h)
    assert dynamics.groups == 2  # the attractor, and 0 of the pair 0 0
    assert dynamics.jacobian_radius == pytest.approx(2 * (1 - h**2))
    assert dynamics.jacobian_radii[0] == pytest.approx(2)
    assert dynamics.last_movement == 0
    assert dynamics.last_displacement == pytest.approx(0.01 * h)  # only the pair 0 0 does not come back


def test_states_that_grow_without_limit_have_no_dynamics() -> None:
    dynamics = state_dynamics(network_of_one_unit(4.0, "relu"), 10)
    assert math.isnan(dynamics.groups)
    assert math.isnan(dynamics.explained)
    assert np.isnan(dynamics.projections).all()
    assert not math.isfinite(dynamics.last_movement)
    again = type(dynamics).from_dict(json.loads(json_text(dynamics.to_dict())))
    assert math.isnan(again.explained)


@pytest.mark.parametrize("U", [1.2, 1.5, 2.0])
def test_states_that_grow_but_are_finite_are_compared(U: float) -> None:
    dynamics = state_dynamics(network_of_one_unit(U, "relu"), 10)
    assert 2 <= dynamics.groups <= 100
    assert dynamics.jacobian_radius == pytest.approx(U)
    assert dynamics.last_movement > 1e50


def test_of_a_large_state_the_radius_is_known_at_some_pairs() -> None:
    radii = state_dynamics(build_classifier("srn", embedding_size=2, hidden_size=200), 5).jacobian_radii
    assert 0 < np.isfinite(radii).sum() < 100


def test_rows_longer_than_the_steps_that_are_followed_have_their_distractor_at_the_end_of_these() -> None:
    dynamics = state_dynamics(network_of_one_unit(1.0, "relu"), 5_000)
    assert max(dynamics.movement) == PROJECTED_STEPS[-1] - 1
    assert dynamics.first_displacement == 5


@EVERY_CELL
def test_distances_are_those_between_the_states_of_rows(cell: str, impl: str) -> None:
    model = build_classifier(cell, impl, embedding_size=3, hidden_size=4, seed=2)
    dynamics = state_dynamics(model, 9)
    states = states_of([[*pair, *[0] * 20] for pair in PAIRS], model)
    for step in (2, 3, 7, 10):
        distances = np.linalg.norm(states[:, step] - states[:, step - 1], axis=1)
        assert dynamics.movement[step] == pytest.approx(distances.mean(), rel=1e-9)
    with_distractor = states_of([[*pair, 0, 0, d, *[0] * 17] for pair in PAIRS for d in range(1, 10)], model)
    for zeros in (0, 1, 5):
        step = 5 + zeros
        distances = np.linalg.norm(with_distractor[:, step - 1] - states[:, step - 1].repeat(9, axis=0), axis=1)
        assert dynamics.displacement[zeros] == pytest.approx(distances.mean(), rel=1e-9)


@EVERY_CELL
def test_radii_are_those_of_the_jacobian_by_autograd(cell: str, impl: str) -> None:
    model = build_classifier(cell, impl, embedding_size=3, hidden_size=4, seed=2)
    radii = state_dynamics(model, 9).jacobian_radii
    model = model.double()
    for pair in (0, 37, 99):
        row = [*PAIRS[pair], *[0] * (PROJECTED_STEPS[-1] - 2)]
        state = torch.from_numpy(states_of([row], model)[0, -1:])
        step = partial(model.rnn_model.step, model.embedding.W[:1])
        jacobian = torch.autograd.functional.jacobian(step, state)[0, :, 0]  # type: ignore[no-untyped-call]
        assert radii[pair] == pytest.approx(torch.linalg.eigvals(jacobian).abs().max().item(), rel=1e-6)


@pytest.mark.parametrize("length", [3, 4, 5])
def test_the_distractor_follows_the_first_two_digits_in_the_shortest_rows(length: int) -> None:
    model = build_classifier("srn", embedding_size=3, hidden_size=4)
    moved = state_dynamics(model, length).displacement
    after = states_of([[*pair, d] for pair in PAIRS for d in range(1, 10)], model)[:, -1]
    without = states_of([[*pair, 0] for pair in PAIRS], model)[:, -1].repeat(9, axis=0)
    assert moved[0] == pytest.approx(np.linalg.norm(after - without, axis=1).mean(), rel=1e-9)


def test_the_model_is_not_changed() -> None:
    model = build_classifier("srn", "torch")
    before = {name: weights.clone() for name, weights in model.state_dict().items()}
    state_dynamics(model, 5)
    assert all(torch.equal(before[name], weights) for name, weights in model.state_dict().items())


def test_values_are_read_back_as_they_were() -> None:
    dynamics = state_dynamics(build_classifier("lstm"), 5)
    again = type(dynamics).from_dict(json.loads(json_text(dynamics.to_dict())))
    assert dynamics.projections.shape == (len(PROJECTED_STEPS), DIGIT_SUM.symbols**2, 2)
    for field in fields(dynamics):
        np.testing.assert_equal(getattr(again, field.name), getattr(dynamics, field.name))


@torch.no_grad()
def states_of(rows: list[list[int]], model: DigitSumClassifier) -> npt.NDArray[np.float64]:
    """The states after each digit, of shape ``(rows, length, state_size)``."""
    model = model.double()
    layer = model.rnn_model
    state = layer.initial_state(len(rows))
    states = []
    for digits in torch.tensor(rows).unbind(dim=1):
        state = layer.step(model.embedding.W[digits], state)
        states.append(state)
    return torch.stack(states, dim=1).numpy()
