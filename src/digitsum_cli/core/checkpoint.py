"""Checkpoints: weights in a safetensors file whose metadata holds the settings and a checksum.

Loading a checkpoint cannot run code. The checksum is the SHA-256 of the whole file with the checksum's own digits set
to zero, so that any changed byte is detected.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save

from digitsum_cli.core.atomic_write import atomic_write
from digitsum_cli.core.bounded_read import read_bounded
from digitsum_cli.errors import InputError

Weights = dict[str, npt.NDArray[np.floating]]

MAXIMUM_BYTES = 2**30
"""Default size limit of a file; reading one takes at most three times as much memory."""

_VERSION = 2
_KEY = f"digitsum-checkpoint-{_VERSION}"
"""The only entry of the metadata; safetensors writes several entries in random order."""

_ANY_VERSION = re.compile(rb'^{"__metadata__":{"digitsum-checkpoint-([0-9]{1,9})"')

_MAXIMUM_HEADER_BYTES = 2**20
_ZERO_CHECKSUM = "0" * 64
_CHECKSUM = re.compile(rb'^{"__metadata__":{"digitsum-checkpoint-2":"{\\"sha256\\": \\"([0-9a-f]{64})\\"')
"""The beginning of the header; quotes inside the metadata's text are escaped."""


@dataclass(frozen=True)
class Checkpoint:
    """Weights by parameter name, and the settings they were trained with (empty if none were saved)."""

    weights: Weights
    settings: dict[str, Any]


def digest_weights(weights: Weights) -> str:
    """The SHA-256 of weights, in hexadecimal: of their names, types, shapes and bytes."""
    digest = hashlib.sha256()
    for name, array in sorted(weights.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.asarray(array, order="C").tobytes())
    return digest.hexdigest()


def write_checkpoint(path: Path, weights: Weights, settings: Mapping[str, Any]) -> None:
    """Writes weights and settings atomically.

    Raises:
        DigitsumError: the file cannot be written.
    """
    contiguous = {name: np.asarray(array, order="C") for name, array in weights.items()}
    content = bytearray(save(contiguous, {_KEY: json.dumps({"sha256": _ZERO_CHECKSUM, "settings": settings})}))
    place = _checksum_slice(content)
    content[place] = hashlib.sha256(content).hexdigest().encode()
    atomic_write(path, bytes(content))


def read_checkpoint(path: Path, maximum_bytes: int = MAXIMUM_BYTES, *, require_finite: bool = True) -> Checkpoint:
    """Reads a checkpoint.

    Arguments:
        path: the file.
        maximum_bytes: the largest size allowed.
        require_finite: reject infinite and NaN values.

    Raises:
        InputError: the file is missing, too large, damaged, not a checkpoint of this version of the tool, or has
            invalid contents.
    """
    content = _read(path, maximum_bytes)
    place = _checksum_slice(content)
    if place == slice(0):
        _check_not_newer(content, path)
        raise InputError(
            f"{path} is not a checkpoint of this version of digitsum, or its header is damaged",
            next_step="Copy it again, or retrain",
        )
    digest = hashlib.sha256(content[: place.start])
    digest.update(_ZERO_CHECKSUM.encode())
    digest.update(memoryview(content)[place.stop :])
    if digest.hexdigest().encode() != content[place]:
        raise InputError(
            f"{path} is damaged: its checksum does not match its contents", next_step="Copy it again, or retrain"
        )
    try:
        weights = load(content)
        metadata = json.loads(_header(content))["__metadata__"]
        settings = json.loads(metadata[_KEY])["settings"]
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path} is not a complete safetensors file: {error}") from error
    if not isinstance(settings, dict):
        raise InputError(f"{path} has no readable settings in its metadata")
    for name, array in weights.items():
        if not np.issubdtype(array.dtype, np.floating):
            raise InputError(f"{path} contains {array.dtype} values in {name}; weights are floating-point numbers")
        if require_finite and not np.isfinite(array).all():
            raise InputError(f"{path} contains NaN or infinite values in {name}")
    return Checkpoint(weights, settings)


def _check_not_newer(content: bytes, path: Path) -> None:
    """Checks that a file is not a checkpoint of a later format.

    Raises:
        InputError: it is.
    """
    version = _ANY_VERSION.match(_header(content))
    if version and int(version[1]) > _VERSION:
        raise InputError(
            f"{path} was written by a newer digitsum (checkpoint format {int(version[1])}); this one reads format "
            f"{_VERSION}",
            next_step="Use the digitsum that wrote it",
        )


def _read(path: Path, maximum_bytes: int) -> bytes:
    try:
        return read_bounded(path, maximum_bytes)
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"no checkpoint at {path}", next_step="Train one with: digitsum train --length 10") from error
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {getattr(error, 'strerror', error)}") from error


def _header(content: bytes | bytearray) -> bytes:
    """The JSON header, which follows its length in bytes; empty if the length is invalid."""
    length = int.from_bytes(content[:8], "little")
    return bytes(content[8 : 8 + length]) if length <= _MAXIMUM_HEADER_BYTES else b""


def _checksum_slice(content: bytes | bytearray) -> slice:
    """The position of the checksum's digits; an empty slice if there is no checksum."""
    found = _CHECKSUM.match(_header(content))
    return slice(8 + found.start(1), 8 + found.end(1)) if found else slice(0)
