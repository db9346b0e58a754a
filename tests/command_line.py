"""Commands run as a user runs them."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from digitsum_cli.cli.main import app
from tests.running import HANG

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


def digitsum_process(*arguments: object, cwd: Path | None = None, **environment: str) -> Ended:
    """Runs a command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "digitsum_cli", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)
