"""A model's weights, and what an optimizer holds, as NumPy arrays by name, and back."""

from collections.abc import Mapping

import torch
from torch import nn

from digitsum_cli.core.checkpoint import Weights
from digitsum_cli.core.training_state import Array
from digitsum_cli.errors import InputError


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
    wanted = {name: (tuple(tensor.shape), _dtype_name(tensor)) for name, tensor in model.state_dict().items()}
    given = {name: (array.shape, str(array.dtype)) for name, array in weights.items()}
    if wanted != given:
        raise InputError(f"{source} does not fit the model: {_differences(wanted, given)}")
    model.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})


def copy_optimizer(optimizer: torch.optim.Optimizer) -> dict[str, Array]:
    """A copy of what an optimizer carries from step to step, by the number of the parameter and the name."""
    return {
        f"{parameter}.{name}": tensor.detach().cpu().numpy().copy()
        for parameter, state in optimizer.state_dict()["state"].items()
        for name, tensor in state.items()
    }


def load_optimizer(optimizer: torch.optim.Optimizer, arrays: Mapping[str, Array]) -> None:
    """Gives an optimizer back what ``copy_optimizer`` took from one of the same kind over the same parameters.

    Raises:
        InputError: the arrays are of another.
    """
    state: dict[int, dict[str, torch.Tensor]] = {}
    try:
        for key, array in arrays.items():
            parameter, name = key.split(".")
            state.setdefault(int(parameter), {})[name] = torch.from_numpy(array.copy())
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("what the optimizer held does not fit this one") from error


def _dtype_name(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _differences(
    wanted: Mapping[str, tuple[tuple[int, ...], str]], given: Mapping[str, tuple[tuple[int, ...], str]]
) -> str:
    parts = [f"{name} is missing" for name in wanted.keys() - given.keys()]
    parts += [f"{name} is not a parameter of it" for name in given.keys() - wanted.keys()]
    for name in wanted.keys() & given.keys():
        if wanted[name] != given[name]:
            (shape, dtype), (given_shape, given_dtype) = wanted[name], given[name]
            parts.append(f"{name} is {given_dtype} of shape {given_shape} instead of {dtype} of shape {shape}")
    return ", ".join(sorted(parts))
