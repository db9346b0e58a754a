"""A single training that was stopped goes on from its last evaluation, to the same weights."""

import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import torch

from digitsum_cli.core import DigitSumSplits, Runner, build_classifier, generate_splits
from digitsum_cli.core.checkpoint import Weights
from digitsum_cli.core.record import Ending, Progress, TrainingRecord
from digitsum_cli.core.registry import CELLS, FUSED
from digitsum_cli.core.training_state import (
    IncompatibleStateError,
    TrainingState,
    read_training_state,
    write_training_state,
)
from digitsum_cli.core.weights import copy_weights
from digitsum_cli.execution import training
from digitsum_cli.execution.state_keeper import StateKeeper
from digitsum_cli.fused.prefix_tree import build_prefix_forest
from digitsum_cli.fused.rule import Rule
from digitsum_cli.fused.trainer import EvaluationSet, FusedTrainer
from digitsum_cli.fused.update import SGD
from digitsum_cli.rundir.directory import RunDirectory
from digitsum_cli.study.run_options import RunOptions
from digitsum_cli.study.study import run_study
from digitsum_cli.trials.plan import Plan, plan_trials
from digitsum_cli.trials.trial import Trial
from tests.command_line import digitsum
from tests.running import Command
from tests.same_run import assert_same_run
from tests.settings_text import from_set
from tests.small_study import Recorder, run_trials, settings_of

SPLITS = generate_splits([5])[5]
DATA = DigitSumSplits.of(SPLITS)
TRAININGS = {
    "manual": ("--impl", "manual", "--epochs", "30"),
    "torch": ("--impl", "torch", "--epochs", "30"),
    "fused": ("--impl", "fused", "--epochs", "5000"),
    "with everything": (
        *("--impl", "manual", "--epochs", "15", "--set", "model.cell=lstm", "--set", "train.shuffle=true"),
        *("--set", "train.lr_schedule=cosine", "--set", "train.clip_norm=0.5", "--set", "train.record_gradients=true"),
    ),
    "fresh rows": (
        *("--impl", "torch", "--epochs", "15", "--set", "model.cell=gru", "--set", "data.rows=fresh"),
        *("--set", "train.optimizer=sgd", "--set", "train.weight_decay=1e-3", "--set", "train.loss=sum"),
    ),
    "growing": (
        *("--impl", "manual", "--epochs", "20", "--set", "data.rows=fresh", "--set", "train.curriculum=growing"),
        *("--set", "train.shuffle=true", "--set", "train.batch_size=16"),
    ),
    "fused growing": (
        *("--impl", "fused", "--epochs", "1500", "--set", "data.rows=fresh", "--set", "train.curriculum=growing"),
        *("--set", "model.cell=gru", "--set", "train.batch_size=16"),
    ),
    "fused with everything": (
        *("--impl", "fused", "--epochs", "1500", "--set", "model.cell=lstm", "--set", "train.shuffle=true"),
        *("--set", "train.lr_schedule=cosine", "--set", "train.clip_norm=0.5", "--set", "train.record_gradients=true"),
        *("--set", "data.rows=fresh", "--set", "train.weight_decay=1e-3", "--set", "train.patience=2000"),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAININGS)
def test_stopped_training_that_is_resumed_equals_the_uninterrupted_one(name: str, in_an_empty_folder: None) -> None:
    arguments = ("train", "--length", "6", *TRAININGS[name])
    assert digitsum(*arguments, "--out", "whole").code == 0
    for how, code in ((signal.SIGKILL, -9), (signal.SIGINT, 130)):
        state = Path(how.name) / "training-state.safetensors"
        with Command(*arguments, "--out", how.name) as command:
            command.wait_until(state.exists, "its first evaluation")
            stopped = command.stop(how)
        assert stopped.code == code
        assert (f"--out {how.name} --resume" in stopped.err) == (how == signal.SIGINT)
        assert state.exists()
        resumed = digitsum(*arguments, "--out", how.name, "--resume")
        assert resumed.code == 0, resumed.err
        assert_same_run(Path(how.name), Path("whole"))


@cache
def whole_training() -> tuple[list[TrainingState], TrainingRecord, Weights]:
    """The states of a training at its evaluations, its record, and the weights it ended with."""
    states: list[TrainingState] = []
    runner = Runner(build_classifier("gru", "manual", 6, 7, seed=1))
    record = runner.train(DATA.train, DATA.eval, epochs=12, record_gradients=True, on_state=states.append)
    return states, record, copy_weights(runner.model)


@pytest.mark.parametrize("place", [0, 2, -2])
@pytest.mark.slow
def test_runner_goes_on_from_any_evaluation_to_the_same_bits(place: int, tmp_path: Path) -> None:
    states, whole, weights = whole_training()
    write_training_state(tmp_path / "a", states[place], {"epochs": 12})
    state, settings = read_training_state(tmp_path / "a")
    assert settings == {"epochs": 12}
    runner = Runner(build_classifier("gru", "manual", 6, 7, seed=99))
    assert runner.train(DATA.train, DATA.eval, epochs=12, record_gradients=True, start=state) == whole
    assert all((copy_weights(runner.model)[name] == values).all() for name, values in weights.items())


@pytest.mark.parametrize("place", [0, -1])
def test_patience_goes_on_where_it_was(place: int) -> None:
    def train(**options: Any) -> TrainingRecord:
        model = build_classifier("srn", "manual", 6, 7, seed=1)
        runner = Runner(model, torch.optim.SGD(model.parameters(), lr=1e-9))
        return runner.train(DATA.train, DATA.eval, epochs=12, eval_every=10, patience=3, **options)

    states: list[TrainingState] = []
    whole = train(on_state=states.append)
    assert whole.ending is Ending.STOPPED_EARLY
    assert len(states) == len(whole.evaluations) - 1, "of the last evaluation nothing is left to go on from"
    assert train(start=states[place]) == whole


def test_runner_goes_on_with_momentum() -> None:
    def runner() -> Runner:
        model = build_classifier("srn", "torch", 6, 7, seed=1)
        return Runner(model, torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9))

    states: list[TrainingState] = []
    whole = runner().train(DATA.train, DATA.eval, epochs=6, on_state=states.append)
    assert runner().train(DATA.train, DATA.eval, epochs=6, start=states[0]) == whole


@pytest.mark.parametrize("cell", ["srn", "lstm", "gru"])
@pytest.mark.parametrize("rule", [Rule(), Rule(optimizer=SGD, lr=0.1), Rule(record_gradients=True, clip_norm=0.1)])
def test_compiled_trainer_goes_on_from_any_step_to_the_same_bits(cell: str, rule: Rule, tmp_path: Path) -> None:
    def trainer(seed: int) -> FusedTrainer:
        weights = copy_weights(build_classifier(cell, "manual", 6, 37, seed=seed))
        forest, eval_set = build_prefix_forest(SPLITS.train, 8), EvaluationSet(SPLITS.eval, 8)
        return FusedTrainer(CELLS[cell].implementations[FUSED]["tanh"], weights, forest, eval_set, epochs=8, rule=rule)

    whole = trainer(1)
    whole.advance(150)
    write_training_state(tmp_path / "a", whole.state(), {})
    whole.advance(10**9)
    resumed = trainer(99)
    resumed.restore(read_training_state(tmp_path / "a")[0])
    resumed.advance(10**9)
    assert resumed.record() == whole.record()
    for weights, expected in ((resumed.weights(), whole.weights()), (resumed.best_weights(), whole.best_weights())):
        assert all((weights[name] == values).all() for name, values in expected.items())


def shifted(state: TrainingState, **steps: int) -> TrainingState:
    """A state whose evaluations are said to have been made at other steps, or more or fewer of them."""
    first, *rest = state.evaluations
    made = (replace(first, **steps), *rest)
    return replace(state, evaluations=made)


FORGERIES: dict[str, Callable[[TrainingState], TrainingState]] = {
    "more evaluations than steps": lambda state: replace(state, evaluations=state.evaluations * 5),
    "no evaluations": lambda state: replace(state, evaluations=(), best_weights={}),
    "evaluations at other steps": lambda state: shifted(state, step=101),
    "more steps than there are": lambda state: replace(state, step_losses=np.zeros(38_000)),
    "fewer norms than steps": lambda state: replace(
        state, gradient_norms={name: norms[:3] for name, norms in state.gradient_norms.items()}
    ),
    "no norms": lambda state: replace(state, gradient_norms={}),
    "weights of other sizes": lambda state: replace(
        state, weights={name: np.ones((1, 1), np.float32) for name in state.weights}
    ),
    "weights in float64": lambda state: replace(
        state, weights={name: array.astype(np.float64) for name, array in state.weights.items()}
    ),
    "nothing kept": lambda state: replace(state, best_weights={}),
    "nothing of the optimizer": lambda state: replace(state, optimizer={}),
    "an optimizer of other sizes": lambda state: replace(
        state, optimizer={name: array.reshape(-1)[:1] for name, array in state.optimizer.items()}
    ),
}


@cache
def state_of_a_trial(impl: str) -> tuple[Plan, TrainingState]:
    """A plan of one trial, and a state of it after two evaluations."""
    epochs = {"manual": 12, "fused": 1000}[impl]
    chosen = ("data.lengths=5", f"train.epochs={epochs}", "train.record_gradients=true", f"model.impl={impl}")
    plan = plan_trials(from_set(*chosen))
    offered: list[TrainingState] = []

    class Offered(StateKeeper):
        def offer(self, state: TrainingState, _: object) -> None:
            offered.append(state)

    with TemporaryDirectory() as folder:
        run_trials(plan, keeper=Offered(Path(folder) / "a", plan.trials[0], 300))
    return plan, next(state for state in offered if len(state.evaluations) >= 2)


@pytest.mark.parametrize("impl", ["manual", "fused"])
@pytest.mark.parametrize("name", FORGERIES)
def test_state_that_does_not_fit_is_refused_and_kept(impl: str, name: str, in_an_empty_folder: None) -> None:
    plan, whole = state_of_a_trial(impl)
    write_training_state(Path("state"), FORGERIES[name](whole), {"trial": plan.trials[0].to_dict(), "seconds": 1.0})
    content = Path("state").read_bytes()
    with pytest.raises(IncompatibleStateError, match="cannot resume from the state of another training"):
        run_trials(plan, keeper=StateKeeper(Path("state"), plan.trials[0], 300))
    assert Path("state").read_bytes() == content


@pytest.mark.slow
def test_state_of_another_network_is_refused() -> None:
    states, _, _ = whole_training()
    with pytest.raises(IncompatibleStateError):
        Runner(build_classifier("gru", "manual", 6, 8)).train(DATA.train, DATA.eval, epochs=12, start=states[0])
    trainer = FusedTrainer(
        CELLS["srn"].implementations[FUSED]["tanh"],
        copy_weights(build_classifier("srn", "manual", 6, 8)),
        build_prefix_forest(SPLITS.train, 8),
        EvaluationSet(SPLITS.eval, 8),
        epochs=12,
    )
    with pytest.raises(IncompatibleStateError):
        trainer.restore(states[0])


LEFT = ("train", "--length", "6", "--epochs", "60", "--out", "run")


@pytest.fixture(scope="module")
def killed_training(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("killed") / "run"
    with Command(*LEFT, "--out", run) as command:
        command.wait_until((run / "training-state.safetensors").exists, "its first evaluation")
        command.stop(signal.SIGKILL)
    return run


@pytest.fixture
def left(killed_training: Path, in_an_empty_folder: None) -> Path:
    """A run in which a training was left: 60 epochs at length 6."""
    return Path(shutil.copytree(killed_training, "run"))


@pytest.mark.slow
def test_training_that_was_left_is_not_overwritten(left: Path) -> None:
    ended = digitsum(*LEFT)
    assert ended.code == 2
    assert "already contains a run" in ended.err
    assert "--resume" in ended.err
    assert digitsum("train", "--length", "4", "--epochs", "1", "--out", "run", "--force").code == 0
    assert not (left / "training-state.safetensors").exists()


@pytest.mark.slow
def test_training_is_not_resumed_with_other_settings(left: Path) -> None:
    ended = digitsum("train", "--length", "6", "--epochs", "70", "--set", "train.lr=0.5", "--out", "run", "--resume")
    assert ended.code == 2
    assert "train.epochs was 60 and is now 70; train.lr was 0.001 and is now 0.5" in ended.err
    assert (left / "training-state.safetensors").exists()


@pytest.mark.slow
def test_training_that_was_left_is_not_taken_over_by_a_sweep(left: Path) -> None:
    before = (left / "config.yaml").read_bytes()
    ended = digitsum("sweep", "--lengths", "6", "--epochs", "60", "--impl", "manual", "--out", "run", "--resume")
    assert ended.code == 2
    assert "contains an unfinished training" in ended.err
    assert (left / "config.yaml").read_bytes() == before
    assert digitsum(*LEFT, "--resume").code == 0


@pytest.mark.slow
def test_training_that_fails_can_be_gone_on_with(left: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = (*LEFT, "--resume")
    with monkeypatch.context() as faulty:
        faulty.setattr(training, "generator_score", lambda *_: (_ for _ in ()).throw(MemoryError("none left")))
        ended = digitsum(*arguments)
    assert ended.code == 3
    assert "MemoryError: none left" in ended.err
    assert "--retry-failed" not in ended.err
    assert (left / "training-state.safetensors").exists()
    assert digitsum(*arguments).code == 0
    assert digitsum(*LEFT, "--out", "whole").code == 0
    assert_same_run(left, Path("whole"))


@pytest.mark.slow
def test_state_of_a_training_that_has_ended_stays_and_is_not_written_again(left: Path) -> None:
    """As after a kill between the outcome and the last state, too."""
    state = left / "training-state.safetensors"
    content = state.read_bytes()
    arguments = (*LEFT, "--resume")
    assert digitsum(*arguments).code == 0
    assert state.read_bytes() != content
    state.write_bytes(content)
    assert digitsum(*arguments).code == 0
    assert state.read_bytes() == content


@pytest.mark.slow
def test_watcher_that_fails_is_not_the_trainings_fault(tmp_path: Path) -> None:
    class Gone(Recorder):
        def progressed(self, trial: Trial, progress: Progress) -> None:
            if progress.step > 150:
                raise BrokenPipeError

    settings = settings_of("data.lengths=5", "train.epochs=20", "train.log_every=10").for_one_trial()
    with pytest.raises(BrokenPipeError):
        run_study(settings, RunDirectory(tmp_path), Gone(), RunOptions(None, keep_state=True))
    assert (tmp_path / "training-state.safetensors").exists()
    result = run_study(settings, RunDirectory(tmp_path), Recorder(), RunOptions(None, keep_state=True, resume=True))
    assert [row.status for row in result.rows] == ["done"]


@pytest.mark.slow
def test_seconds_are_those_of_all_sessions(left: Path) -> None:
    state, kept_with = read_training_state(left / "training-state.safetensors")
    write_training_state(left / "training-state.safetensors", state, {**kept_with, "seconds": 1000.0})
    ended = digitsum(*LEFT, "--resume", "--json")
    assert ended.document["trials"][0]["seconds"] > 1000


@pytest.mark.parametrize("seconds", [None, "x", {}])
@pytest.mark.slow
def test_state_without_its_seconds_is_refused(seconds: object, left: Path) -> None:
    state, kept_with = read_training_state(left / "training-state.safetensors")
    write_training_state(left / "training-state.safetensors", state, {**kept_with, "seconds": seconds})
    ended = digitsum(*LEFT, "--resume")
    assert ended.code == 2
    assert "overwrite the run with --force" in ended.err


@pytest.mark.slow
def test_damaged_state_is_refused(left: Path) -> None:
    state = left / "training-state.safetensors"
    content = bytearray(state.read_bytes())
    content[-5] ^= 1
    state.write_bytes(content)
    ended = digitsum(*LEFT, "--resume")
    assert ended.code == 2
    assert "is damaged" in ended.err
    assert "--force" in ended.err


def test_resuming_a_training_that_has_ended_shows_it_again(in_an_empty_folder: None) -> None:
    arguments = ("train", "--length", "4", "--epochs", "2", "--out", "run")
    first = digitsum(*arguments, "--json").document["trials"]
    again = digitsum(*arguments, "--json", "--resume")
    assert again.code == 0
    assert again.document["trials"] == first
