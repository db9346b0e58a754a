"""The cache of compiled functions on disk, which is never the reason for a training to fail or for other numbers.

Numba's own cache raises an error if there is no place to write, if the disk is full, or if a file is damaged; and
it does not notice a changed byte in machine code. Here, whatever cannot be read or written is compiled anew.

The files are pickles of machine code: whoever may write to the cache folder may run code as the user of the cache.
"""

import hashlib
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile

from digitsum_cli.errors import DigitsumWarning

_DIGEST_BYTES = hashlib.sha256().digest_size


def compiled_and_cached(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """A decorator that compiles a function and keeps the result on disk, if there is a place for it.

    Arguments:
        options: options of ``numba.njit``.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher = njit(**options)(function)
        try:
            dispatcher._cache = _Cache(function)
        except (RuntimeError, UnicodeEncodeError):  # Numba found no folder that it can write to, or not its name
            warnings.warn(
                "There is no place to save compiled code, so every command compiles it again. "
                "Set NUMBA_CACHE_DIR to a folder that can be written",
                DigitsumWarning,
                stacklevel=2,
            )
        return dispatcher

    return decorate


class _Cache(FunctionCache):  # type: ignore[misc]
    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        locator = self._impl.locator
        # A name of its own, since Numba itself and earlier versions cannot read these files.
        name = f"{self._impl.filename_base}-checked"
        self._cache_file = _CacheFile(locator.get_cache_path(), name, locator.get_source_stamp())

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """The compiled function; None if it cannot be read."""
        try:
            return super().load_overload(signature, target_context)
        except Exception:  # whatever a damaged pickle raises
            return None

    def save_overload(self, signature: Any, data: Any) -> None:
        """Saves a compiled function if possible."""
        try:
            super().save_overload(signature, data)
        except (OSError, ValueError):
            self.disable()  # a full disk, say: the function stays in memory


class _CacheFile(IndexDataCacheFile):  # type: ignore[misc]
    """An index and its files, each with a checksum.

    Each file also names its key: two processes that save at the same time may give two functions the same file name.
    """

    def load(self, key: Any) -> Any:
        """The data saved under a key; None if there are none."""
        saved_key, data = super().load(key) or (None, None)
        return data if saved_key == key else None

    def save(self, key: Any, data: Any) -> None:
        """Saves data under a key."""
        super().save(key, (key, data))

    def _load_index(self) -> dict[Any, str]:
        try:
            stamp, names = _checked(Path(self._index_path))
        except Exception:  # missing or damaged: it is written again
            return {}
        return names if stamp == (self._version, self._source_stamp) else {}

    def _save_index(self, names: dict[Any, str]) -> None:
        with self._open_for_write(self._index_path) as file:
            file.write(_with_digest(self._dump(((self._version, self._source_stamp), names))))

    def _load_data(self, name: str) -> Any:
        return _checked(Path(self._data_path(name)))

    def _save_data(self, name: str, data: Any) -> None:
        with self._open_for_write(self._data_path(name)) as file:
            file.write(_with_digest(self._dump(data)))


def _with_digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest() + content


def _checked(path: Path) -> Any:
    content = path.read_bytes()
    if _with_digest(content[_DIGEST_BYTES:]) != content:
        raise ValueError(f"{path} does not match its checksum")
    return pickle.loads(content[_DIGEST_BYTES:])
