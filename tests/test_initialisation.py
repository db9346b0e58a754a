"""The initialisation ``book``, to the book's own figures and to the library's constructors."""

import pytest
import torch

from digitsum_cli.core import Embedding, build_classifier
from digitsum_cli.errors import InputError
from tests.book_facts import BOOK
from tests.plain_loop import PlainClassifier


@pytest.mark.parametrize("impl", ["manual", "torch"])
def test_first_values_are_those_of_the_book(impl: str) -> None:
    tensors = build_classifier("srn", impl, seed=0).state_dict()
    facts = BOOK[impl]["first_four_values_of_each_initial_tensor"]
    assert tensors.keys() == facts.keys()
    for name, values in facts.items():
        assert tensors[name].flatten()[:4].tolist() == pytest.approx(values, abs=1e-7), name


@pytest.mark.parametrize("impl", ["manual", "torch"])
@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_weights_equal_those_of_constructors_under_a_global_seed(impl: str, seed: int) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        plain = PlainClassifier(impl, 5, 9).state_dict()
    ours = build_classifier("srn", impl, 5, 9, seed=seed).state_dict()
    assert all(torch.equal(ours[name], plain[name]) for name in plain)


def test_the_global_random_state_is_left_alone() -> None:
    before = torch.get_rng_state()
    build_classifier("srn", "manual", seed=1)
    build_classifier("srn", "torch", seed=1)
    assert torch.equal(torch.get_rng_state(), before)


def test_embedding_equals_one_hot_digits_times_its_table() -> None:
    embedding = Embedding(10, 4, torch.Generator().manual_seed(0))
    digits = torch.arange(10).reshape(2, 5)
    one_hot = torch.nn.functional.one_hot(digits, 10).float()
    assert torch.allclose(embedding(digits), one_hot @ embedding.W)
    assert embedding(digits).shape == (2, 5, 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cell": "elman"}, "unknown cell 'elman'"),
        ({"impl": "jax"}, "implementation 'jax'"),
        ({"init": "zeros"}, "unknown initialisation 'zeros'"),
        ({"hidden_size": 0}, "embedding_size is 32 and hidden_size is 0"),
    ],
)
def test_what_is_unknown_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        build_classifier(**arguments)  # type: ignore[arg-type]
