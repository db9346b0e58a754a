"""The gradients by lag against central differences, and the spectral radius against known matrices."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from digitsum_cli.core import DigitSumClassifier, DigitSumDataset, Runner, build_classifier
from digitsum_cli.diagnostics.gradient_by_lag import gradient_norms_by_lag, reach
from digitsum_cli.diagnostics.spectral_radius import spectral_radius
from digitsum_cli.errors import InputError
from tests.draws import every_draw

IMPLEMENTATIONS = pytest.mark.parametrize("impl", ["manual", "torch"])


def small(impl: str) -> DigitSumClassifier:
    return build_classifier("srn", impl, embedding_size=4, hidden_size=5)


@IMPLEMENTATIONS
@pytest.mark.parametrize("length", [3, 5])
def test_gradients_equal_central_differences(impl: str, length: int) -> None:
    model = small(impl).double()
    draws = DigitSumDataset(every_draw(length))
    digits, labels = draws.digits, draws.labels

    def losses(t: int, moved: Tensor) -> Tensor:
        """Of every draw, with h_t moved by a vector of shape ``(hidden_size,)``."""
        h = model.rnn_model.initial_state(len(digits))
        for step, x in enumerate(model.embedding(digits).unbind(dim=1), start=1):
            h = model.rnn_model.step(x, h)
            if step == t:
                h = h + moved
        return cross_entropy(model.linear(h), labels, reduction="none")

    expected = []
    with torch.no_grad():
        for lag in range(length):
            moves = 1e-5 * torch.eye(5, dtype=torch.float64)
            slopes = [(losses(length - lag, move) - losses(length - lag, -move)) / 2e-5 for move in moves]
            expected.append(torch.stack(slopes).norm(dim=0).mean().item())
    assert gradient_norms_by_lag(model, length).states == pytest.approx(expected, rel=1e-7)


@IMPLEMENTATIONS
def test_gradients_equal_autograd_over_all_draws_at_once(impl: str) -> None:
    length, model = 6, build_classifier("srn", impl)
    draws = DigitSumDataset(every_draw(length))
    digits, labels = draws.digits, draws.labels
    h, states = model.rnn_model.initial_state(len(digits)), []
    for x in model.embedding(digits).unbind(dim=1):
        h = model.rnn_model.step(x, h)
        h.retain_grad()
        states.append(h)
    cross_entropy(model.linear(h), labels, reduction="sum").backward()  # type: ignore[no-untyped-call]
    expected = [state.grad.norm(dim=1).mean().item() for state in reversed(states) if state.grad is not None]
    norms = gradient_norms_by_lag(model, length).states
    assert norms.shape == (length,)
    assert norms == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("cell", ["srn", "lstm", "gru"])
def test_gradients_of_the_digits_equal_autograd_over_all_draws_at_once(cell: str) -> None:
    """All cells read the same embedded digits, so these can be compared where their states cannot."""
    length, model = 5, build_classifier(cell, "manual", embedding_size=6, hidden_size=7).double()
    draws = DigitSumDataset(every_draw(length))
    x = model.embedding(draws.digits).detach().requires_grad_()
    cross_entropy(model.linear(model.rnn_model(x)), draws.labels, reduction="sum").backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    expected = x.grad.norm(dim=2).mean(dim=0).flip(0).tolist()
    assert gradient_norms_by_lag(model, length).digits == pytest.approx(expected, rel=1e-10)


def test_gradient_of_the_last_state_is_that_of_the_linear_layer() -> None:
    model = build_classifier()
    draws = DigitSumDataset(every_draw(4))
    digits, labels = draws.digits, draws.labels
    probabilities = Runner(model).predict(digits).softmax(dim=1)
    errors = probabilities - torch.eye(19)[labels]
    expected = (errors @ model.linear.weight.detach()).norm(dim=1).mean().item()
    assert gradient_norms_by_lag(model, 4).states[0] == pytest.approx(expected, rel=1e-5)


@IMPLEMENTATIONS
def test_vanishing_gradients_are_small_numbers_and_then_zero(impl: str) -> None:
    model = small(impl)
    with torch.no_grad():
        model.rnn_model.equation_tensors(lambda parameter: parameter.detach())["U"].mul_(1e-3)
    norms = gradient_norms_by_lag(model, 25).states
    in_double_precision = gradient_norms_by_lag(copy.deepcopy(model).double(), 25).states
    reached = in_double_precision > 1e-36
    assert in_double_precision[reached].min() < 1e-24, "the squares must be out of the range of single precision"
    assert norms[reached] == pytest.approx(in_double_precision[reached], rel=1e-3, abs=0)
    assert np.isfinite(norms).all()
    assert norms[-1] == 0


def test_reach_compares_the_first_state_with_the_last() -> None:
    assert reach([8.0, 4.0, 2.0]) == 0.25
    assert reach(np.array([8.0, 4.0, 2.0])) == 0.25
    assert reach(np.zeros(3)) == 0


def test_gradients_of_a_length_without_a_distractor_are_refused() -> None:
    with pytest.raises(InputError, match="length 2 is too short"):
        gradient_norms_by_lag(small("manual"), 2)


@IMPLEMENTATIONS
def test_frozen_weights_have_the_same_gradients(impl: str) -> None:
    model = small(impl)
    norms = gradient_norms_by_lag(model, 5)
    assert np.array_equal(gradient_norms_by_lag(model.requires_grad_(False), 5), norms)


def test_spectral_radius_of_a_scaled_rotation_is_its_scale() -> None:
    angle = 0.7
    rotation = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    assert spectral_radius(1.3 * rotation) == pytest.approx(1.3, rel=1e-6)


def test_spectral_radius_of_an_orthogonal_matrix_is_one() -> None:
    Q, _ = torch.linalg.qr(torch.randn(32, 32, generator=torch.Generator().manual_seed(0)))
    assert spectral_radius(Q) == pytest.approx(1, rel=1e-5)


def test_spectral_radius_of_a_nilpotent_matrix_is_zero() -> None:
    assert spectral_radius(torch.ones(6, 6).triu(diagonal=1)) == 0


def test_spectral_radius_is_the_largest_size_not_the_largest_value() -> None:
    assert spectral_radius(torch.diag(torch.tensor([0.5, -2.0, 1.0]))) == 2
