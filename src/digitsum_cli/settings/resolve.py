"""From defaults, a file, ``--set`` and options to one ``Settings``; every error names the place it comes from."""

import copy
import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from digitsum_cli.errors import InputError
from digitsum_cli.settings.document import KeyPath, parse_value, read_document
from digitsum_cli.settings.ranges import parse_whole_numbers
from digitsum_cli.settings.schema import AxisValue, Settings, axis_keys, leaf_keys

MAXIMUM_TRIALS = 100_000


@dataclass(frozen=True)
class Override:
    """One value from the command line.

    Arguments:
        key: dotted, such as ``train.lr`` or, for an axis, ``sweep.train.lr``.
        value: as YAML would give it.
        origin: what the user typed, for the messages.
    """

    key: str
    value: Any
    origin: str

    @property
    def path(self) -> KeyPath:
        """Where the value belongs; the part behind ``sweep.`` is one key."""
        section, _, axis = self.key.partition(".")
        return (section, axis) if section == "sweep" and axis else tuple(self.key.split("."))


def parse_assignment(text: str) -> Override:
    """Reads what follows ``--set``: ``key=value``, the value as in a YAML file.

    Raises:
        InputError: there is no ``=`` or no key, or the value does not parse.
    """
    key, equals, value = text.partition("=")
    origin = f"--set {text}"
    if not equals or not key.strip():
        raise InputError("not of the form key=value", where=origin, allowed="for example --set train.lr=0.003")
    return Override(key.strip(), parse_value(value, origin), origin)


def resolve_settings(
    config: Path | None = None,
    overrides: Iterable[Override] = (),
    preset: Mapping[str, Mapping[str, Any]] | None = None,
) -> Settings:
    """Resolves defaults, then ``config`` (or ``preset`` where there is none), then ``overrides`` in order.

    A single value on the command line takes the place of an axis of the same key.

    Arguments:
        config: a YAML file.
        overrides: values from the command line.
        preset: what a command uses instead of the book's settings when no file is given.

    Raises:
        InputError: a key is unknown or stands twice, a value is of the wrong type or out of range, an axis varies
            something that cannot vary, or there are over 100,000 trials. The message names the file and line or
            the option.
    """
    tree: dict[str, Any] = copy.deepcopy(dict(preset or {}))
    origins: dict[KeyPath, str] = {}
    if config is not None:
        document = read_document(config)
        tree, origins = document.values, dict(document.origins)
    for override in overrides:
        _apply(override, tree, origins)
    axes = tree.pop("sweep", None)
    settings = _validate(tree, origins)
    settings = settings.model_copy(update={"sweep": _resolve_axes(axes, tree, origins)})
    trials = len(settings.data.lengths)
    for values in settings.sweep.values():
        trials *= len(values)
    if trials > MAXIMUM_TRIALS:
        raise InputError(f"the sweep has {trials:,} trials", where="sweep", allowed=f"up to {MAXIMUM_TRIALS:,}")
    return settings


def settings_yaml(settings: Settings) -> str:
    """The settings as YAML that reads back to the same settings."""
    tree = settings.model_dump(mode="json", exclude_none=True)
    if not tree["sweep"]:
        del tree["sweep"]
    return yaml.safe_dump(tree, sort_keys=False, default_flow_style=None, width=110)


def _apply(override: Override, tree: dict[str, Any], origins: dict[KeyPath, str]) -> None:
    *sections, leaf = override.path
    branch = tree
    for depth, section in enumerate(sections, 1):
        branch = branch.setdefault(section, {})
        if not isinstance(branch, dict):
            where = _origin(override.path[:depth], origins)
            raise InputError(f"{'.'.join(sections[:depth])} is {_shown(branch)}", where=where, allowed="a section")
    branch[leaf] = override.value
    for path in [path for path in origins if path[: len(override.path)] == override.path]:
        del origins[path]
    origins[override.path] = override.origin
    axes = tree.get("sweep")
    if isinstance(axes, dict):
        axes.pop(override.key, None)


def _resolve_axes(
    axes: object, tree: Mapping[str, Any], origins: Mapping[KeyPath, str]
) -> dict[str, tuple[AxisValue, ...]]:
    if axes is None:
        return {}
    if not isinstance(axes, dict):
        raise InputError(f"sweep is {axes!r}", where=origins.get(("sweep",)), allowed="axes such as train.seed: 0..9")
    resolved: dict[str, tuple[AxisValue, ...]] = {}
    for key, given in axes.items():
        where = _origin(("sweep", key), origins)
        if key not in axis_keys():
            raise InputError(
                f"sweep cannot vary {key!r}",
                where=where,
                allowed=", ".join(axis_keys()),
                next_step=_suggestion(key, axis_keys()),
            )
        values = []
        for item in _axis_items(key, given, where):
            variant = copy.deepcopy(dict(tree))
            _apply(Override(key, item, where), variant, {})
            settings = _validate(variant, {**origins, tuple(key.split(".")): where})
            values.append(_value_at(settings, key))
        if len(set(values)) < len(values):
            twice = Counter(values).most_common(1)[0][0]
            raise InputError(f"the axis {key} has {twice!r} twice", where=where)
        if not values:
            raise InputError(f"the axis {key} has no values", where=where)
        resolved[key] = tuple(values)
    return resolved


def _axis_items(key: str, given: object, where: str) -> Sequence[Any]:
    """The values of an axis: a list, ``a,b``, or for whole numbers a range."""
    items: list[Any] = []
    for item in given if isinstance(given, list) else [given]:
        if isinstance(item, str) and leaf_keys()[key].annotation is int:
            try:
                items.extend(parse_whole_numbers(item, default_step=1))
            except ValueError as error:
                raise InputError(f"{key}: {error}", where=where) from error
        elif isinstance(item, str):
            items.extend(parse_value(part, where) for part in item.split(","))
        else:
            items.append(item)
    return items


def _value_at(settings: BaseModel, key: str) -> Any:
    value: Any = settings
    for name in key.split("."):
        value = getattr(value, name)
    return value


def _validate(tree: Mapping[str, Any], origins: Mapping[KeyPath, str]) -> Settings:
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
    path = tuple(str(part) for part in first["loc"])
    key = ".".join(path)
    where = _origin(path, origins)
    if first["type"] == "extra_forbidden":
        known = list(_section_at(path[:-1]).model_fields)
        raise InputError(
            f"unknown key {key!r}",
            where=where,
            allowed=", ".join(known),
            next_step=_suggestion(path[-1], known),
        )
    if first["type"] in ("model_type", "dict_type"):
        raise InputError(
            f"{key} is {first['input']!r}",
            where=where,
            allowed=f"a section with the keys {', '.join(_section_at(path).model_fields)}",
        )
    leaf = leaf_keys().get(key)
    what = f"{key}: {first['ctx']['error']}" if first["type"] == "value_error" else f"{key} is {_shown(first['input'])}"
    raise InputError(what, where=where, allowed=leaf.description if leaf else None)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _section_at(path: KeyPath) -> type[BaseModel]:
    section: type[BaseModel] = Settings
    for name in path:
        kind = section.model_fields[name].annotation
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            break
        section = kind
    return section


def _origin(path: KeyPath, origins: Mapping[KeyPath, str]) -> str:
    """Where the innermost part of ``path`` that was given stands, or else the first value given below it."""
    for end in range(len(path), 0, -1):
        if path[:end] in origins:
            return origins[path[:end]]
    below = (origin for given, origin in origins.items() if given[: len(path)] == path)
    return next(below, ".".join(path))


def _suggestion(name: str, known: Iterable[str]) -> str | None:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"Did you mean {close[0]!r}?" if close else None
