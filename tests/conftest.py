import os
from collections.abc import Generator
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from digitsum_cli.core import user_classes
from digitsum_cli.core.registry import CELLS
from digitsum_cli.core.tasks import TASKS
from digitsum_cli.core.user_code import is_resolved

settings.register_profile("digitsum", deadline=None, derandomize=True)
settings.load_profile("digitsum")


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """To the bit means on one thread; in tests that spawn processes as well."""
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def no_classes_of_the_user() -> Generator[None]:
    """What a test registers is forgotten after it."""
    yield
    user_classes._REGISTERED.clear()
    for registry in (CELLS, TASKS):
        for name in filter(is_resolved, list(registry)):
            del registry[name]


@pytest.fixture
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None]:
    """After all else: what was not tested for want of a browser, and how to test it."""
    yield
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if "browser" in report.keywords]
    if skipped:
        terminalreporter.section("not tested: the report in a browser", yellow=True)
        terminalreporter.line(f"{len(skipped)} tests need Chromium, which was not found. Install it, or name it in the")
        terminalreporter.line("environment variable CHROMIUM, and run: make test-browser")
