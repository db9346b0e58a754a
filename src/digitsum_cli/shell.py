"""Paths in commands that a message suggests."""

import shlex
from pathlib import Path


def shell_path(path: Path) -> str:
    """A path as it is typed in a shell, so that it is one argument and no option.

    >>> print(shell_path(Path("my run")), shell_path(Path("-d2")))
    'my run' ./-d2
    """
    text = str(path)
    return shlex.quote(f"./{text}" if text.startswith("-") else text)
