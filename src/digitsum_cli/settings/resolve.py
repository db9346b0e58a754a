"""Resolves defaults, a file, ``--set`` and options into one ``Settings``."""

import copy
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from digitsum_cli.errors import InputError
from digitsum_cli.settings.axes import (
    MAXIMUM_TRIALS,
    check_axis,
    check_combined_data_size,
    check_compatibility,
    list_axes,
)
from digitsum_cli.settings.document import KeyPath, dump_document, parse_value, read_document
from digitsum_cli.settings.estimates import format_duration
from digitsum_cli.settings.override import Override, apply_override
from digitsum_cli.settings.renamed_keys import with_current_keys
from digitsum_cli.settings.schema import Settings
from digitsum_cli.settings.validation import origin_of, validate


def parse_assignment(text: str) -> Override:
    """Reads the argument of ``--set``: ``key=value``, with the value as in a YAML file.

    Raises:
        InputError: there is no ``=`` or no key, or the value is not valid YAML.
    """
    key, equals, value = text.partition("=")
    origin = f"--set {text}"
    if not equals or not key.strip():
        raise InputError("not in the form key=value", where=origin, allowed="for example --set train.lr=0.003")
    return Override(key.strip(), parse_value(value, origin), origin)


def resolve_settings(
    config: Path | None = None,
    overrides: Iterable[Override] = (),
    preset: Mapping[str, Mapping[str, Any]] | None = None,
) -> Settings:
    """Resolves defaults, then ``config`` (or ``preset`` where there is none), then ``overrides`` in order.

    A single value on the command line replaces an axis of the same key.

    Arguments:
        config: a YAML file.
        overrides: values from the command line.
        preset: values that replace the book's settings if no file is given.

    Raises:
        InputError: a key is unknown or given twice, a value has the wrong type or is out of range, model settings are
            incompatible, an axis varies a key that cannot vary, or there are over 100,000 trials. The message names
            the file and line, or the option.
    """
    tree: dict[str, Any] = copy.deepcopy(dict(preset or {}))
    origins: dict[KeyPath, str] = {}
    if config is not None:
        document = read_document(config)
        origins = dict(document.origins)
        tree = with_current_keys(document.values, origins)
    for override in overrides:
        apply_override(override, tree, origins)
    axes = tree.pop("sweep", None)
    settings = validate(tree, origins)
    items = list_axes(axes, origins)
    trials = settings.model_copy(update={"sweep": items}).trial_count
    if trials > MAXIMUM_TRIALS:
        longest = max(items, key=lambda key: len(items[key]))
        raise InputError(
            f"the sweep has {trials:,} trials, which would take {format_duration(trials)} at one second each",
            where=origin_of(("sweep", longest), origins),
            allowed=f"up to {MAXIMUM_TRIALS:,}",
        )
    resolved = {key: check_axis(key, values, tree, origins) for key, values in items.items()}
    check_combined_data_size(resolved, tree, origins)
    check_compatibility(settings, resolved, origins)
    return settings.model_copy(update={"sweep": resolved})


def settings_yaml(settings: Settings) -> str:
    """The settings as YAML that loads back unchanged."""
    tree = settings.model_dump(mode="json")
    if not tree["sweep"]:
        del tree["sweep"]
    return dump_document(tree)
