"""The hand-written SRN against the book's example and against nn.RNN."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from digitsum_cli.core import SRN, TorchSRN
from digitsum_cli.errors import InputError
from tests.book_facts import BOOK

W = torch.tensor([[0.1, 0.2], [0.1, 0.2]])
U = torch.tensor([[0.0, 0.1], [0.1, 0.0]])
b = torch.tensor([[0.1, 0.1]])


def srn_pair(input_size: int, hidden_size: int, seed: int) -> tuple[SRN, TorchSRN]:
    """The two layers with the same weights, in float64."""
    generator = torch.Generator().manual_seed(seed)
    manual = SRN(input_size, hidden_size, generator=generator).double()
    library = TorchSRN(input_size, hidden_size, generator=generator).double()
    library.fix_second_bias_at_zero()
    with torch.no_grad():
        target = library.equation_tensors(lambda parameter: parameter.detach())
        for name, values in manual.equation_tensors(lambda parameter: parameter.detach()).items():
            target[name].copy_(values)
    return manual, library


def test_worked_example() -> None:
    state = SRN(2, 2, W, U, b)(torch.tensor([[[1.0, 0.0], [0.0, 2.0]]]))
    assert torch.allclose(state, torch.tensor(BOOK["worked_example"]), atol=1e-7)


def test_worked_example_on_the_library() -> None:
    library = TorchSRN(2, 2)
    library.fix_second_bias_at_zero()
    with torch.no_grad():
        tensors = library.equation_tensors(lambda parameter: parameter.detach())
        for name, values in {"W": W, "U": U, "b": b}.items():
            tensors[name].copy_(values)
    state = library(torch.tensor([[[1.0, 0.0], [0.0, 2.0]]]))
    assert torch.allclose(state, torch.tensor(BOOK["worked_example"]), atol=1e-7)


@pytest.mark.parametrize("given_values", [{"W": W}, {"U": U}, {"b": b}, {"W": W, "U": U, "b": b}])
def test_given_values_are_used(given_values: dict[str, torch.Tensor]) -> None:
    layer = SRN(2, 2, **given_values)  # type: ignore[arg-type]
    assert all(torch.equal(getattr(layer, name), values) for name, values in given_values.items())


def test_given_values_are_copied() -> None:
    values = W.clone()
    layer = SRN(2, 2, values)
    values.zero_()
    assert torch.equal(layer.W, W)


@pytest.mark.parametrize("name", ["W", "U", "b"])
def test_given_values_of_another_shape_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=rf"{name} has shape \(3, 3\)"):
        SRN(2, 2, **{name: torch.zeros(3, 3)})  # type: ignore[arg-type]


@pytest.mark.parametrize("layer", [SRN(4, 6), TorchSRN(4, 6)])
def test_last_state_is_what_the_layer_returns(layer: SRN | TorchSRN) -> None:
    X = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0))
    assert layer.states(X).shape == (3, 5, 6)
    assert torch.equal(layer.states(X)[:, -1], layer(X))


@given(
    sizes=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    batch=st.integers(1, 5),
    length=st.integers(1, 12),
    seed=st.integers(0, 1000),
)
def test_states_and_gradients_equal_the_library(sizes: tuple[int, int], batch: int, length: int, seed: int) -> None:
    manual, library = srn_pair(*sizes, seed)
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(batch, length, sizes[0], generator=generator, dtype=torch.float64)
    weights = torch.randn(batch, sizes[1], generator=generator, dtype=torch.float64)
    assert torch.allclose(manual.states(X), library.states(X), rtol=0, atol=1e-14)
    for layer in (manual, library):
        (layer(X) * weights).sum().backward()
    gradients = [
        layer.equation_tensors(lambda p: p.grad if p.grad is not None else torch.zeros_like(p))
        for layer in (manual, library)
    ]
    for name in ("W", "U", "b"):
        assert torch.allclose(gradients[0][name], gradients[1][name], rtol=1e-12, atol=1e-12), name


def test_batch_and_time_are_not_mixed_up() -> None:
    X = torch.randn(4, 7, 3, generator=torch.Generator().manual_seed(1))
    changed = X.clone()
    changed[2] += 1.0
    for layer in (SRN(3, 5), TorchSRN(3, 5)):
        same = (layer(X) == layer(changed)).all(dim=1)
        assert same.tolist() == [True, True, False, True]
