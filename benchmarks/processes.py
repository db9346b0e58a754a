"""Modules of this repository as processes."""

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent


def run_module(module: str, *arguments: str, **environment: str) -> str:
    """Runs a module of this repository and returns what it prints to stdout.

    Raises:
        CalledProcessError: it failed; its error message is on stderr.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=REPOSITORY,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout
