"""The options of a cell of the user's: the further typed parameters of its ``__init__``, which have defaults."""

from collections.abc import Mapping
from inspect import Parameter, signature
from typing import Any

from digitsum_cli.errors import InputError

Option = bool | int | float | str

_GIVEN = ("input_size", "hidden_size", "generator")
_TYPES = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


def options_of(cell: type) -> dict[str, type]:
    """The type of each option, by name: that of its default, or float where that is annotated.

    Arguments:
        cell: the class.
    """
    found = {}
    for name, parameter in signature(cell).parameters.items():
        kind = float if parameter.annotation in (float, "float") else type(parameter.default)
        if name not in _GIVEN and parameter.default is not Parameter.empty and kind in _TYPES:
            found[name] = kind
    return found


def checked_options(name: str, cell: type, given: Mapping[str, Option]) -> dict[str, Option]:
    """Options with the types that the cell expects.

    Arguments:
        name: the cell's name, for messages.
        cell: the class.
        given: the options.

    Raises:
        InputError: the cell has no such option, or it has another type.
    """
    known = options_of(cell)
    checked: dict[str, Option] = {}
    for option, value in given.items():
        where = f"model.options.{option}"
        if option not in known:
            what = ", ".join(known) or f"none; give {name}.__init__ a parameter {option} with a type and a default"
            raise InputError(f"{name} has no option {option}", where=where, allowed=what)
        kind: Any = known[option]
        converted: Any = float(value) if kind is float and type(value) is int else value
        if type(converted) is not kind:
            raise InputError(f"{where} is {value!r}", where=where, allowed=_TYPES[kind])
        checked[option] = converted
    return checked
