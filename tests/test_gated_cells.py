"""The LSTM and the GRU: by hand against arithmetic and the library, on the library against by hand."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from digitsum_cli.comparison.parity import check_parity
from digitsum_cli.core import (
    GRU,
    LSTM,
    DigitSumDataset,
    Runner,
    TorchGRU,
    TorchLSTM,
    build_classifier,
    generate_datasets,
    generate_splits,
)
from digitsum_cli.core.cells.recurrent_layer import RecurrentLayer
from digitsum_cli.core.cells.torch_layer import TorchLayer
from digitsum_cli.core.exact import exact_score
from digitsum_cli.diagnostics.diagnosis import Diagnosis, diagnose
from digitsum_cli.diagnostics.gates import mean_gates
from digitsum_cli.diagnostics.gradient_by_lag import gradient_norms_by_lag
from digitsum_cli.diagnostics.walkthrough import walk_through
from tests.command_line import digitsum
from tests.draws import every_draw
from tests.settings_text import from_set

PAIRS: list[tuple[Callable[..., RecurrentLayer], Callable[..., TorchLayer]]] = [(LSTM, TorchLSTM), (GRU, TorchGRU)]
CELLS = pytest.mark.parametrize("cell", ["lstm", "gru"])
IMPLEMENTATIONS = pytest.mark.parametrize("impl", ["manual", "torch"])


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def filled(layer: RecurrentLayer, values: dict[str, float]) -> RecurrentLayer:
    """A layer of one unit, in double precision, with these parameters."""
    layer.double()
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            parameter.fill_(values[name])
    return layer


def test_lstm_of_one_unit_is_the_arithmetic_of_its_equations() -> None:
    values = {
        f"{matrix}_{gate}": 0.1 * (3 * row + column + 1)
        for row, matrix in enumerate("WUb")
        for column, gate in enumerate("ifoc")
    }
    layer = filled(LSTM(1, 1), values)
    h = c = 0.0
    for x in (0.5, -1.0, 2.0):
        gates = {gate: x * values[f"W_{gate}"] + h * values[f"U_{gate}"] + values[f"b_{gate}"] for gate in "ifoc"}
        c = sigmoid(gates["f"]) * c + sigmoid(gates["i"]) * math.tanh(gates["c"])
        h = sigmoid(gates["o"]) * math.tanh(c)
    out = layer(torch.tensor([[[0.5], [-1.0], [2.0]]], dtype=torch.float64))
    assert out.item() == pytest.approx(h, abs=1e-15)


def test_gru_of_one_unit_is_the_arithmetic_of_its_equations() -> None:
    values = {
        f"{matrix}_{gate}": 0.1 * (3 * row + column + 1)
        for row, matrix in enumerate("WUb")
        for column, gate in enumerate("rzn")
    }
    layer = filled(GRU(1, 1), values)
    h = 0.0
    for x in (0.5, -1.0, 2.0):
        r, z = (sigmoid(x * values[f"W_{g}"] + h * values[f"U_{g}"] + values[f"b_{g}"]) for g in "rz")
        n = math.tanh(x * values["W_n"] + r * (h * values["U_n"]) + values["b_n"])
        h = (1 - z) * n + z * h
    out = layer(torch.tensor([[[0.5], [-1.0], [2.0]]], dtype=torch.float64))
    assert out.item() == pytest.approx(h, abs=1e-15)


def same_weights(manual: RecurrentLayer, library: TorchLayer) -> None:
    library.fix_second_bias_at_zero()
    target = library.equation_tensors(Tensor.detach)
    source = manual.equation_tensors(Tensor.detach)
    assert target.keys() == source.keys()
    for name, values in source.items():
        assert target[name].shape == values.shape
        target[name].copy_(values)


@pytest.mark.parametrize(("by_hand", "on_library"), PAIRS)
def test_both_give_the_same_states_and_gradients(
    by_hand: Callable[..., RecurrentLayer], on_library: Callable[..., TorchLayer]
) -> None:
    generator = torch.Generator().manual_seed(1)
    manual, library = by_hand(3, 5, generator=generator).double(), on_library(3, 5, generator=generator).double()
    assert isinstance(manual, RecurrentLayer)
    assert isinstance(library, TorchLayer)
    same_weights(manual, library)
    X = torch.randn(4, 7, 3, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(manual.states(X), library.states(X), rtol=0, atol=1e-14)
    for layer in (manual, library):
        layer(X).square().sum().backward()
    gradients = [
        layer.equation_tensors(lambda p: torch.zeros_like(p) if p.grad is None else p.grad)
        for layer in (manual, library)
    ]
    for name in gradients[0]:
        torch.testing.assert_close(gradients[0][name], gradients[1][name], rtol=0, atol=1e-13)


@pytest.mark.parametrize("build", [LSTM, TorchLSTM, GRU, TorchGRU])
def test_step_by_step_is_the_whole_sequence(build: Callable[..., RecurrentLayer]) -> None:
    layer = build(3, 5, generator=torch.Generator().manual_seed(2))
    X = torch.randn(4, 6, 3)
    state = layer.initial_state(4)
    assert state.shape == (4, layer.state_size)
    for t in range(6):
        state = layer.step(X[:, t], state)
        torch.testing.assert_close(layer.hidden(state), layer.states(X)[:, t])
    torch.testing.assert_close(layer(X), layer.hidden(state))
    one_for_all = layer.step(X[:1, 0], layer.initial_state(4))
    torch.testing.assert_close(one_for_all, layer.step(X[:1, 0].expand(4, -1), layer.initial_state(4)))


@pytest.mark.parametrize(("build", "kind"), [(TorchLSTM, nn.LSTM), (TorchGRU, nn.GRU)])
def test_library_layers_start_as_the_library_does(
    build: Callable[..., TorchLayer], kind: type[nn.LSTM | nn.GRU]
) -> None:
    layer = build(3, 5, generator=torch.Generator().manual_seed(4))
    torch.manual_seed(4)
    for ours, theirs in zip(layer.rnn.parameters(), kind(3, 5, batch_first=True).parameters(), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("impl", ["torch", "fused"])
@CELLS
@pytest.mark.slow
def test_parity_of_states_gradients_and_training(cell: str, impl: str) -> None:
    settings = from_set(f"model.cell={cell}", "model.hidden_size=9")
    rows = generate_splits([6])[6].train
    parities = list(check_parity(settings, ("manual", impl), rows))
    assert [parity.dtype for parity in parities] == ["float32", "float64"]
    assert all(parity.agrees for parity in parities), [d for p in parities for d in p.differences if not d.agrees]


@CELLS
@IMPLEMENTATIONS
def test_exact_accuracy_is_that_of_every_draw(cell: str, impl: str) -> None:
    model = build_classifier(cell, impl, 8, 6, seed=3)
    draws = DigitSumDataset(every_draw(5))
    brute = Runner(model).evaluate(draws, batch_size=len(draws))
    exact = exact_score(model, 5)
    assert exact.accuracy == brute.accuracy
    assert exact.loss == pytest.approx(brute.loss, rel=1e-5)


@CELLS
def test_gradient_by_lag_is_that_of_the_whole_batch(cell: str) -> None:
    model = build_classifier(cell, "manual", 8, 6, seed=3)
    draws = DigitSumDataset(every_draw(4))
    state, states = model.rnn_model.initial_state(len(draws)), []
    for x in model.embedding(draws.digits).unbind(dim=1):
        state = model.rnn_model.step(x, state)
        states.append(state)
    loss = cross_entropy(model.linear(model.rnn_model.hidden(state)), draws.labels, reduction="sum")
    norms = [gradient.norm(dim=1).mean().item() for gradient in torch.autograd.grad(loss, states[::-1])]
    assert gradient_norms_by_lag(model, 4).states == pytest.approx(norms, rel=1e-5)


@CELLS
@IMPLEMENTATIONS
def test_diagnosis_of_a_gated_cell(cell: str, impl: str) -> None:
    at_start, kept = (build_classifier(cell, impl, 8, 6, seed=seed) for seed in (0, 1))
    diagnosis = diagnose(at_start, kept, 4, [5])
    candidate = {"lstm": "U_c", "gru": "U_n"}[cell]
    U = kept.rnn_model.equation_tensors(Tensor.detach)[candidate]
    assert diagnosis.spectral_radius_kept == pytest.approx(torch.linalg.eigvals(U).abs().max().item(), rel=1e-5)
    assert diagnosis.gradient_by_lag_kept.shape == (4,)
    again = Diagnosis.from_dict(json.loads(json.dumps(diagnosis.to_dict())))
    assert again.gates.keys() == diagnosis.gates.keys()
    assert all(again.gates[name] == pytest.approx(values, abs=1e-4) for name, values in diagnosis.gates.items())


GATES = {"lstm": ("input gate", "forget gate", "output gate"), "gru": ("reset gate", "update gate")}


@CELLS
def test_gates_are_those_of_the_equations_by_hand_and_on_the_library(cell: str) -> None:
    manual, library = (build_classifier(cell, impl, 8, 6, seed=3).double().rnn_model for impl in ("manual", "torch"))
    assert isinstance(library, TorchLayer)
    same_weights(manual, library)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 8, generator=generator, dtype=torch.float64)
    state = torch.randn(3, manual.state_size, generator=generator, dtype=torch.float64)
    assert tuple(manual.gates(x, state)) == GATES[cell]
    p = manual.equation_tensors(Tensor.detach)
    h = state[:, :6]
    for (name, opened), subscript in zip(
        manual.gates(x, state).items(), {"lstm": "ifo", "gru": "rz"}[cell], strict=True
    ):
        expected = torch.sigmoid(x @ p[f"W_{subscript}"] + h @ p[f"U_{subscript}"] + p[f"b_{subscript}"])
        torch.testing.assert_close(opened.detach(), expected, rtol=0, atol=1e-15)
        torch.testing.assert_close(library.gates(x, state)[name], opened, rtol=0, atol=1e-14)


@CELLS
@IMPLEMENTATIONS
def test_library_gates_count_both_biases(cell: str, impl: str) -> None:
    """With an update gate that is shut, or a forget gate that is, nothing of the state before is left."""
    layer = build_classifier(cell, impl, 8, 6, seed=3).rnn_model
    shut = {"lstm": "forget gate", "gru": "update gate"}[cell]
    with torch.no_grad():
        if isinstance(layer, TorchLayer):
            layer.second_bias_of({"lstm": "f", "gru": "z"}[cell]).fill_(-1e4)
        else:
            layer.get_parameter({"lstm": "b_f", "gru": "b_z"}[cell]).fill_(-1e4)
    assert (layer.gates(torch.zeros(2, 8), layer.initial_state(2))[shut] == 0).all()


@CELLS
@IMPLEMENTATIONS
def test_mean_gates_are_means_over_the_pairs_that_walkthroughs_show(cell: str, impl: str) -> None:
    model = build_classifier(cell, impl, 8, 6, seed=3)
    pairs = [[first, second, 0, 0, 0] for first in range(10) for second in range(10)]
    means = mean_gates(model, np.array(pairs, np.int8))
    assert tuple(means) == (GATES[cell] if cell == "gru" else (*GATES[cell], "cell"))
    walks = [walk_through(model, pair) for pair in pairs]
    for name, mean in means.items():
        shown = [walk.cell if name == "cell" else walk.gates[name] for walk in walks]
        assert mean.shape == (5, 6)
        assert mean == pytest.approx(np.mean(shown, axis=0), abs=1e-6)


@IMPLEMENTATIONS
def test_srn_has_neither_gates_nor_a_cell(impl: str) -> None:
    model = build_classifier("srn", impl, 8, 6)
    walk = walk_through(model, [1, 2, 3])
    assert walk.gates == mean_gates(model, np.zeros((2, 3), np.int8)) == {}
    assert walk.cell.shape == (3, 0)


@CELLS
@IMPLEMENTATIONS
@pytest.mark.slow
def test_training_lowers_the_loss(cell: str, impl: str) -> None:
    data = generate_datasets([4])[4]
    record = Runner(build_classifier(cell, impl, seed=0)).train(data.train, data.eval, epochs=10)
    assert record.epoch_losses[-1] < record.epoch_losses[0] - 0.2


@pytest.mark.slow
def test_commands_train_evaluate_and_compare_gated_cells(in_an_empty_folder: None) -> None:
    small = ("--lengths", "4,5", "--epochs", "2", "-j", "1")
    cells = ("--impl", "manual", "--seeds", "0", "--set", "sweep.model.cell=srn,lstm,gru")
    swept = digitsum("sweep", *small, *cells, "--out", "run", "--json")
    assert swept.code == 0
    assert [row["cell"] for row in swept.document["memory_spans"][::2]] == ["srn", "lstm", "gru"]
    assert digitsum("evaluate", "run", "--diagnose", "--json").code == 0
    figures = {path.stem for path in Path("run/diagnosis").glob("gates-*.png")}
    assert figures == {"gates-cell-lstm", "gates-cell-gru"}
    (lstm,) = Path("run/checkpoints").glob("length5-lstm-*")
    sequence = digitsum("evaluate", lstm, "--sequence", "67001", "--json").document["sequence"]
    assert [len(opened) for opened in sequence["gates"].values()] == [5, 5, 5]
    assert len(sequence["cell"][0]) == 32
    shown = digitsum("evaluate", lstm, "--sequence", "67001").out
    assert all(gate in shown for gate in GATES["lstm"])
    compared = digitsum("compare", *small, "--seeds", "0..1", "--set", "model.cell=lstm", "--json")
    assert compared.code == 0, compared.err
    assert compared.document["agrees"] is True
    assert {impl for parity in compared.document["parity"] for impl in parity["impls"]} == {"manual", "torch", "fused"}
