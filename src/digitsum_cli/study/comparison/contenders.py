"""Implementations made to start from the same weights and asked for the same quantities."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from digitsum_cli.core.checkpoint import Weights
from digitsum_cli.core.classifier import DigitSumClassifier, build_classifier
from digitsum_cli.core.dataset import DigitSumDataset
from digitsum_cli.core.generation import Rows
from digitsum_cli.core.names import FUSED
from digitsum_cli.core.torch_layer import TorchLayer
from digitsum_cli.core.weights import copy_weights
from digitsum_cli.settings.schema import Settings

Shapes = dict[str, tuple[int, ...]]

_EQUATION_NAMES = {
    "rnn_model.W": "W",
    "rnn_model.U": "U",
    "rnn_model.b": "b",
    "embedding.W": "embedding.W",
    "linear.weight": "linear.weight",
    "linear.bias": "linear.bias",
}


class Contender(ABC):
    """An implementation with given weights. Weights and gradients go by the equation's names and shapes."""

    @abstractmethod
    def shapes(self) -> Shapes:
        """What the parts give for the first training batch."""

    @abstractmethod
    def states(self) -> npt.NDArray[np.floating]:
        """The states of the first training batch, of shape ``(batch, length, hidden_size)``."""

    @abstractmethod
    def gradients(self) -> Weights:
        """The gradients of the first training batch's loss."""

    @abstractmethod
    def trained(self, steps: int) -> Weights:
        """The weights after so many steps of Adam over the training rows, again and again in order."""


def build_contender(settings: Settings, impl: str, dtype: type[np.floating], rows: Rows) -> Contender:
    """A contender with the initial weights of the manual implementation.

    Arguments:
        settings: cell, sizes, learning rate, batch size and seed.
        impl: the implementation.
        dtype: float32 or float64.
        rows: the training rows.
    """
    if impl == FUSED:
        return _FusedContender(settings, dtype, rows)
    return _AutogradContender(settings, impl, dtype, rows)


class _AutogradContender(Contender):
    def __init__(self, settings: Settings, impl: str, dtype: type[np.floating], rows: Rows) -> None:
        self._rows = DigitSumDataset(rows)
        self._settings = settings
        model = settings.model
        self._model = build_classifier(model.cell, impl, model.embedding_size, model.hidden_size, model.init)
        self._model.to(torch.from_numpy(np.zeros(0, dtype)).dtype)
        if isinstance(self._model.rnn_model, TorchLayer):
            self._model.rnn_model.fix_second_bias_at_zero()
        target = _in_equation(self._model, _values)
        for name, values in _in_equation(_initial_model(settings), _values).items():
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
            library = self._model.rnn_model.rnn
            outputs, final_state = library(X)
            final_h = final_state[0] if isinstance(final_state, tuple) else final_state
            name = f"nn.{type(library).__name__}"
            shapes |= {f"{name} outputs": tuple(outputs.shape), f"{name} final state": tuple(final_h.shape)}
        return shapes

    def states(self) -> npt.NDArray[np.floating]:
        digits, _ = self._first_batch()
        states: npt.NDArray[np.floating] = self._model.rnn_model.states(self._model.embedding(digits)).detach().numpy()
        return states

    def gradients(self) -> Weights:
        digits, labels = self._first_batch()
        cross_entropy(self._model(digits), labels).backward()  # type: ignore[no-untyped-call]
        gradients = _copied(_in_equation(self._model, _gradient))
        self._model.zero_grad()
        return gradients

    def trained(self, steps: int) -> Weights:
        parameters = [parameter for parameter in self._model.parameters() if parameter.requires_grad]
        optimizer = torch.optim.Adam(parameters, lr=self._settings.train.lr)
        batches = list(self._rows.batches(self._settings.train.batch_size))
        for step in range(steps):
            digits, labels = batches[step % len(batches)]
            cross_entropy(self._model(digits), labels).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            optimizer.zero_grad()
        return _copied(_in_equation(self._model, _values))

    def _first_batch(self) -> tuple[Tensor, Tensor]:
        return next(self._rows.batches(self._settings.train.batch_size))


class _FusedContender(Contender):
    def __init__(self, settings: Settings, dtype: type[np.floating], rows: Rows) -> None:
        from digitsum_cli.fused.prefix_tree import plant_forest
        from digitsum_cli.fused.trainer import EvaluationSet, FusedTrainer

        self._rows = rows
        self._batch_size = settings.train.batch_size
        forest = plant_forest(rows, self._batch_size)
        eval_set = EvaluationSet(rows, self._batch_size)
        self._trainer = FusedTrainer(
            {name: values.astype(dtype) for name, values in copy_weights(_initial_model(settings)).items()},
            forest,
            eval_set,
            eval_set.forest.widest_step,
            epochs=settings.train.epochs,
            lr=settings.train.lr,
            eval_every=10**9,
            dtype=dtype,
        )

    def shapes(self) -> Shapes:
        states = self.states()
        batch, length, hidden_size = states.shape
        return {"digits": (batch, length), "states": states.shape, "final state": (batch, hidden_size)}

    def states(self) -> npt.NDArray[np.floating]:
        return self._trainer.states(0, self._rows.digits[: self._batch_size])

    def gradients(self) -> Weights:
        return _renamed(self._trainer.gradients(0)[1])

    def trained(self, steps: int) -> Weights:
        self._trainer.advance(steps)
        return _renamed(self._trainer.weights())


def _initial_model(settings: Settings) -> DigitSumClassifier:
    """The manual implementation with its initial weights, which all contenders start from."""
    model = settings.model
    return build_classifier(
        model.cell, "manual", model.embedding_size, model.hidden_size, model.init, settings.train.seed
    )


def _in_equation(model: DigitSumClassifier, read: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
    return {
        **model.rnn_model.equation_tensors(read),
        "embedding.W": read(model.embedding.W),
        "linear.weight": read(model.linear.weight),
        "linear.bias": read(model.linear.bias),
    }


def _renamed(weights: Weights) -> Weights:
    return {equation_name: weights[name] for name, equation_name in _EQUATION_NAMES.items()}


def _copied(tensors: dict[str, Tensor]) -> Weights:
    return {name: tensor.detach().numpy().copy() for name, tensor in tensors.items()}


def _values(parameter: Tensor) -> Tensor:
    return parameter.detach()


def _gradient(parameter: Tensor) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
