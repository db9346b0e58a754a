"""Copying a model's weights and an optimizer's state to named NumPy arrays and back."""

import copy
from collections.abc import Mapping

import torch
from torch import nn

from digitsum_cli.core.cells.torch_layer import TorchLayer
from digitsum_cli.core.checkpoint import Weights
from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.shapes import Shapes, require_shapes, shapes_of
from digitsum_cli.core.training_state import Array
from digitsum_cli.errors import InputError


def copy_weights(model: nn.Module) -> Weights:
    """Copies every parameter, by name."""
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in model.state_dict().items()}


def load_weights(model: nn.Module, weights: Weights, source: str = "the checkpoint") -> None:
    """Overwrites the model's parameters.

    Arguments:
        model: the model to change.
        weights: an array for each of its parameters.
        source: where the weights come from, for the error message.

    Raises:
        InputError: a parameter is missing or unexpected, or has the wrong shape or type; the model is unchanged.
    """
    require_shapes(weights, shapes_of_tensors(model.state_dict()), f"{source} does not match the model")
    model.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})


@torch.no_grad()
def copy_network(source: DigitSumClassifier, target: DigitSumClassifier) -> None:
    """Copies the weights of a classifier into one of another implementation, which then computes the same.

    Raises:
        InputError: the source has a second bias that the target cannot represent: that of the GRU's candidate, which
            the reset gate scales.
    """
    target.embedding.W.copy_(source.embedding.W)
    target.linear.load_state_dict(source.linear.state_dict())
    tensors = source.rnn_model.equation_tensors(torch.Tensor.detach)
    for name, tensor in target.rnn_model.equation_tensors(torch.Tensor.detach).items():
        tensor.copy_(tensors[name])
        if name.startswith("b") and isinstance(source.rnn_model, TorchLayer):
            second = source.rnn_model.second_bias_of(name.removeprefix("b_") if "_" in name else "")
            if name == "b_n" and second.any():
                raise InputError(
                    "weights of PyTorch's GRU have a second bias in the candidate, which other implementations lack",
                    next_step="Start impl torch from them, or train them with impl manual or fused",
                )
            tensor.add_(second)
    if isinstance(target.rnn_model, TorchLayer):
        target.rnn_model.second_bias.zero_()


def copy_optimizer(optimizer: torch.optim.Optimizer) -> dict[str, Array]:
    """Copies an optimizer's state, named by the parameter's number and the state's name."""
    return {
        f"{parameter}.{name}": tensor.detach().cpu().numpy().copy()
        for parameter, state in optimizer.state_dict()["state"].items()
        for name, tensor in state.items()
    }


def load_optimizer(optimizer: torch.optim.Optimizer, arrays: Mapping[str, Array]) -> None:
    """Restores what ``copy_optimizer`` copied from an optimizer of the same kind with the same parameters."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, array in arrays.items():
        parameter, name = key.split(".")
        state.setdefault(int(parameter), {})[name] = torch.from_numpy(array.copy())
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def shapes_of_optimizer(optimizer: torch.optim.Optimizer) -> Shapes:
    """The shapes of what ``copy_optimizer`` returns after a step, without stepping the optimizer itself."""
    clone = copy.deepcopy(optimizer)
    for group in clone.param_groups:
        for parameter in group["params"]:
            parameter.grad = torch.zeros_like(parameter)
    clone.step()
    return shapes_of(copy_optimizer(clone))


def shapes_of_tensors(tensors: Mapping[str, torch.Tensor]) -> Shapes:
    """The shapes of named tensors, with NumPy's type names."""
    return {name: (tuple(tensor.shape), str(tensor.dtype).removeprefix("torch.")) for name, tensor in tensors.items()}
