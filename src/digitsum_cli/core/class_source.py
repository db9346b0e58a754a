"""The source of a class that is already running, such as one from a notebook, as a file of its own.

A notebook has no file, and its cells do more than define a class. The file made here has the class and what it refers
to: imports, numbers and texts, and other classes and functions of the notebook.
"""

import ast
import builtins
import inspect
import linecache
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from digitsum_cli.core.user_code import UserCode, find_user_code
from digitsum_cli.errors import InputError

_FILE = "notebook.py"
_MAIN = "__main__"


def code_of_class(given: type) -> UserCode:
    """The source of a class; of one of an imported module, that module.

    Raises:
        InputError: its source is unknown, or refers to objects of the notebook that have none.
    """
    if given.__module__ != _MAIN:
        return find_user_code(f"{given.__module__}:{given.__qualname__}")
    parts: dict[str, str] = {}
    _add(given.__name__, given, {}, parts)
    text = "\n\n".join(parts.values()) + "\n"
    return UserCode(f"{_FILE}:{given.__name__}", given.__name__, {_FILE: text.encode()}, Path.cwd())


def _add(name: str, value: Any, waiting: dict[str, Any], parts: dict[str, str]) -> None:
    """Adds the source that defines a name, after what it refers to."""
    if name in parts or name in waiting:
        return
    if isinstance(value, ModuleType):
        parts[name] = f"import {value.__name__} as {name}"
    elif isinstance(value, type | FunctionType) and value.__module__ == _MAIN:
        namespace, node, text = _definition(value)
        for used in _names(node):
            if used in namespace and not hasattr(builtins, used):
                _add(used, namespace[used], {**waiting, name: value}, parts)
        parts[name] = text
    elif _is_literal(value):
        parts[name] = f"{name} = {value!r}"
    elif _is_importable(value):
        parts[name] = f"from {value.__module__} import {value.__qualname__} as {name}"
    else:
        raise InputError(
            f"{' and '.join(waiting)} refers to {name}, a {type(value).__name__} that exists in this process only",
            next_step="Define it in a file beside the class, and import the class from there",
        )


def _is_literal(value: Any) -> bool:
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False


def _is_importable(value: Any) -> bool:
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", ".")
    return bool(module) and module != _MAIN and "." not in name and "<" not in name


def _definition(value: type | FunctionType) -> tuple[dict[str, Any], ast.AST, str]:
    """The namespace that a class or function was defined in, its syntax tree and its text."""
    for function in _functions(value):
        lines = linecache.getlines(function.__code__.co_filename)
        try:
            tree = ast.parse("".join(lines))
        except SyntaxError:
            tree = ast.parse(_without_magic(lines))
        for node in tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == value.__name__:
                first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                if first <= function.__code__.co_firstlineno <= (node.end_lineno or first):
                    return function.__globals__, node, "".join(lines[first - 1 : node.end_lineno])
    raise InputError(
        f"the source of {value.__name__} is unknown", next_step="Define it in a file, and import it from there"
    )


def _without_magic(lines: list[str]) -> str:
    """A notebook's cell with its magic commands as comments."""
    return "".join(f"#{line}" if line.lstrip().startswith(("%", "!")) else line for line in lines)


def _functions(value: type | FunctionType) -> Iterator[FunctionType]:
    if isinstance(value, FunctionType):
        yield value
        return
    for member in vars(value).values():
        function = inspect.unwrap(getattr(member, "__func__", getattr(member, "fget", member)) or member)
        if isinstance(function, FunctionType):
            yield function


def _names(node: ast.AST) -> list[str]:
    """The names that a definition refers to, in order."""
    return list(dict.fromkeys(each.id for each in ast.walk(node) if isinstance(each, ast.Name)))
