"""Checks a tree of values against the schema; errors report where the value came from and what is allowed."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from digitsum_cli.errors import InputError
from digitsum_cli.settings.document import KeyPath
from digitsum_cli.settings.renamed_keys import NEW_NAMES
from digitsum_cli.settings.schema import Settings, axis_keys, leaf_keys

_LONGEST_AXIS = 60
"""The longest text that an error message repeats as an axis."""


def validate(tree: Mapping[str, Any], origins: Mapping[KeyPath, str]) -> Settings:
    """The settings from a tree of values without axes.

    Raises:
        InputError: a key is unknown, or a value has the wrong type or is out of range.
    """
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
    path = _without_type_name(tuple(str(part) for part in first["loc"]))
    unreadable = first["type"] == "string_unicode" and ".".join(path) not in leaf_keys()
    if unreadable:  # a key with bytes that are not UTF-8
        path = (*path, str(first["input"]))
    key = ".".join(path)
    where = origin_of(path, origins)
    if unreadable or first["type"] == "extra_forbidden":
        known = list(_section_at(path[:-1]).model_fields)
        raise InputError(
            f"unknown key {key!r}",
            where=where,
            allowed=", ".join(known),
            next_step=_suggest_full_name(key) or suggestion(path[-1], known),
        )
    if first["type"] in ("model_type", "dict_type"):
        raise InputError(
            f"{key} is {format_value(first['input'])}",
            where=where,
            allowed=f"a section with the keys {', '.join(_section_at(path).model_fields)}",
        )
    leaf = leaf_keys().get(key)
    what = (
        f"{key}: {first['ctx']['error']}"
        if first["type"] == "value_error"
        else f"{key} is {format_value(first['input'])}"
    )
    raise InputError(
        what, where=where, allowed=leaf.description if leaf else None, next_step=_suggest_axis(key, first["input"])
    )


def _suggest_axis(key: str, value: object) -> str | None:
    """Suggests an axis if several values were given to a key that takes one."""
    text = ",".join(map(str, value)) if isinstance(value, list) else value
    if key in axis_keys() and isinstance(text, str) and len(text) <= _LONGEST_AXIS and ("," in text or ".." in text):
        return f"To sweep over several values, set sweep.{key}={text}"
    return None


def _without_type_name(path: KeyPath) -> KeyPath:
    """The path without the type name that Pydantic appends if a key accepts several types."""
    leaves = leaf_keys()
    return next((path[:end] for end in range(1, len(path)) if ".".join(path[:end]) in leaves), path)


def format_value(value: object) -> str:
    """A value as written in YAML, truncated if it is long."""
    words = {None: "empty", True: "true", False: "false"}
    text = words[value] if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _section_at(path: KeyPath) -> type[BaseModel]:
    section: type[BaseModel] = Settings
    for name in path:
        kind = section.model_fields[name].annotation
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            break
        section = kind
    return section


def origin_of(path: KeyPath, origins: Mapping[KeyPath, str]) -> str:
    """Where the innermost given part of ``path`` was set, or else the first value below it."""
    for end in range(len(path), 0, -1):
        if path[:end] in origins:
            return origins[path[:end]]
    below = (origin for given, origin in origins.items() if given[: len(path)] == path)
    return next(below, ".".join(path))


def _suggest_full_name(key: str) -> str | None:
    """Suggests the dotted keys that end in ``key``, as a question."""
    full = [leaf for leaf in leaf_keys() if leaf.endswith(f".{key}")]
    return f"Did you mean {' or '.join(map(repr, full))}?" if full else None


def suggestion(name: str, known: Iterable[str]) -> str | None:
    """Suggests the most similar known name, as a question; for a key's old name, the new one."""
    names = {each: each for each in known}
    for old, new in NEW_NAMES.items():
        names |= {before: after for before, after in ((old, new), (_leaf(old), _leaf(new))) if after in names}
    close = difflib.get_close_matches(name, list(names), n=1)
    return f"Did you mean {names[close[0]]!r}?" if close else None


def _leaf(key: str) -> str:
    return key.rpartition(".")[2]
