"""Kept weights on disk: a safetensors file with the settings in its metadata. Nothing that is loaded can run code."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from digitsum_cli.core.atomic_write import atomic_write
from digitsum_cli.errors import InputError

Weights = dict[str, npt.NDArray[np.floating]]

_KEY = "digitsum-checkpoint-1"
"""The one entry of the metadata; of several, safetensors would write the order at random."""


@dataclass(frozen=True)
class Checkpoint:
    """Weights by parameter name, and the settings they were trained with (empty if they were saved without)."""

    weights: Weights
    settings: dict[str, Any]


def write_checkpoint(path: Path, weights: Weights, settings: Mapping[str, Any]) -> None:
    """Writes weights and settings; the file is either whole or not there.

    Raises:
        DigitsumError: the file cannot be written.
    """
    contiguous = {name: np.ascontiguousarray(array) for name, array in weights.items()}
    atomic_write(path, save(contiguous, {_KEY: json.dumps(settings)}))


def read_checkpoint(path: Path) -> Checkpoint:
    """Reads a checkpoint.

    Raises:
        InputError: the file is missing, damaged, or not a checkpoint of this tool.
    """
    try:
        if not path.is_file():
            raise InputError(f"no checkpoint at {path}", next_step="Train one with: digitsum train --length 10")
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except InputError:
        raise
    except (SafetensorError, OSError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{path} is not a whole safetensors file: {error}", next_step="Copy it again, or train anew"
        ) from error
    if _KEY not in metadata:
        raise InputError(f"{path} was not written by digitsum: its metadata lacks {_KEY!r}")
    try:
        settings = json.loads(metadata[_KEY])
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} has no readable settings in its metadata") from error
    if not isinstance(settings, dict):
        raise InputError(f"{path} has no readable settings in its metadata")
    return Checkpoint(weights, settings)
