"""What cannot fit is refused at once, with how much it would take."""

import re
import time
from pathlib import Path

import pytest

from digitsum_cli.settings.estimates import memory_in_words, time_in_words
from digitsum_cli.study import memory
from tests.command_line import digitsum

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("generate", "--lengths", "1000000000"), "the length 1000000000 is too long: one row for each pair of first"),
        (("sweep", "--lengths", "1000000000"), "takes 100 GB"),
        (("train", "--length", "1" + "0" * 300), "is too long: one row for each pair of first digits takes"),
        (("sweep", "--set", "sweep.train.seed=0..9999", "--set", "sweep.data.seed=0..9999"), "700,000,000 trials"),
        (("sweep", "--set", "sweep.train.seed=0..9999", "--set", "sweep.data.seed=0..9999"), "22.2 years"),
        (("sweep", "--set", "sweep.train.seed=0..99999999"), "has over 100,000 numbers"),
        (
            ("generate", "--lengths", "10000", "--k-train", "10000"),
            "10,002,000,000 digits \\(10 GB\\), over the 100,000,000",
        ),
        (
            ("train", "--length", "10000", "--set", "model.hidden_size=4096", "--set", "train.batch_size=300"),
            "with hidden size 4096 and batch size 300 needs .* GB of memory or more, and this machine has",
        ),
        (
            (
                *("sweep", "--lengths", "10000", "--impl", "fused", "--set", "model.cell=lstm"),
                "--set",
                "model.hidden_size=4096",
            ),
            "TB of memory or more|GB of memory or more",
        ),
    ],
)
def test_what_cannot_fit_is_refused_at_once(arguments: tuple[str, ...], message: str) -> None:
    start = time.monotonic()
    ended = digitsum(*arguments)
    assert time.monotonic() - start < 2.0
    assert ended.code == 2
    assert re.search(message, ended.err), ended.err
    assert list(Path().iterdir()) == []


def test_what_fits_this_machine_is_not_refused_for_a_larger_one(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("train", "--length", "50", "--epochs", "1", "--impl", "fused", "--set", "model.hidden_size=128")
    assert digitsum(*arguments).code == 0
    monkeypatch.setattr(memory, "_memory_of_this_machine", lambda: 1e6)
    ended = digitsum(*arguments)
    assert ended.code == 2
    assert "this machine has 1 MB" in ended.err


@pytest.mark.parametrize(
    ("size", "words"), [(5, "5 bytes"), (1500, "1.5 kB"), (2e9, "2 GB"), (10**400, "1,000,000,000,000,000,000 TB")]
)
def test_memory_in_words(size: float, words: str) -> None:
    assert memory_in_words(size) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(90, "90 seconds"), (150, "2.5 minutes"), (1e4, "2.78 hours"), (1e8, "3.17 years")]
)
def test_time_in_words(seconds: float, words: str) -> None:
    assert time_in_words(seconds) == words
