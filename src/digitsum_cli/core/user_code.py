"""Code of the user's: found and read without executing it; ``user_code_loading`` executes exactly what was read.

A class is named ``FILE.py:Class`` or ``package.module:Class``. Its source is the file and every local module that it
imports. Trials, checkpoints and workers know it by its class name and the digest of that source.
"""

import ast
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from functools import cache, cached_property
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import entry_points, packages_distributions, version
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from digitsum_cli.errors import InputError

CELL, TASK = "model.cell", "data.task"
"""The kinds of classes, by the key of the settings that names one."""

_ENTRY_POINTS: Mapping[str, str] = MappingProxyType({CELL: "digitsum.cells", TASK: "digitsum.tasks"})

_REFERENCE = re.compile(r"(?P<module>.+):(?P<name>[^\W\d]\w*)")
_RESOLVED = re.compile(r"[^\W\d]\w*@[0-9a-f]{12}")
_DIGITS_OF_DIGEST = 12
_MAXIMUM_BYTES = 10_000_000
_MAXIMUM_LINES = 40
"""Of a difference that is shown."""


def is_reference(name: str) -> bool:
    """Whether a name in settings refers to code of the user's: ``FILE.py:Class`` or ``package.module:Class``."""
    return _REFERENCE.fullmatch(name) is not None


def is_resolved(name: str) -> bool:
    """Whether a name is that of user code in a trial: ``Class@DIGEST``."""
    return _RESOLVED.fullmatch(name) is not None


@cache
def installed_classes(kind: str) -> Mapping[str, str]:
    """The classes that installed packages offer: ``package.module:Class`` by name; only metadata is read.

    Arguments:
        kind: ``CELL`` or ``TASK``.
    """
    found = sorted(entry_points(group=_ENTRY_POINTS[kind]), key=lambda each: each.name)
    return {each.name: f"{each.module}:{each.attr}" for each in found}


def user_class(kind: str, name: str) -> str | None:
    """What a name in settings refers to if it is code of the user's, without executing it; otherwise None.

    Arguments:
        kind: ``CELL`` or ``TASK``.
        name: ``FILE.py:Class``, ``package.module:Class``, a name that an installed package offers, or, in a trial,
            ``Class@DIGEST``.
    """
    if is_reference(name) or is_resolved(name):
        return name
    return installed_classes(kind).get(name)


@dataclass(frozen=True)
class UserCode:
    """The source of a class of the user's.

    Arguments:
        reference: as in the settings, such as ``./mycell.py:MyCell``.
        class_name: the class.
        files: the content of each file by its path relative to ``folder``, with slashes; the module of the class first.
        folder: where they are, or were.
        distribution: name and version of the distribution that they are part of; empty if there is none.
    """

    reference: str
    class_name: str
    files: Mapping[str, bytes]
    folder: Path
    distribution: str = ""

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the class name, the distribution, and the names and contents of the files."""
        parts = [f"{name} {hashlib.sha256(content).hexdigest()}" for name, content in sorted(self.files.items())]
        return hashlib.sha256("\n".join([self.class_name, self.distribution, *parts]).encode()).hexdigest()

    @property
    def name(self) -> str:
        """The name in trials: the class name and the beginning of the digest."""
        return f"{self.class_name}@{self.digest[:_DIGITS_OF_DIGEST]}"

    @property
    def file(self) -> str:
        """The file of the class."""
        return next(iter(self.files))

    @property
    def is_installed(self) -> bool:
        """Whether it is a module of an installed package, rather than a file."""
        return not self.reference.partition(":")[0].endswith(".py")

    @property
    def module_name(self) -> str:
        """The name under which the module of the class is loaded."""
        if self.is_installed:
            return self.reference.partition(":")[0]
        return f"digitsum_user_code_{self.digest[:_DIGITS_OF_DIGEST]}"

    @property
    def import_path(self) -> str:
        """The import path of the class once it is loaded; see ``digitsum_cli.core.registry.load``."""
        return f"{self.module_name}:{self.class_name}"


def find_user_code(reference: str) -> UserCode:
    """Reads the source of a class; nothing of it is executed.

    Raises:
        InputError: the reference is not one, or its file is missing, too large or not Python.
    """
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise InputError(
            f"{reference!r} does not name a class",
            allowed="FILE.py:Class or package.module:Class, such as ./mycell.py:MyCell",
        )
    module, class_name = match["module"], match["name"]
    if module.endswith(".py"):
        path = Path(module).expanduser()
        if not path.is_file():
            raise InputError(f"{path} not found", where=reference)
        return UserCode(reference, class_name, _sources(path.parent, path.name), path.parent)
    file, root = _find_module(module, reference)
    files = _sources(root, file.relative_to(root).as_posix())
    return UserCode(reference, class_name, files, root, _distribution(module.partition(".")[0]))


def code_not_allowed(codes: Sequence[UserCode]) -> InputError:
    """The error for code that the command was not allowed to execute."""
    named = ", ".join(f"{code.reference} (SHA-256 {code.digest})" for code in codes)
    return InputError(
        f"this would execute code that does not belong to digitsum: {named}",
        next_step="Read it; if you trust it, add --allow-code",
    )


def check_unchanged(code: UserCode, saved: Sequence[UserCode]) -> None:
    """Checks that code is the one that a run has used under the same name; nothing is executed.

    Arguments:
        code: the code.
        saved: the copies in the run.

    Raises:
        InputError: it has changed; the message shows how.
    """
    earlier = [each for each in saved if each.reference == code.reference]
    if earlier and code.digest not in {each.digest for each in earlier}:
        raise InputError(
            f"{code.reference} is not the code that this run used (SHA-256 {earlier[-1].digest}):\n"
            f"{_differences(earlier[-1], code)}\n",
            next_step="Restore it, or choose another folder with --out",
        )


def _differences(before: UserCode, after: UserCode) -> str:
    lines: list[str] = []
    for name in {**before.files, **after.files}:
        old, new = (code.files.get(name, b"").decode(errors="replace").splitlines() for code in (before, after))
        lines += unified_diff(old, new, f"{name} (in the run)", f"{name} (now)", n=1, lineterm="")
    shown = lines[:_MAXIMUM_LINES]
    return "\n".join([*shown, *(["…"] if len(shown) < len(lines) else [])])


def _find_module(name: str, reference: str) -> tuple[Path, Path]:
    """The file of a module, and the folder of its outermost package, without importing any."""
    path: Sequence[str] | None = None
    spec: ModuleSpec | None = None
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        spec = PathFinder.find_spec(".".join(parts[:depth]), path)
        if spec is None:
            raise InputError(f"there is no module {name}", where=reference, next_step="Install it, or name its file")
        path = spec.submodule_search_locations
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise InputError(f"the module {name} has no Python source", where=reference)
    file = Path(spec.origin)
    levels = len(parts) + (file.name == "__init__.py")
    return file, file.parents[levels - 1]


def _distribution(package: str) -> str:
    names = packages_distributions().get(package, [])
    return f"{names[0]} {version(names[0])}" if names else ""


def _sources(folder: Path, first: str) -> dict[str, bytes]:
    """The file and every module in the same folder that it imports, directly or not."""
    found: dict[str, bytes] = {}
    waiting = [first]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        content = _read(folder / name)
        found[name] = content
        waiting += _local_imports(folder, name, content)
    return found


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAXIMUM_BYTES:
            raise InputError(f"{path} is over {_MAXIMUM_BYTES // 1_000_000} MB")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def _local_imports(folder: Path, name: str, content: bytes) -> Iterator[str]:
    try:
        tree = ast.parse(content, filename=str(folder / name))
    except (SyntaxError, ValueError) as error:
        line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise InputError(f"{folder / name}{line} is not valid Python: {error}") from error
    package = PurePosixPath(name).parent.parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            base += tuple(node.module.split(".")) if node.module else ()
            modules = [base, *((*base, alias.name) for alias in node.names)]
        else:
            continue
        for module in modules:
            for depth in range(1, len(module) + 1):
                for candidate in ("/".join(module[:depth]) + ".py", "/".join((*module[:depth], "__init__.py"))):
                    if (folder / candidate).is_file():
                        yield candidate
