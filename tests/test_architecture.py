"""The imports between modules are as docs/architecture.md says."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

from tests.command_line import REPOSITORY

PACKAGE = REPOSITORY / "src" / "digitsum_cli"
PAGE = (REPOSITORY / "docs" / "architecture.md").read_text()
ROOMS = re.findall(r"^\| `(\w+)/` \|", PAGE, flags=re.MULTILINE)
"""The packages from top to bottom, as the page lists them."""


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports_of(module: str) -> Iterator[str]:
    """The modules of the package that a module imports, including those inside functions and for type checking only."""
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} has a relative import"
            for name in node.names:
                imported = f"{node.module}.{name.name}"
                if imported in MODULES:
                    yield imported
                elif node.module in MODULES:
                    yield node.module


IMPORTS = {module: set(imports_of(module)) for module in MODULES}


def room_of(module: str) -> str | None:
    """The package that a module is in, such as ``core``; None for modules that are in no room."""
    path = MODULES[module].relative_to(PACKAGE)
    return path.parts[0] if len(path.parts) > 1 else None


def test_page_names_every_room() -> None:
    assert set(ROOMS) == {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert len(ROOMS) == len(set(ROOMS))


def test_imports_between_rooms_point_down() -> None:
    upward = {
        (module, imported)
        for module, all_imported in IMPORTS.items()
        for imported in all_imported
        if (room := room_of(module)) and (other := room_of(imported)) and ROOMS.index(other) < ROOMS.index(room)
    }
    assert upward == set()


def test_core_imports_only_stats_and_modules_outside_rooms() -> None:
    imported = {room_of(imported) for module in MODULES if room_of(module) == "core" for imported in IMPORTS[module]}
    assert imported <= {"core", "stats", None}


def test_modules_outside_rooms_import_no_room() -> None:
    entrances = {"digitsum_cli", "digitsum_cli.__main__"}  # what is public, and the command line
    outside = [module for module in MODULES if room_of(module) is None and module not in entrances]
    assert {room_of(imported) for module in outside for imported in IMPORTS[module]} <= {None}


def test_no_circular_imports() -> None:
    TopologicalSorter(IMPORTS).prepare()
