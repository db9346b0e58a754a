"""Settings from text, and what is said where they are refused."""

from pathlib import Path

import pytest

from digitsum_cli.errors import InputError
from digitsum_cli.settings import Settings, parse_assignment, resolve_settings

SEED = "a whole number from 0 to 4294967295"
ROWS = "a whole number from 1 to 10000"
PASSES = "passes over the training set, a whole number from 1 to 1000000"
RATE = "a number above 0 and up to 1e+37, such as 0.001 or 1e-3"
"""What is allowed, in the words of the message."""


def from_set(*assignments: str) -> Settings:
    return resolve_settings(overrides=[parse_assignment(assignment) for assignment in assignments])


def from_file(folder: Path, text: str, *assignments: str) -> Settings:
    path = folder / "a.yaml"
    path.write_text(text, encoding="utf-8")
    return resolve_settings(path, [parse_assignment(assignment) for assignment in assignments])


def set_refusal(*assignments: str) -> str:
    with pytest.raises(InputError) as caught:
        from_set(*assignments)
    return str(caught.value)


def file_refusal(folder: Path, text: str, *assignments: str) -> str:
    with pytest.raises(InputError) as caught:
        from_file(folder, text, *assignments)
    return str(caught.value)
