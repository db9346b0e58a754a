"""A model's weights, and what an optimizer holds, as NumPy arrays by name, and back."""

import copy
from collections.abc import Mapping

import torch
from torch import nn

from digitsum_cli.core.checkpoint import Weights
from digitsum_cli.core.shapes import Shapes, require_shapes, shapes_of
from digitsum_cli.core.training_state import Array


def copy_weights(model: nn.Module) -> Weights:
    """A copy of every parameter, by name."""
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in model.state_dict().items()}


def load_weights(model: nn.Module, weights: Weights, source: str = "the weights") -> None:
    """Overwrites the model's parameters.

    Arguments:
        model: the model to change.
        weights: an array for each of its parameters.
        source: where the weights come from, for the error.

    Raises:
        InputError: a parameter is missing, superfluous, or of another shape or type; the model is as it was.
    """
    require_shapes(weights, shapes_of_tensors(model.state_dict()), source)
    model.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})


def copy_optimizer(optimizer: torch.optim.Optimizer) -> dict[str, Array]:
    """A copy of what an optimizer carries from step to step, by the number of the parameter and the name."""
    return {
        f"{parameter}.{name}": tensor.detach().cpu().numpy().copy()
        for parameter, state in optimizer.state_dict()["state"].items()
        for name, tensor in state.items()
    }


def load_optimizer(optimizer: torch.optim.Optimizer, arrays: Mapping[str, Array]) -> None:
    """Gives an optimizer back what ``copy_optimizer`` took from one of the same kind over the same parameters."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, array in arrays.items():
        parameter, name = key.split(".")
        state.setdefault(int(parameter), {})[name] = torch.from_numpy(array.copy())
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def shapes_of_optimizer(optimizer: torch.optim.Optimizer) -> Shapes:
    """The shapes of what ``copy_optimizer`` takes after a step; the optimizer itself makes none."""
    double = copy.deepcopy(optimizer)
    for group in double.param_groups:
        for parameter in group["params"]:
            parameter.grad = torch.zeros_like(parameter)
    double.step()
    return shapes_of(copy_optimizer(double))


def shapes_of_tensors(tensors: Mapping[str, torch.Tensor]) -> Shapes:
    """The shapes of tensors by name, with the names of NumPy's types."""
    return {name: (tuple(tensor.shape), str(tensor.dtype).removeprefix("torch.")) for name, tensor in tensors.items()}
