"""The provenance of results: versions, platform, threads, command line, commit, start and end times."""

import datetime
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import digitsum_cli

_PACKAGES = ("torch", "numpy", "numba", "scipy", "safetensors", "pydantic", "pyyaml", "matplotlib", "jinja2")


def describe_session(command: list[str], processes: int) -> dict[str, Any]:
    """The provenance known when a study starts.

    Arguments:
        command: the command line.
        processes: number of parallel trials, one thread each.
    """
    versions = {"digitsum": digitsum_cli.__version__, "python": platform.python_version()}
    versions |= {package: metadata.version(package) for package in _PACKAGES}
    return {
        "versions": versions,
        "platform": platform.platform(),
        "processor": platform.machine(),
        "threads": {"processes": processes, "threads_per_process": 1},
        "command": command,
        "directory": str(Path.cwd()),
        "process": {"id": os.getpid(), "host": platform.node()},
        "python_executable": sys.executable,
        "git_commit": _git_commit(),
        "started": now(),
        "ended": None,
    }


def now() -> str:
    """The current time in UTC, in ISO 8601 format, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _git_commit() -> str | None:
    """The commit of this package's source, if it runs from a Git checkout that tracks it."""
    folder = Path(__file__).parent
    try:
        tracked = _git(folder, "ls-files", "--error-unmatch", Path(__file__).name)
        return _git(folder, "rev-parse", "HEAD") if tracked else None
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=True, timeout=10)
    return done.stdout.decode().strip()
