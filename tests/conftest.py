import os
from pathlib import Path

import pytest
import torch
from hypothesis import settings

settings.register_profile("digitsum", deadline=None, derandomize=True)
settings.load_profile("digitsum")


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """To the bit means on one thread; in tests that spawn processes as well."""
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)


@pytest.fixture
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
