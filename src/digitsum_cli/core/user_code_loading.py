"""Executes code of the user's: a file from exactly the bytes that were read, an installed module by importing it."""

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec
from pathlib import PurePosixPath
from types import ModuleType
from typing import Any

from digitsum_cli.core.user_code import UserCode, find_user_code
from digitsum_cli.errors import InputError


def load_user_class(code: UserCode) -> Any:
    """Executes the module of the class and returns the class: a file from the bytes that were read.

    Raises:
        InputError: the module raises an error, or has no such class; or an installed package is missing or has changed.
    """
    if code.is_installed:
        _import_installed(code)
    elif code.module_name not in sys.modules:
        _execute(code)
    module = sys.modules[code.module_name]
    try:
        return getattr(module, code.class_name)
    except AttributeError:
        classes = [name for name, value in vars(module).items() if isinstance(value, type)]
        raise InputError(
            f"{code.file} has no class {code.class_name}",
            where=code.reference,
            allowed=", ".join(name for name in classes if vars(module)[name].__module__ == code.module_name) or None,
        ) from None


def _import_installed(code: UserCode) -> None:
    installed = find_user_code(code.reference)
    if installed.digest != code.digest:
        raise InputError(
            f"the installed {code.module_name} is not the one that was used: SHA-256 {installed.digest} instead of "
            f"{code.digest}",
            where=code.reference,
            next_step=f"Install {code.distribution or 'that version'}",
        )
    try:
        importlib.import_module(code.module_name)
    except Exception as error:
        raise _import_error(code, error) from error


def _import_error(code: UserCode, error: Exception) -> InputError:
    return InputError(f"{code.file} cannot be imported: {type(error).__name__}: {error}", where=code.reference)


def _execute(code: UserCode) -> None:
    finder = _SourceFinder(code)
    spec = finder.find_spec(code.module_name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = set(sys.modules)
    sys.modules[code.module_name] = module
    sys.meta_path.insert(0, finder)
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[code.module_name]
        if not isinstance(error, Exception):
            raise
        raise _import_error(code, error) from error
    finally:
        sys.meta_path.remove(finder)
        for name in set(sys.modules) - before - {code.module_name}:
            if isinstance(getattr(sys.modules[name], "__loader__", None), _UserSourceLoader):
                del sys.modules[name]  # another class may have a local module of the same name


class _UserSourceLoader(SourceLoader):
    """Loads a module from bytes; tracebacks show the file's path and lines."""

    def __init__(self, path: str, content: bytes) -> None:
        self._path, self._content = path, content

    def get_filename(self, fullname: str) -> str:
        return self._path

    def get_data(self, path: str | bytes) -> bytes:
        if path != self._path:
            raise OSError(f"{path!r} is not part of the source")  # there is no cached byte code
        return self._content


class _SourceFinder(MetaPathFinder):
    """Finds the module of a class under its name, and the local modules that it imports."""

    def __init__(self, code: UserCode) -> None:
        self._code = code

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        code = self._code
        if fullname == code.module_name:
            candidates = [code.file]
        else:
            candidates = [f"{fullname.replace('.', '/')}{ending}" for ending in (".py", "/__init__.py")]
        for name in candidates:
            if name in code.files:
                loader = _UserSourceLoader(str(code.folder / name), code.files[name])
                is_package = PurePosixPath(name).name == "__init__.py"
                return importlib.util.spec_from_loader(fullname, loader, is_package=is_package)
        return None
