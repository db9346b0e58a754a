"""What cannot fit is refused at once, with how much it would take."""

import json
import re
from pathlib import Path

import pytest

from digitsum_cli.core import build_classifier
from digitsum_cli.core.registry import CELLS
from digitsum_cli.core.weights import copy_weights
from digitsum_cli.execution import trial_executor
from digitsum_cli.execution.state_keeper import StateKeeper
from digitsum_cli.settings import Settings
from digitsum_cli.settings.estimates import format_bytes, format_duration
from digitsum_cli.trials import ram as memory
from digitsum_cli.trials.plan import plan_trials
from tests.command_line import digitsum
from tests.running import processor_seconds_below
from tests.settings_text import from_set
from tests.small_study import run_trials

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("generate --lengths 1000000000", "the length 1000000000 is over 10,000: one row for each pair of first"),
        ("sweep --lengths 1000000000", "takes 100 GB"),
        ("train --length 1" + "0" * 300, "is over 10,000: one row for each pair of first digits takes"),
        ("sweep --set sweep.train.seed=0..9999 --set sweep.data.seed=0..9999", "700,000,000 trials"),
        ("sweep --set sweep.train.seed=0..9999 --set sweep.data.seed=0..9999", "22.2 years"),
        ("sweep --set sweep.train.seed=0..99999999", "has over 100,000 numbers"),
        ("generate --lengths 10000 --k-train 10000", r"10,002,000,000 digits \(10 GB\); the limit is 100,000,000"),
        (
            "train --length 10000 --set model.hidden_size=4096 --set train.batch_size=300",
            "with hidden size 4096, batch size 300 and 500 epochs needs at least .* GB of memory, but this machine has",
        ),
        (
            "sweep --lengths 10000 --impl fused --set model.cell=lstm --set model.hidden_size=4096",
            "needs at least .* [TG]B of memory",
        ),
        (
            "train --impl fused --epochs 1000000 --set train.batch_size=1 --set data.k.train=1000",
            "batch size 1 and 1000000 epochs needs at least 4 TB of memory",
        ),
    ],
)
@pytest.mark.slow
def test_what_cannot_fit_is_refused_at_once(command: str, message: str) -> None:
    with processor_seconds_below(2):
        ended = digitsum(*command.split())
    assert ended.code == 2
    assert re.search(message, ended.err), ended.err
    assert list(Path().iterdir()) == []


@pytest.mark.slow
def test_what_fits_this_machine_is_not_refused_for_a_larger_one(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("train", "--length", "50", "--epochs", "1", "--impl", "fused", "--set", "model.hidden_size=128")
    assert digitsum(*arguments).code == 0
    monkeypatch.setattr(memory, "_total_memory", lambda: 1e6)
    ended = digitsum(*arguments)
    assert ended.code == 2
    assert "this machine has 1 MB" in ended.err


@pytest.mark.slow
def test_trainings_that_do_not_fit_side_by_side_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("sweep", "--lengths", "50", "--seeds", "0..2", "--epochs", "1", "--impl", "fused", "--out", "run")
    monkeypatch.setattr(memory, "_total_memory", lambda: 5e6)
    ended = digitsum(*arguments, "-j", "3")
    assert ended.code == 2
    assert (
        "-j 3: this machine does not have enough memory for 3 of these trainings in parallel; allowed: up to 2"
        in ended.err
    )
    assert digitsum(*arguments, "-j", "2").code == 0
    monkeypatch.setattr(trial_executor, "usable_cores", lambda: 64)
    assert digitsum(*arguments, "--force").code == 0
    provenance = json.loads(Path("run/provenance.json").read_text())
    assert provenance["threads"]["processes"] == 2, "as many as fit, where no number was asked for"


def test_limit_of_a_container_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "max").write_text("max\n")
    (tmp_path / "limit").write_text("1000000\n")
    monkeypatch.setattr(memory, "_LIMITS", (tmp_path / "max", tmp_path / "limit", tmp_path / "none"))
    assert memory._total_memory() == 1_000_000


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("impl", ["manual", "torch"])
def test_parameters_are_counted(cell: str, impl: str) -> None:
    settings = Settings().with_values({"model.cell": cell, "model.impl": impl, "data.lengths": (5,)})
    trial = plan_trials(settings.with_values({"model.embedding_size": 6, "model.hidden_size": 7})).trials[0]
    weights = copy_weights(build_classifier(cell, impl, 6, 7))
    assert memory.count_parameters(trial) == sum(array.size for array in weights.values())


@pytest.mark.parametrize(("cell", "epochs"), [("srn", 40), ("lstm", 8), ("gru", 8)])
@pytest.mark.parametrize("impl", ["manual", "torch", "fused"])
@pytest.mark.slow
def test_state_of_a_training_is_no_larger_than_it_may_be(cell: str, epochs: int, impl: str, tmp_path: Path) -> None:
    """One that may not be read again would be kept for nothing."""
    few = ("data.lengths=5", f"train.epochs={epochs}", "train.record_gradients=true", "train.eval_every=1")
    plan = plan_trials(from_set(*few, f"model.cell={cell}", f"model.impl={impl}"))
    keeper = StateKeeper(tmp_path / "state", plan.trials[0], len(plan.splits(plan.trials[0]).train))
    run_trials(plan, keeper=keeper)
    keeper.flush()
    slack = 2**20
    assert (tmp_path / "state").stat().st_size < memory.state_bytes(plan.trials[0], 300) - slack
    assert keeper.saved() is not None


@pytest.mark.parametrize(
    ("size", "words"), [(5, "5 bytes"), (1500, "1.5 kB"), (2e9, "2 GB"), (10**400, "1,000,000,000,000,000,000 TB")]
)
def test_format_bytes(size: float, words: str) -> None:
    assert format_bytes(size) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(90, "90 seconds"), (150, "2.5 minutes"), (1e4, "2.78 hours"), (1e8, "3.17 years")]
)
def test_format_duration(seconds: float, words: str) -> None:
    assert format_duration(seconds) == words
