"""Commands run as a user runs them."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from digitsum_cli.cli.main import app

REPOSITORY = Path(__file__).parent.parent


@dataclass(frozen=True)
class Ended:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


def digitsum(*arguments: object) -> Ended:
    """Runs a command in this process, which has torch loaded already."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="digitsum")
    return Ended(result.exit_code, result.stdout, result.stderr)


def _hear_interrupts() -> None:
    """In the process to be: a shell starts what runs in the background with Ctrl-C ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def started(*arguments: object, cwd: Path | None = None) -> subprocess.Popen[str]:
    """A command that runs in a process group of its own; what it says on stderr can be read."""
    return subprocess.Popen(
        [sys.executable, "-m", "digitsum_cli", *map(str, arguments)],
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_hear_interrupts,
    )


def group_is_gone(group: int, seconds: float) -> bool:
    """Whether no process of a group runs after at most so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(_runs_in(path, group) for path in Path("/proc").glob("[0-9]*/stat")):
            return True
        time.sleep(0.05)
    return False


def _runs_in(stat: Path, group: int) -> bool:
    """Whether a process is one of a group, and not one that has ended and is only waited for."""
    try:
        state, _, its_group, *_ = stat.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return int(its_group) == group and state not in "ZX"


def workers_of(process: int) -> list[int]:
    """The spawned processes of a command: its children but the one that keeps count of resources."""
    threads = Path(f"/proc/{process}/task").glob("*/children")
    children = [child for thread in threads for child in thread.read_text().split()]
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def digitsum_process(*arguments: object, cwd: Path | None = None, **environment: str) -> Ended:
    """Runs a command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "digitsum_cli", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)
