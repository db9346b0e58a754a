"""Files that are either whole or not there."""

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from digitsum_cli.core.atomic_write import atomic_write
from digitsum_cli.errors import DigitsumError


@contextlib.contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Writing beyond ``size`` bytes of any file fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_write_makes_folders_and_leaves_the_content_alone_there(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file"
    atomic_write(path, b"content")
    assert path.read_bytes() == b"content"
    assert list(path.parent.iterdir()) == [path]


def test_a_write_replaces_the_old_file(tmp_path: Path) -> None:
    atomic_write(tmp_path / "file", b"old and longer")
    atomic_write(tmp_path / "file", b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"new")]


def test_a_written_file_has_the_permissions_of_any_other(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"")
    atomic_write(tmp_path / "file", b"")
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_write_that_fails_halfway_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(DigitsumError) as caught, files_of_at_most(4096):
        atomic_write(path, bytes(100_000))
    assert str(path) in str(caught.value)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"old")]


@pytest.mark.parametrize("cause", [KeyboardInterrupt(), RuntimeError()], ids=["interrupt", "bug"])
def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(
    cause: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise cause

    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(type(cause)):
        atomic_write(path, b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"old")]


def test_what_is_not_bytes_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(TypeError):
        atomic_write(path, cast(bytes, "text"))
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"old")]


def test_a_folder_in_the_way_is_an_error_with_its_name_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(DigitsumError) as caught:
        atomic_write(tmp_path / "folder", b"content")
    assert str(tmp_path / "folder") in str(caught.value)
    assert [path.name for path in tmp_path.rglob("*")] == ["folder"]


def test_a_path_below_a_file_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(DigitsumError) as caught:
        atomic_write(tmp_path / "file" / "below", b"content")
    assert str(tmp_path / "file" / "below") in str(caught.value)
    assert (tmp_path / "file").read_bytes() == b"old"
