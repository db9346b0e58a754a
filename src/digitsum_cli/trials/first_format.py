"""The trial format of digitsum 0.1.0: all settings in one flat mapping.

Stores and checkpoints in this format can still be read, and its identities, which are part of file names, are kept.
"""

from collections.abc import Mapping
from typing import Any

_PLACES = {
    **{
        name: ("model", name)
        for name in (*("cell", "impl", "embedding_size", "hidden_size", "activation", "init", "forget_bias"),)
    },
    **{
        name: ("train", name)
        for name in (
            *("epochs", "batch_size", "lr", "optimizer", "lr_schedule", "weight_decay", "clip_norm", "loss"),
            *("shuffle", "record_gradients", "seed", "eval_every", "device"),
        )
    },
    "init_scale": ("model", "recurrent_scale"),
    "early_stop": ("train", "patience"),
    "rows": ("drawing", "rows"),
    **{name: (name,) for name in ("length", "data", "data_digest")},
}
"""For each key of this format, the place of its value today."""

_SECTIONS = ("model", "train", "drawing")
"""The nested settings of a trial; those of ``drawing`` are keys of ``data``."""


def is_first_format(values: Mapping[str, Any]) -> bool:
    """Whether the values of a trial are in this format."""
    return isinstance(values, Mapping) and "cell" in values and not values.keys() & {"model", "train"}


def from_first_format(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a trial in today's format; unknown keys keep their place, so that validation rejects them."""
    nested: dict[str, Any] = {section: {} for section in _SECTIONS}
    for name, value in values.items():
        *section, leaf = _PLACES.get(name, (name,))
        (nested[section[0]] if section else nested)[leaf] = value
    return nested


def to_first_format(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Splits the values of a trial into those that this format had and those added later.

    Arguments:
        values: from ``Trial.to_dict``.

    Returns:
        The former as a flat mapping, the latter by dotted key.
    """
    dotted = {key: values[key] for key in values if key not in _SECTIONS}
    dotted |= {f"{section}.{key}": value for section in _SECTIONS for key, value in values[section].items()}
    first = {name: dotted.pop(".".join(place)) for name, place in _PLACES.items()}
    return first, {key.replace("drawing.", "data."): value for key, value in dotted.items()}
