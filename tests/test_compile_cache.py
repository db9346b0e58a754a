"""The cache of compiled code: damaged, full or missing, it costs time and nothing else."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest
from numba.core.caching import CompileResultCacheImpl

from digitsum_cli.core.registry import CELLS, FUSED
from digitsum_cli.errors import DigitsumWarning
from digitsum_cli.fused.compile_cache import _Cache, compiled_and_cached
from digitsum_cli.fused.prefix_tree import _build
from digitsum_cli.fused.steps import entry_points
from tests.test_disk import small_disk


def plus(first: float, second: float) -> float:
    return first + second


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where compiled code is saved."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def called(*arguments: float) -> Any:
    """The function after it was called in what might be a new process."""
    function = compiled_and_cached(nogil=True)(plus)
    assert function(*arguments) == sum(arguments)
    return function


def hits(function: Any) -> int:
    return sum(function.stats.cache_hits.values())


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_compiled_code_is_saved_and_loaded(folder: Path) -> None:
    assert hits(called(1, 2)) == 0
    assert [path.suffix for path in files(folder)] == [".nbc", ".nbi"]
    assert hits(called(1, 2)) == 1


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda content: content[: len(content) // 2],
    "one bit": lambda content: content[:-40] + bytes([content[-40] ^ 1]) + content[-39:],
    "another pickle": lambda _: pickle.dumps({"x": 1}),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("which", [".nbi", ".nbc"])
def test_damaged_file_is_compiled_again_and_replaced(which: str, damage: str, folder: Path) -> None:
    called(1, 2)
    (path,) = (path for path in files(folder) if path.suffix == which)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    assert hits(called(1, 2)) == 0
    assert hits(called(1, 2)) == 1


def test_code_of_another_signature_under_the_same_name_is_not_run(folder: Path) -> None:
    """As two processes leave it that save at the same time."""
    called(1, 2)
    called(1.5, 2.5)
    whole, half = (path for path in files(folder) if path.suffix == ".nbc")
    whole.write_bytes(half.read_bytes())
    assert hits(called(1, 2)) == 0


def test_without_a_place_the_function_is_compiled_and_the_next_step_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CompileResultCacheImpl, "_locator_classes", [])
    with pytest.warns(DigitsumWarning, match="Set NUMBA_CACHE_DIR to a folder that can be written"):
        called(1, 2)


def test_code_in_a_folder_whose_name_is_not_utf8_is_compiled(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9") / "plus.py"
    path.parent.mkdir()
    path.write_text("")
    monkeypatch.setattr(plus, "__code__", plus.__code__.replace(co_filename=str(path)))
    with pytest.warns(DigitsumWarning, match="There is no place to save compiled code"):
        called(1, 2)


def test_full_disk_loses_the_saved_code_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with small_disk(tmp_path / "disk", "8k") as disk:
        monkeypatch.setattr(numba.config, "CACHE_DIR", str(disk))
        assert hits(called(1, 2)) == 0
        assert hits(called(1, 2)) == 0
        assert not [path for path in files(disk) if path.suffix == ".nbc"]


def test_every_function_that_is_called_from_python_is_saved_in_this_cache() -> None:
    functions = [_build, *entry_points(CELLS["srn"].implementations[FUSED]["tanh"])]
    assert [type(function._cache) for function in functions] == [_Cache] * len(functions)
