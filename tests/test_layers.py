"""The layers of the design: imports point down, and core stands alone."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "src" / "digitsum_cli"
MAY_IMPORT = {
    "cli": {"cli", "study", "settings", "core", "table", "errors"},
    "study": {
        "study",
        "report",
        "figures",
        "diagnostics",
        "fused",
        "statistics",
        "settings",
        "core",
        "table",
        "errors",
    },
    "report": {"report", "figures", "table", "errors"},
    "diagnostics": {"diagnostics", "core", "errors"},
    "statistics": {"statistics", "errors"},
    "fused": {"fused", "core", "errors"},
    "figures": {"figures", "core", "errors"},
    "settings": {"settings", "core", "errors"},
    "core": {"core", "errors"},
    "table": set(),
    "errors": set(),
}


def imported_layers(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("digitsum_cli.")}


@pytest.mark.parametrize("layer", MAY_IMPORT)
def test_imports_point_down(layer: str) -> None:
    files = [PACKAGE / f"{layer}.py"] if (PACKAGE / f"{layer}.py").exists() else list((PACKAGE / layer).rglob("*.py"))
    assert files
    for path in files:
        assert imported_layers(path) <= MAY_IMPORT[layer], path


@pytest.mark.parametrize("name", ["print", "open"])
def test_only_the_console_prints_and_only_whole_files_are_written(name: str) -> None:
    for path in PACKAGE.rglob("*.py"):
        calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
        assert not [c for c in calls if isinstance(c.func, ast.Name) and c.func.id == name], path
