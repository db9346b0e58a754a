"""Damaged files: every reader refuses them with one message, at once, and takes nothing damaged for whole."""

import random
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from digitsum_cli.core import Runner, build_classifier, generate_datasets
from digitsum_cli.core.checkpoint import Checkpoint, read_checkpoint
from digitsum_cli.core.data_files import format_rows, read_rows
from digitsum_cli.core.generation import generate_splits
from digitsum_cli.core.training_state import TrainingState, read_training_state, write_training_state
from digitsum_cli.errors import DigitsumError
from digitsum_cli.rundir.store import Store
from digitsum_cli.settings import Settings, resolve_settings
from digitsum_cli.settings.resolve import settings_yaml
from tests.command_line import digitsum
from tests.running import processor_seconds_below
from tests.settings_text import from_set

SECONDS = 1.0
"""Of processor time, for one file."""

MEGABYTES = 300
"""By which no test here makes this process grow."""

FRAGMENTS = [
    *(b"\0", b"\n", b"\t", b" ", b"\r\n", b"\xff", b"\xef\xbb\xbf", b"0", b"9" * 400, b"-1", b"1e999", b".nan", b"{}"),
    *(b"[", b"{", b"]", b"&a ", b"*a", b"!!python/object:os.system ", b"<<: ", b"? ", b"- ", b": ", b"#"),
    *(b"%", b'"', b"'"),
    *(b"sweep:", b"data: {lengths: 0..99999}", b"train.seed: 0..99999", b"..", b"../", b"null", b"true", b"|", b">"),
]


def cases(few: int, many: int) -> pytest.MarkDecorator:
    """How many cases: in every run of the tests, and under ``make stress``."""
    return pytest.mark.parametrize("cases", [few, pytest.param(many, marks=pytest.mark.stress)])


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The content with one to three changes: bits, bytes, and stretches that are cut out, doubled or put in."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(changed) + 1)
        end = min(len(changed), place + chance.choice([1, 2, 8, 64, 1000]))
        match chance.randrange(6):
            case 0 if place < len(changed):
                changed[place] ^= 1 << chance.randrange(8)
            case 1 if place < len(changed):
                changed[place] = chance.randrange(256)
            case 2:
                del changed[place:end]
            case 3:
                changed[place:place] = changed[place:end]
            case 4:
                changed[place:place] = chance.choice(FRAGMENTS)
            case _:
                del changed[place:]
    return bytes(changed)


def memory(kind: str) -> int:
    """Kilobytes of this process: ``VmRSS`` now, or ``VmHWM`` at most since that was reset."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(kind))
    return int(line.split()[1])


@pytest.fixture(autouse=True)
def bounded_memory() -> Iterator[None]:
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    before = memory("VmRSS")
    yield
    assert memory("VmHWM") - before < 1000 * MEGABYTES


def read_or_refused(read: Callable[[], Any]) -> Any:
    """What a reader gives, or None where it refuses; any other error, and any that takes long, fails the test."""
    with processor_seconds_below(SECONDS):
        try:
            return read()
        except DigitsumError as error:
            message = str(error)
            assert message
            assert len(message) < 2000
            assert "Traceback" not in message
            return None


def fuzz(
    content: bytes, path: Path, read: Callable[[], Any], accepted: Callable[[bytes, Any], bool], number: int
) -> None:
    """Reads damaged copies; what is accepted must not be damaged."""
    refused = 0
    for case in range(number):
        changed = damaged(content, random.Random(case))
        path.write_bytes(changed)
        result = read_or_refused(read)
        refused += result is None
        assert result is None or accepted(changed, result), f"case {case} was accepted: {changed[:200]!r}"
    assert refused > number / 4, "most damage is noticed"


@cases(400, 25_000)
def test_data_files(cases: int, tmp_path: Path) -> None:
    content = format_rows(generate_splits([6])[6].train)
    path = tmp_path / "train.txt"

    def accepted(changed: bytes, rows: Any) -> bool:
        """What was read is what stands there, character for character."""
        plain = changed.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
        return format_rows(rows) == (plain if plain.endswith(b"\n") else plain + b"\n")

    fuzz(content, path, lambda: read_rows(path, 6), accepted, cases)


def reads_back(read: Settings, path: Path) -> bool:
    """Whether settings that were accepted are written and read back the same."""
    path.write_text(settings_yaml(read))
    return resolve_settings(path) == read


@cases(400, 25_000)
@pytest.mark.slow
def test_settings_files(cases: int, tmp_path: Path) -> None:
    settings = from_set("sweep.train.lr=1e-3,3e-3", "model.cell=gru")
    path = tmp_path / "a.yaml"
    content = settings_yaml(settings).encode()
    for case in range(cases):
        path.write_bytes(damaged(content, random.Random(case)))
        read = read_or_refused(lambda: resolve_settings(path))
        assert read is None or reads_back(read, tmp_path / "again.yaml")


@cases(400, 20_000)
def test_assignments(cases: int, tmp_path: Path) -> None:
    whole = [
        "train.lr=0.01",
        "sweep.train.seed=0..9",
        "data.lengths=5,10",
        "model={cell: gru, impl: torch}",
        "data.k.train=3",
    ]
    for case in range(cases):
        chance = random.Random(case)
        text = damaged(chance.choice(whole).encode(), chance).decode("utf-8", "replace")
        read = read_or_refused(partial(from_set, text))
        assert read is None or reads_back(read, tmp_path / "again.yaml")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fuzz") / "run"
    recorded = ("--set", "train.record_gradients=true")
    ended = digitsum(
        "sweep", "--lengths", "4,5", "--seeds", "0", "--epochs", "3", "--impl", "fused", *recorded, "--out", path
    )
    assert ended.code == 0
    return path


@cases(300, 10_000)
@pytest.mark.slow
def test_checkpoints(cases: int, run: Path, tmp_path: Path) -> None:
    content = min((run / "checkpoints").iterdir()).read_bytes()
    path = tmp_path / "a.safetensors"

    def accepted(changed: bytes, read: Checkpoint) -> bool:
        return changed == content and bool(read.weights)

    fuzz(content, path, lambda: read_checkpoint(path), accepted, cases)


@cases(200, 10_000)
def test_training_states(cases: int, tmp_path: Path) -> None:
    path = tmp_path / "training-state.safetensors"
    data = generate_datasets([5])[5]
    states: list[TrainingState] = []
    Runner(build_classifier("srn", "manual", 3, 4)).train(data.train, data.eval, epochs=6, on_state=states.append)
    write_training_state(path, states[-1], {})
    content = path.read_bytes()

    def accepted(changed: bytes, _: Any) -> bool:
        return changed == content

    fuzz(content, path, lambda: read_training_state(path), accepted, cases)


def everything_in(path: Path) -> list[Any]:
    """All that a run's store says."""
    with Store(path) as store:
        trials = store.trials()
        return [trials, store.audits(), store.ended(), list(store.records(trials.values()))]


@cases(300, 10_000)
@pytest.mark.slow
def test_stores(cases: int, run: Path, tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    whole = everything_in(run / "results.sqlite")

    def accepted(_: bytes, read: Any) -> bool:
        return bool(read == whole)

    def read() -> Any:
        path.with_name("results.sqlite-journal").unlink(missing_ok=True)
        return everything_in(path)

    fuzz((run / "results.sqlite").read_bytes(), path, read, accepted, cases)


def test_the_store_that_is_fuzzed_is_whole(run: Path) -> None:
    assert len(everything_in(run / "results.sqlite")[3]) == 2
    with sqlite3.connect(run / "results.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM gradient_norms").fetchone()[0] == 12
