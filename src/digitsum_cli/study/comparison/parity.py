"""Do two implementations compute the same? The same weights in both, then states, gradients and training."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from digitsum_cli.core.classifier import DigitSumClassifier, build_classifier
from digitsum_cli.core.dataset import DigitSumDataset
from digitsum_cli.core.srn import TorchSRN
from digitsum_cli.settings.schema import Settings

ADAM_STEPS = 200
TOLERANCES = {
    "float32": {"states": 1e-5, "gradients": 1e-5, "trained weights": 1e-3},
    "float64": {"states": 1e-12, "gradients": 1e-12, "trained weights": 1e-9},
}


@dataclass(frozen=True)
class Difference:
    """How far two implementations are apart in one quantity.

    Arguments:
        quantity: ``states``, ``gradients`` or ``trained weights`` (after 200 Adam steps).
        parameter: whose gradient or weights, in the equation's names; empty for the states.
        largest: the largest absolute difference of any element.
        scale: the largest absolute value of the first implementation's elements.
        tolerance: what ``largest`` may be.
    """

    quantity: str
    parameter: str
    largest: float
    scale: float
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Whether the difference is within the tolerance; a value that is not a number never is."""
        return self.largest <= self.tolerance


@dataclass(frozen=True)
class Parity:
    """Two implementations on the first training batch of one length, in one precision.

    Arguments:
        shapes: for each implementation, what its recurrent layer takes and gives.
    """

    impls: tuple[str, str]
    length: int
    dtype: str
    shapes: dict[str, dict[str, tuple[int, ...]]]
    differences: tuple[Difference, ...]

    @property
    def agrees(self) -> bool:
        """Whether every difference is within its tolerance."""
        return all(difference.agrees for difference in self.differences)


def check_parity(settings: Settings, impls: tuple[str, str], train_set: DigitSumDataset) -> Iterator[Parity]:
    """Compares two implementations in float32 and float64.

    The library's second bias vector is held at 0, so that both have the equation's parameters.

    Arguments:
        settings: cell, sizes, learning rate, batch size and seed.
        impls: the two names; the first is the reference.
        train_set: the rows of one length.
    """
    for dtype in (torch.float32, torch.float64):
        name = str(dtype).removeprefix("torch.")
        models = _models_with_same_weights(settings, impls, dtype)
        digits, labels = next(train_set.batches(settings.train.batch_size))
        first, second = (_measure(model, digits, labels) for model in models)
        trained = [_train(model, train_set, settings) for model in models]
        compared = {
            "states": ({"": first.states}, {"": second.states}),
            "gradients": (first.gradients, second.gradients),
            "trained weights": trained,
        }
        yield Parity(
            impls,
            digits.shape[1],
            name,
            {impls[0]: first.shapes, impls[1]: second.shapes},
            tuple(
                Difference(
                    quantity,
                    parameter,
                    largest=float((a[parameter] - b[parameter]).abs().max()),
                    scale=float(a[parameter].abs().max()),
                    tolerance=TOLERANCES[name][quantity],
                )
                for quantity, (a, b) in compared.items()
                for parameter in a
            ),
        )


@dataclass(frozen=True)
class _Measured:
    shapes: dict[str, tuple[int, ...]]
    states: Tensor
    gradients: dict[str, Tensor]


def _models_with_same_weights(
    settings: Settings, impls: tuple[str, str], dtype: torch.dtype
) -> tuple[DigitSumClassifier, DigitSumClassifier]:
    model = settings.model
    reference, other = (
        build_classifier(model.cell, impl, model.embedding_size, model.hidden_size, model.init, settings.train.seed).to(
            dtype
        )
        for impl in impls
    )
    with torch.no_grad():
        for classifier in (reference, other):
            if isinstance(classifier.rnn_model, TorchSRN):
                classifier.rnn_model.fix_second_bias_at_zero()
        target = _equation_tensors(other, _values)
        for name, values in _equation_tensors(reference, _values).items():
            target[name].copy_(values)
    return reference, other


def _equation_tensors(model: DigitSumClassifier, read: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
    return {
        **model.rnn_model.equation_tensors(read),
        "embedding.W": read(model.embedding.W),
        "linear.weight": read(model.linear.weight),
        "linear.bias": read(model.linear.bias),
    }


def _values(parameter: Tensor) -> Tensor:
    return parameter.detach()


def _gradient(parameter: Tensor) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad


def _measure(model: DigitSumClassifier, digits: Tensor, labels: Tensor) -> _Measured:
    X = model.embedding(digits)
    states = model.rnn_model.states(X)
    final = model.rnn_model(X)
    cross_entropy(model(digits), labels).backward()  # type: ignore[no-untyped-call]
    gradients = {name: gradient.clone() for name, gradient in _equation_tensors(model, _gradient).items()}
    model.zero_grad()
    shapes = {
        "digits": tuple(digits.shape),
        "embedded": tuple(X.shape),
        "states": tuple(states.shape),
        "final state": tuple(final.shape),
        "logits": tuple(model(digits).shape),
    }
    if isinstance(model.rnn_model, TorchSRN):
        outputs, final_state = model.rnn_model.rnn(X)
        shapes |= {"nn.RNN outputs": tuple(outputs.shape), "nn.RNN final state": tuple(final_state.shape)}
    return _Measured(shapes, states.detach(), gradients)


def _train(model: DigitSumClassifier, train_set: DigitSumDataset, settings: Settings) -> dict[str, Tensor]:
    """The weights after ``ADAM_STEPS`` steps over the training rows, again and again in order."""
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=settings.train.lr)
    batches = list(train_set.batches(settings.train.batch_size))
    for step in range(ADAM_STEPS):
        digits, labels = batches[step % len(batches)]
        cross_entropy(model(digits), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
    return _equation_tensors(model, _values)
