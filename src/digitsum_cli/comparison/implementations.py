"""One interface to all implementations, which start from the same weights."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from digitsum_cli.core.cells.torch_layer import TorchLayer
from digitsum_cli.core.checkpoint import Weights
from digitsum_cli.core.classifier import DigitSumClassifier, build_classifier
from digitsum_cli.core.dataset import DigitSumDataset
from digitsum_cli.core.generation import Rows
from digitsum_cli.core.registry import CELLS, FUSED, MANUAL, cell_in_words
from digitsum_cli.core.weights import copy_weights
from digitsum_cli.errors import InputError
from digitsum_cli.settings.schema import Settings

if TYPE_CHECKING:
    from digitsum_cli.fused.trainer import FusedTrainer

Shapes = dict[str, tuple[int, ...]]


class Implementation(ABC):
    """An implementation with given weights. Weights and gradients have the names and shapes of the equations."""

    @abstractmethod
    def shapes(self) -> Shapes:
        """The output shape of each part for the first training batch."""

    @abstractmethod
    def states(self) -> npt.NDArray[np.floating]:
        """The states of the first training batch, of shape ``(batch, length, hidden_size)``."""

    @abstractmethod
    def gradients(self) -> Weights:
        """The gradients of the first training batch's loss."""

    @abstractmethod
    def trained_weights(self, steps: int) -> Weights:
        """The weights after ``steps`` Adam steps, cycling through the training batches in order."""


def build_implementation(settings: Settings, impl: str, dtype: type[np.floating], rows: Rows) -> Implementation:
    """An implementation with the initial weights of ``manual``.

    Arguments:
        settings: cell, sizes, learning rate, batch size and seed.
        impl: the implementation.
        dtype: float32 or float64.
        rows: the training rows.
    """
    if impl == FUSED:
        return _FusedImplementation(settings, dtype, rows)
    return _AutogradImplementation(settings, impl, dtype, rows)


class _AutogradImplementation(Implementation):
    def __init__(self, settings: Settings, impl: str, dtype: type[np.floating], rows: Rows) -> None:
        self._rows = DigitSumDataset(rows)
        self._settings = settings
        self._model = build_model(settings, impl, rows)
        self._model.to(torch.from_numpy(np.zeros(0, dtype)).dtype)
        if isinstance(self._model.rnn_model, TorchLayer):
            self._model.rnn_model.fix_second_bias_at_zero()
        target = _equation_tensors(self._model, _values)
        manual = _equation_tensors(build_model(settings, MANUAL, rows), _values)
        if manual.keys() != target.keys():
            raise InputError(
                f"{cell_in_words(settings.model.cell)} has the parameters {', '.join(manual)}, but its library layer "
                f"has {', '.join(target)}",
                next_step="Give them the same names",
            )
        for name, values in manual.items():
            target[name].copy_(values)

    def shapes(self) -> Shapes:
        digits, _ = self._first_batch()
        X = self._model.embedding(digits)
        shapes = {
            "digits": tuple(digits.shape),
            "embedded": tuple(X.shape),
            "states": tuple(self._model.rnn_model.states(X).shape),
            "final state": tuple(self._model.rnn_model(X).shape),
            "logits": tuple(self._model(digits).shape),
        }
        if isinstance(self._model.rnn_model, TorchLayer):
            layer = self._model.rnn_model.rnn
            outputs, final_state = layer(X)
            final_h = final_state[0] if isinstance(final_state, tuple) else final_state
            name = f"nn.{type(layer).__name__}"
            shapes |= {f"{name} outputs": tuple(outputs.shape), f"{name} final state": tuple(final_h.shape)}
        return shapes

    def states(self) -> npt.NDArray[np.floating]:
        digits, _ = self._first_batch()
        states: npt.NDArray[np.floating] = self._model.rnn_model.states(self._model.embedding(digits)).detach().numpy()
        return states

    def gradients(self) -> Weights:
        digits, labels = self._first_batch()
        cross_entropy(self._model(digits), labels).backward()  # type: ignore[no-untyped-call]
        gradients = _to_numpy(_equation_tensors(self._model, _gradient))
        self._model.zero_grad()
        return gradients

    def trained_weights(self, steps: int) -> Weights:
        parameters = [parameter for parameter in self._model.parameters() if parameter.requires_grad]
        optimizer = torch.optim.Adam(parameters, lr=self._settings.train.lr)
        batches = list(self._rows.batches(self._settings.train.batch_size))
        for step in range(steps):
            digits, labels = batches[step % len(batches)]
            cross_entropy(self._model(digits), labels).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            optimizer.zero_grad()
        return _to_numpy(_equation_tensors(self._model, _values))

    def _first_batch(self) -> tuple[Tensor, Tensor]:
        return next(self._rows.batches(self._settings.train.batch_size))


class _FusedImplementation(Implementation):
    def __init__(self, settings: Settings, dtype: type[np.floating], rows: Rows) -> None:
        self._rows = rows
        self._batch_size = settings.train.batch_size
        self._trainer = build_fused_trainer(settings, rows, dtype)

    def shapes(self) -> Shapes:
        states = self.states()
        batch, length, hidden_size = states.shape
        return {"digits": (batch, length), "states": states.shape, "final state": (batch, hidden_size)}

    def states(self) -> npt.NDArray[np.floating]:
        return self._trainer.states(0, self._rows.digits[: self._batch_size])

    def gradients(self) -> Weights:
        return _equation_names(self._trainer.gradients(0)[1])

    def trained_weights(self, steps: int) -> Weights:
        self._trainer.advance(steps)
        return _equation_names(self._trainer.weights())


def build_model(settings: Settings, impl: str, rows: Rows) -> DigitSumClassifier:
    """The classifier of the settings in one of the autograd implementations.

    Arguments:
        settings: the model and its seed.
        impl: ``manual`` or ``torch``.
        rows: rows of the length.
    """
    model, length = settings.model.model_dump(exclude={"impl"}), rows.digits.shape[1]
    return build_classifier(impl=impl, **model, seed=settings.train.seed, length=length, task=settings.data.asked)


def build_fused_trainer(
    settings: Settings, rows: Rows, dtype: type[np.floating], epochs: int | None = None
) -> "FusedTrainer":
    """The fused trainer of the settings, with the initial weights of ``manual`` and without evaluations.

    Arguments:
        settings: the model and its training.
        rows: the training rows.
        dtype: float32 or float64.
        epochs: passes over the rows (default: those of the settings).
    """
    from digitsum_cli.fused.prefix_tree import build_prefix_forest
    from digitsum_cli.fused.rule import Rule
    from digitsum_cli.fused.trainer import EvaluationSet, FusedTrainer

    weights = copy_weights(build_model(settings, MANUAL, rows))
    batch_size = settings.train.batch_size
    return FusedTrainer(
        CELLS[settings.model.cell].implementations[FUSED][settings.model.activation],
        {name: values.astype(dtype) for name, values in weights.items()},
        build_prefix_forest(rows, batch_size),
        EvaluationSet(rows, batch_size),
        task=settings.data.asked,
        epochs=epochs or settings.train.epochs,
        rule=Rule(lr=settings.train.lr),
        eval_every=10**9,
        dtype=dtype,
    )


def _equation_tensors(model: DigitSumClassifier, read: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
    return {
        **model.rnn_model.equation_tensors(read),
        "embedding.W": read(model.embedding.W),
        "linear.weight": read(model.linear.weight),
        "linear.bias": read(model.linear.bias),
    }


def _equation_names(weights: Weights) -> Weights:
    return {name.removeprefix("rnn_model."): values for name, values in weights.items()}


def _to_numpy(tensors: dict[str, Tensor]) -> Weights:
    return {name: tensor.detach().numpy().copy() for name, tensor in tensors.items()}


def _values(parameter: Tensor) -> Tensor:
    return parameter.detach()


def _gradient(parameter: Tensor) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
