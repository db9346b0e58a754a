"""The axes of a sweep: which keys may vary, and over which values."""

import copy
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, cast

from digitsum_cli.core.compatibility import find_incompatibility
from digitsum_cli.errors import InputError
from digitsum_cli.settings.document import KeyPath, parse_value
from digitsum_cli.settings.override import Override, apply_override
from digitsum_cli.settings.ranges import parse_whole_numbers
from digitsum_cli.settings.schema import AxisValue, Settings, axis_keys, leaf_keys, may_vary, value_at
from digitsum_cli.settings.validation import format_value, origin_of, suggestion, validate

MAXIMUM_TRIALS = 100_000

_NETWORK_SETTINGS = ("cell", "activation", "init", "forget_bias")
"""The keys of ``model`` that must be compatible."""


def list_axes(axes: object, origins: Mapping[KeyPath, str]) -> dict[str, list[Any]]:
    """The values of each axis, still unchecked, so that they can be counted first.

    Raises:
        InputError: a key cannot vary, or an axis is empty or too long.
    """
    if axes is None:
        return {}
    if not isinstance(axes, dict):
        raise InputError(
            f"sweep is {format_value(axes)}",
            where=origin_of(("sweep",), origins),
            allowed="axes such as train.seed: 0..9",
        )
    listed = {}
    for key, given in axes.items():
        where = origin_of(("sweep", key), origins)
        if not may_vary(key):
            raise InputError(
                f"sweep cannot vary {key!r}",
                where=where,
                allowed=", ".join(axis_keys()),
                next_step="To vary the length, set data.lengths"
                if key == "data.lengths"
                else suggestion(key, axis_keys()),
            )
        listed[key] = _axis_items(key, given, where)
        if not listed[key]:
            raise InputError(f"the axis {key} has no values", where=where)
    return listed


def _axis_items(key: str, given: object, where: str) -> list[Any]:
    """The values of an axis: a list, ``a,b``, or a range of whole numbers."""
    items: list[Any] = []
    for item in given if isinstance(given, list) else [given]:
        if isinstance(item, str) and (key in leaf_keys() and leaf_keys()[key].annotation is int):
            try:
                items.extend(parse_whole_numbers(item, default_step=1))
            except ValueError as error:
                raise InputError(f"{key}: {error}", where=where) from error
        elif isinstance(item, str):
            items.extend(parse_value(part, where) for part in item.split(","))
        else:
            items.append(item)
        if len(items) > MAXIMUM_TRIALS:
            raise InputError(f"the axis {key} is too long", where=where, allowed=f"up to {MAXIMUM_TRIALS:,} trials")
    return items


def check_axis(
    key: str, items: Sequence[Any], tree: Mapping[str, Any], origins: Mapping[KeyPath, str]
) -> tuple[AxisValue, ...]:
    """The values of an axis, each checked like a single value of its key.

    Raises:
        InputError: a value is invalid or given twice.
    """
    where = origin_of(("sweep", key), origins)
    values = [value_at(_with_value(tree, key, item, origins, where), key) for item in items]
    if len(set(values)) < len(values):
        duplicate = Counter(values).most_common(1)[0][0]
        raise InputError(f"the axis {key} contains {duplicate!r} twice", where=where)
    return tuple(values)


def check_combined_data_size(
    axes: Mapping[str, tuple[AxisValue, ...]], tree: Mapping[str, Any], origins: Mapping[KeyPath, str]
) -> None:
    """Checks the largest combination of sizes; each value has already been checked alone.

    Raises:
        InputError: its data do not fit in memory.
    """
    largest = copy.deepcopy(dict(tree))
    where = None
    for key, values in axes.items():
        if key.startswith("data.k."):
            where = origin_of(("sweep", key), origins)
            apply_override(Override(key, max(cast(tuple[int, ...], values)), where), largest, {})
    if where:
        validate(largest, {("data",): where})


def check_compatibility(
    settings: Settings, axes: Mapping[str, tuple[AxisValue, ...]], origins: Mapping[KeyPath, str]
) -> None:
    """Checks that the model settings are compatible in every combination of the axes.

    Arguments:
        settings: the settings without axes.
        axes: the values of each axis.
        origins: where each value was given.

    Raises:
        InputError: a combination is incompatible.
    """
    values = (axes.get(f"model.{name}", (getattr(settings.model, name),)) for name in _NETWORK_SETTINGS)
    for combination in itertools.product(*values):
        incompatibility = find_incompatibility(**dict(zip(_NETWORK_SETTINGS, combination, strict=True)))
        if incompatibility:
            key = f"model.{incompatibility.setting}"
            path = ("sweep", key) if key in axes else ("model", incompatibility.setting)
            raise InputError(
                incompatibility.what,
                where=origin_of(path, origins),
                allowed=incompatibility.allowed,
                next_step="Use a separate sweep for each compatible combination"
                if axes.keys() & {key, "model.cell"}
                else None,
            )


def _with_value(
    tree: Mapping[str, Any], key: str, value: object, origins: Mapping[KeyPath, str], where: str
) -> Settings:
    variant = copy.deepcopy(dict(tree))
    apply_override(Override(key, value, where), variant, {})
    return validate(variant, {**origins, tuple(key.split(".")): where})
