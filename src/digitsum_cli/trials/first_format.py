"""How digitsum 0.1.0 wrote down a trial: all settings in one flat mapping.

Its stores and checkpoints are read, and its identities, which stand in file names, stay.
"""

from collections.abc import Mapping
from typing import Any

_PLACES = {
    **{
        name: ("model", name)
        for name in (
            *("cell", "impl", "embedding_size", "hidden_size", "activation", "init", "init_scale", "forget_bias"),
        )
    },
    **{
        name: ("train", name)
        for name in (
            *("epochs", "batch_size", "lr", "optimizer", "lr_schedule", "weight_decay", "clip_norm", "loss"),
            *("shuffle", "record_gradients", "seed", "eval_every", "device"),
        )
    },
    "early_stop": ("train", "patience"),
    "rows": ("drawing", "rows"),
    **{name: (name,) for name in ("length", "data", "data_digest")},
}
"""For each of its keys, where its value is now."""

_SECTIONS = ("model", "train", "drawing")
"""Of a trial; ``drawing`` has some of the settings of ``data``."""


def is_first_format(values: Mapping[str, Any]) -> bool:
    """Whether the values of a trial are in that format."""
    return "cell" in values


def from_first_format(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a trial as they are written today; unknown keys stay where they are, to be refused."""
    nested: dict[str, Any] = {section: {} for section in _SECTIONS}
    for name, value in values.items():
        *section, leaf = _PLACES.get(name, (name,))
        (nested[section[0]] if section else nested)[leaf] = value
    return nested


def to_first_format(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Splits the values of a trial into those that this format had and those that were added later.

    Arguments:
        values: from ``Trial.to_dict``.

    Returns:
        The first flat; the second by dotted key.
    """
    dotted = {key: values[key] for key in values if key not in _SECTIONS}
    dotted |= {f"{section}.{key}": value for section in _SECTIONS for key, value in values[section].items()}
    first = {name: dotted.pop(".".join(place)) for name, place in _PLACES.items()}
    return first, {key.replace("drawing.", "data."): value for key, value in dotted.items()}
