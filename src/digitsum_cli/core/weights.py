"""A model's weights as NumPy arrays by name, and back."""

from collections.abc import Mapping

import torch
from torch import nn

from digitsum_cli.core.checkpoint import Weights
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
