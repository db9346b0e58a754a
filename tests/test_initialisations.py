"""Ways to start that are not the book's: distributions, equations, the same in every implementation."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import kstest
from torch import Tensor

from digitsum_cli.core import build_classifier
from digitsum_cli.core.cells.torch_layer import TorchLayer
from digitsum_cli.core.registry import CELLS, INITIALISATIONS
from digitsum_cli.core.weights import copy_weights
from digitsum_cli.errors import InputError
from digitsum_cli.execution.fused_training import initial_weights
from digitsum_cli.execution.training import build_trial_classifier
from digitsum_cli.trials.plan import plan_trials
from tests.settings_text import from_set as settings_of

H = 48
OTHERS = [name for name in INITIALISATIONS if name != "book"]
PAIRS = [(cell, init) for cell in CELLS for init in OTHERS if not CELLS[cell].gates or init != "identity"]


def tensors(cell: str, impl: str, init: str, **options: float | str) -> dict[str, Tensor]:
    model = build_classifier(cell, impl, 16, H, init, 5, **options)  # type: ignore[arg-type]
    return {
        **model.rnn_model.equation_tensors(Tensor.detach),
        "embedding": model.embedding.W.detach(),
        "linear": model.linear.weight.detach(),
    }


@pytest.mark.parametrize(("cell", "init"), PAIRS)
def test_both_implementations_start_with_the_same_weights(cell: str, init: str) -> None:
    by_hand, on_library = tensors(cell, "manual", init), tensors(cell, "torch", init)
    assert by_hand.keys() == on_library.keys()
    assert all(torch.equal(by_hand[name], on_library[name]) for name in by_hand)


@pytest.mark.parametrize(("cell", "init"), [pair for pair in PAIRS if pair[1] != "torch"])
def test_but_for_the_second_bias_of_torch_they_answer_alike(cell: str, init: str) -> None:
    digits = torch.randint(0, 10, (5, 9), generator=torch.Generator().manual_seed(0))
    by_hand, on_library = (build_classifier(cell, impl, 16, H, init, 5)(digits) for impl in ("manual", "torch"))
    assert torch.allclose(by_hand, on_library, atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_orthogonal_is_orthogonal_gate_by_gate(cell: str) -> None:
    started = tensors(cell, "manual", "orthogonal")
    recurrent = [tensor for name, tensor in started.items() if name.startswith("U")]
    for U in recurrent:
        assert torch.allclose(U @ U.T, torch.eye(H), atol=1e-5)
    assert not any(torch.equal(U, other) for i, U in enumerate(recurrent) for other in recurrent[:i])
    assert all((tensor == 0).all() for name, tensor in started.items() if name.startswith("b"))


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_identity_is_the_identity_times_its_scale(scale: float) -> None:
    started = tensors("srn", "manual", "identity", recurrent_scale=scale)
    assert torch.equal(started["U"], scale * torch.eye(H))
    assert (started["b"] == 0).all()
    assert kstest(started["W"].flatten().numpy() / 0.001, "norm").pvalue > 0.001


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("impl", ["manual", "torch"])
def test_normal_has_the_variance_of_one_input_and_of_one_state(cell: str, impl: str) -> None:
    for name, tensor in tensors(cell, impl, "normal").items():
        if name[0] in "WU":
            std = 1 / math.sqrt(16 if name[0] == "W" else H)
            assert kstest(tensor.flatten().numpy() / std, "norm").pvalue > 1e-4, name
        elif name[0] == "b":
            assert (tensor == 0).all()


@pytest.mark.parametrize(("cell", "init"), [*PAIRS, ("srn", "book"), ("gru", "book")])
@pytest.mark.parametrize("impl", ["manual", "torch"])
def test_input_and_recurrent_weights_have_a_scale_each_in_every_initialisation(cell: str, init: str, impl: str) -> None:
    plain = tensors(cell, impl, init)
    scaled = tensors(cell, impl, init, input_scale=3.0, recurrent_scale=0.25)
    for name, tensor in plain.items():
        factor = {"W": 3.0, "U": 0.25}.get(name[0], 1.0)
        assert torch.equal(scaled[name], factor * tensor), name


def test_the_books_pytorch_edition_can_be_set() -> None:
    """W normal with 1/sqrt(M) and U the identity; and U = 2 randn / sqrt(H)."""
    first = tensors("srn", "manual", "identity", input_scale=1000 / math.sqrt(16))
    assert torch.equal(first["U"], torch.eye(H))
    assert kstest(first["W"].flatten().numpy() * math.sqrt(16), "norm").pvalue > 1e-4
    second = tensors("srn", "manual", "normal", recurrent_scale=2.0)
    assert kstest(second["U"].flatten().numpy() * math.sqrt(H) / 2, "norm").pvalue > 1e-4


@pytest.mark.parametrize("assignments", [("model.init=normal",), ("model.cell=lstm",), ("model.init=orthogonal",)])
def test_the_compiled_trainer_starts_with_the_scaled_weights_to_the_bit(assignments: tuple[str, ...]) -> None:
    scales = ("model.input_scale=0.3", "model.recurrent_scale=1.7")
    (trial,) = plan_trials(
        settings_of("model.impl=fused", "data.lengths=5", "train.seed=1", *scales, *assignments)
    ).trials
    started, expected = initial_weights(trial), copy_weights(build_trial_classifier(trial))
    assert started.keys() == expected.keys()
    assert all(np.array_equal(started[name], expected[name]) for name in expected)


@pytest.mark.parametrize("cell", CELLS)
def test_torch_is_the_librarys_own_distribution(cell: str) -> None:
    started = tensors(cell, "manual", "torch")
    bound = 1 / math.sqrt(H)
    for name, tensor in started.items():
        if name[0] in "WUb":
            assert kstest((tensor.flatten().numpy() / bound + 1) / 2, "uniform").pvalue > 1e-4, name
    assert kstest(started["embedding"].flatten().numpy(), "norm").pvalue > 0.001


@pytest.mark.parametrize(("cell", "init"), PAIRS)
def test_second_bias_is_the_librarys_with_torch_and_zero_else(cell: str, init: str) -> None:
    layer = build_classifier(cell, "torch", 8, H, init).rnn_model
    assert isinstance(layer, TorchLayer)
    assert bool((layer.second_bias != 0).any()) == (init == "torch")


def test_the_global_random_state_is_left_alone() -> None:
    before = torch.get_rng_state()
    for init in OTHERS:
        build_classifier("srn", "manual", init=init)
    build_classifier("lstm", "torch", forget_bias="chrono", length=9)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("impl", ["manual", "torch"])
@pytest.mark.parametrize("init", ["book", "torch", "orthogonal"])
def test_forget_bias_is_what_the_gate_starts_with_and_all_else_stays(impl: str, init: str) -> None:
    plain = build_classifier("lstm", impl, 8, 6, init, 3)
    biased = build_classifier("lstm", impl, 8, 6, init, 3, forget_bias=1.5)
    state, x = torch.zeros(1, 12), torch.zeros(1, 8)
    opened = biased.rnn_model.gates(x, state)
    assert opened["forget gate"].detach().numpy() == pytest.approx(1 / (1 + math.exp(-1.5)), rel=1e-6)
    for name in ("input gate", "output gate"):
        assert torch.equal(opened[name], plain.rnn_model.gates(x, state)[name])
    changed = {name for name, weights in copy_weights(plain).items() if (copy_weights(biased)[name] != weights).any()}
    assert changed <= {"rnn_model.b_f", "rnn_model.rnn.bias_ih_l0", "rnn_model.rnn.bias_hh_l0"}


@pytest.mark.parametrize("impl", ["manual", "torch"])
@pytest.mark.slow
def test_chrono_spreads_the_memory_over_the_length(impl: str) -> None:
    """b_f = log(u), u uniform in 1 to length - 1, and b_i = -b_f (Tallec and Ollivier 2018, equation 16)."""
    model = build_classifier("lstm", impl, 8, 2000, "orthogonal", 3, forget_bias="chrono", length=35)
    biases = model.rnn_model.equation_tensors(Tensor.detach)
    lasting = biases["b_f"].flatten().exp().numpy()
    assert kstest((lasting - 1) / 33, "uniform").pvalue > 0.001
    assert torch.equal(biases["b_i"], -biases["b_f"])
    opened = model.rnn_model.gates(torch.zeros(1, 8), torch.zeros(1, 4000))
    memory = (1 / (1 - opened["forget gate"])).detach().numpy()  # steps until a share of 1 / e is left, about
    assert np.allclose(memory, 1 + lasting, rtol=1e-3)


def test_relu_is_the_same_network_by_hand_and_on_the_library() -> None:
    by_hand, on_library = (
        build_classifier("srn", impl, 8, 6, "orthogonal", 2, activation="relu") for impl in ("manual", "torch")
    )
    digits = torch.randint(0, 10, (5, 9), generator=torch.Generator().manual_seed(0))
    assert torch.allclose(by_hand(digits), on_library(digits), atol=1e-6)
    states = by_hand.rnn_model.states(by_hand.embedding(digits))
    assert (states >= 0).all()
    assert (states == 0).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cell": "gru", "activation": "relu"}, "the GRU has the activation tanh, not relu"),
        ({"cell": "lstm", "init": "identity"}, "identity is only for cells without gates, but the LSTM has gates"),
        ({"cell": "gru", "forget_bias": 1.0}, "the GRU has no forget gate"),
        ({"cell": "lstm", "forget_bias": "foo"}, "unknown forget bias 'foo'"),
        ({"activation": "sigmoid"}, "unknown activation 'sigmoid'"),
        ({"cell": "lstm", "forget_bias": "chrono", "length": 2}, "length 2 is too short"),
    ],
)
def test_what_does_not_fit_together_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        build_classifier(**arguments)  # type: ignore[arg-type]
