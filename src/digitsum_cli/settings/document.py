"""A subset of YAML for settings, with the line number of each key.

Supports mappings, lists, strings, integers, floats (including ``1e-3``), ``true``, ``false`` and ``null``. Keys are
unique strings. Anchors, aliases, tags, and huge or deeply nested files are rejected, so reading is always fast.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from digitsum_cli.core.bounded_read import read_bounded
from digitsum_cli.errors import InputError

KeyPath = tuple[str, ...]
Locate = Callable[[yaml.Mark | None], str]

_MAXIMUM_BYTES = 100_000
_MAXIMUM_DEPTH = 20
_TAG = "tag:yaml.org,2002:"
_SURROGATE = re.compile("[\udc80-\udcff]")
"""Stands for a byte of a file name that is not valid UTF-8."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z_.]*")


@dataclass(frozen=True)
class Document:
    """The values of a YAML mapping, and the ``file:line`` of each key, by its path."""

    values: dict[str, Any]
    origins: dict[KeyPath, str]


class _Loader(yaml.SafeLoader):
    """Composes nodes; rejects anchors, aliases, tags and deep nesting."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 (the base class's attribute, replaced below)
    depth = 0

    def check_printable(self, data: str) -> None:
        super().check_printable(_SURROGATE.sub("?", data))

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.MarkedYAMLError(problem="anchors and aliases are not supported", problem_mark=event.start_mark)
        if getattr(event, "tag", None):
            raise yaml.MarkedYAMLError(problem=f"the tag {event.tag!r} is not supported", problem_mark=event.start_mark)
        if self.depth > _MAXIMUM_DEPTH:
            raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=event.start_mark)
        self.depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


for _name, _pattern, _first in (
    ("bool", r"true|false|True|False", "tfTF"),
    ("null", r"null|~|", ["n", "~", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", re.compile(rf"(?:{_pattern})\Z"), list(_first))


def read_document(path: Path) -> Document:
    """Reads a YAML file that holds one mapping (or nothing).

    Raises:
        InputError: the file is missing, too large or not UTF-8, or ``parse_document`` rejects its text.
    """
    try:
        text = read_bounded(path, _MAXIMUM_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise InputError(
            f"cannot read the config {path}: {error.strerror}",
            next_step="To list the shipped configs: digitsum configs. To see what a config looks like: --print-config",
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text") from error
    return parse_document(text, str(path))


def parse_document(text: str, source: str) -> Document:
    """Reads YAML text that holds one mapping (or nothing).

    Arguments:
        text: the YAML.
        source: the name of the file, for error messages.

    Raises:
        InputError: the text is not valid YAML or not a mapping, or a key is given twice or is not a string.
    """
    origins: dict[KeyPath, str] = {}

    def locate(mark: yaml.Mark | None) -> str:
        return f"{source}:{mark.line + 1}" if mark else source

    node = _compose(text, locate)
    if node is None or (isinstance(node, yaml.ScalarNode) and node.value == ""):
        return Document({}, origins)
    if not isinstance(node, yaml.MappingNode):
        raise InputError(
            "settings must be 'key: value' lines, not a single value or a list", where=locate(node.start_mark)
        )
    return Document(_build(node, locate, (), origins), origins)


def parse_value(text: str, source: str) -> Any:
    """Reads one YAML value, such as the value in ``--set key=value``.

    Raises:
        InputError: the text is not valid YAML, or is over 100,000 characters long.
    """
    if len(text) > _MAXIMUM_BYTES:
        raise InputError(f"the value is longer than {_MAXIMUM_BYTES:,} characters", where=f"{source[:60]}…")

    def locate(_: yaml.Mark | None) -> str:
        return source

    node = _compose(text, locate)
    return None if node is None else _build(node, locate, (), {})


def _compose(text: str, locate: Locate) -> yaml.Node | None:
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        problem = error.problem or error.context
        raise InputError(f"not valid YAML: {problem}", where=locate(error.problem_mark)) from error
    except yaml.YAMLError as error:
        raise InputError(f"not valid YAML: {str(error).splitlines()[0]}", where=locate(None)) from error
    return node


def _build(node: yaml.Node, locate: Locate, path: KeyPath, origins: dict[KeyPath, str]) -> Any:
    if isinstance(node, yaml.MappingNode):
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            where = locate(key_node.start_mark)
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != f"{_TAG}str":
                raise InputError("the key is not a word", where=where)
            key = key_node.value
            if key in values:
                first = origins.get((*path, key), where)
                raise InputError(f"the key {key!r} is given twice (first at {first})", where=where)
            origins[(*path, key)] = where
            values[key] = _build(value_node, locate, (*path, key), origins)
        return values
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, locate, (*path, str(index)), origins) for index, item in enumerate(node.value)]
    return _scalar(node, locate)


def _scalar(node: yaml.Node, locate: Locate) -> str | int | float | bool | None:
    text = str(node.value)
    try:
        match node.tag.removeprefix(_TAG):
            case "int":
                return int(text)
            case "float":
                return float(text.replace(".inf", "inf").replace(".nan", "nan"))
            case "bool":
                return text.lower() == "true"
            case "null":
                return None
    except ValueError as error:
        raise InputError(f"{text[:20]!r} is not a valid number", where=locate(node.start_mark)) from error
    return text


def dump_document(values: Mapping[str, Any]) -> str:
    """The values as YAML text that ``parse_document`` reads back unchanged."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, default_flow_style=None, width=110)


class _Dumper(yaml.SafeDumper):
    """Writes a string without quotes if it reads back as a string, otherwise in quotes."""


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    plain = _PLAIN.fullmatch(text) and text.lower() not in ("true", "false", "null")
    return dumper.represent_scalar(f"{_TAG}str", text, style=None if plain else '"')


_Dumper.add_representer(str, _represent_text)
