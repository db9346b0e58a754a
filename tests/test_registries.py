"""Every name of every registry with every implementation: equal to autograd, or refused with the names it has."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from digitsum_cli.core.cells.recurrent_layer import RecurrentLayer
from digitsum_cli.core.cells.torch_layer import TorchLayer
from digitsum_cli.core.checkpoint import Weights
from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.dataset import DigitSumDataset
from digitsum_cli.core.generation import generate_splits
from digitsum_cli.core.registry import (
    ACTIVATIONS,
    CELLS,
    CURRICULA,
    FUSED,
    IMPLEMENTATIONS,
    INITIALISATIONS,
    LOSSES,
    LR_SCHEDULES,
    MANUAL,
    OPTIMIZERS,
    ROWS,
    TORCH,
    load,
)
from digitsum_cli.core.runner import Runner
from digitsum_cli.core.specs import ActivationSpec, OptimizerSpec
from digitsum_cli.errors import InputError
from digitsum_cli.execution.fused_training import initial_weights, rule_of
from digitsum_cli.execution.training import build_optimizer, build_trial_classifier, run_trial, runner_options
from digitsum_cli.fused import rule
from digitsum_cli.fused.cells import CompiledCell
from digitsum_cli.fused.prefix_tree import PerEpochForests
from digitsum_cli.fused.trainer import EvaluationSet, FusedTrainer
from digitsum_cli.settings import parse_assignment, resolve_settings
from digitsum_cli.settings.schema import TrainSettings
from digitsum_cli.trials.plan import Plan, plan_trials
from digitsum_cli.trials.training_rows import training_rows
from digitsum_cli.trials.trial import Trial
from tests.command_line import REPOSITORY, digitsum
from tests.minimal_gated_unit import MGU

SPLITS = generate_splits([5])[5]
SMALL = (
    "data.lengths=5",
    "model.embedding_size=5",
    "model.hidden_size=6",
    "train.epochs=3",
    "train.batch_size=25",
    "train.eval_every=10",
    "train.lr=0.01",
)
CHOICES = [
    *[(f"model.cell={cell}", f"model.activation={name}") for cell, spec in CELLS.items() for name in spec.activations],
    *[(f"train.optimizer={name}",) for name in OPTIMIZERS],
    *[(f"train.lr_schedule={name}",) for name in LR_SCHEDULES],
    *[(f"train.loss={name}",) for name in LOSSES],
    *[(f"model.init={name}",) for name in INITIALISATIONS],
    *[(f"data.rows={name}",) for name in ROWS],
    *[(f"train.curriculum={name}", "data.rows=fresh") for name in CURRICULA],
]
EVERY_CHOICE = pytest.mark.parametrize("choice", CHOICES, ids=",".join)
EVERY_CELL = pytest.mark.parametrize(
    ("cell", "activation"), [(cell, name) for cell, spec in CELLS.items() for name in spec.activations]
)


def plan(*assignments: str) -> Plan:
    return plan_trials(resolve_settings(None, [parse_assignment(each) for each in (*SMALL, *assignments)]))


def trial(*assignments: str) -> Trial:
    (planned,) = plan(*assignments).trials
    return planned


def equation_weights(model: DigitSumClassifier) -> dict[str, Tensor]:
    return {
        **model.rnn_model.equation_tensors(Tensor.detach),
        "embedding": model.embedding.W.detach(),
        "linear": model.linear.weight.detach(),
        "linear bias": model.linear.bias.detach(),
    }


def train_autograd(trial: Trial) -> Weights:
    """A training in float64 from the weights of the cell by hand, without PyTorch's second bias."""
    model = build_trial_classifier(trial).double()
    if isinstance(model.rnn_model, TorchLayer):
        model.rnn_model.fix_second_bias_at_zero()
    start = equation_weights(
        build_trial_classifier(replace(trial, model=trial.model.model_copy(update={"impl": MANUAL}))).double()
    )
    for name, tensor in equation_weights(model).items():
        tensor.copy_(start[name])
    rows = training_rows(trial, SPLITS)
    Runner(model, build_optimizer(trial, model.parameters())).train(
        lambda epoch: DigitSumDataset(rows.for_epoch(epoch)), DigitSumDataset(SPLITS.eval), **runner_options(trial)
    )
    return {name: tensor.numpy() for name, tensor in equation_weights(model).items()}


def train_fused(trial: Trial) -> Weights:
    """The same by the compiled trainer."""
    trainer = FusedTrainer(
        CELLS[trial.model.cell].implementations[FUSED][trial.model.activation],
        {name: array.astype(np.float64) for name, array in initial_weights(trial).items()},
        PerEpochForests(training_rows(trial, SPLITS).for_epoch, trial.train.batch_size),
        EvaluationSet(SPLITS.eval, trial.train.batch_size),
        epochs=trial.train.epochs,
        rule=rule_of(trial),
        lr_schedule=trial.train.lr_schedule,
        loss=trial.train.loss,
        eval_every=trial.train.eval_every,
        dtype=np.float64,
    )
    trainer.advance(10**9)
    model = build_trial_classifier(trial).double()
    model.load_state_dict({name: torch.from_numpy(array) for name, array in trainer.best_weights().items()})
    return {name: tensor.numpy() for name, tensor in equation_weights(model).items()}


@EVERY_CHOICE
def test_every_name_trains_as_autograd_does_in_every_implementation(choice: tuple[str, ...]) -> None:
    expected = train_autograd(trial(*choice, "model.impl=manual"))
    for impl, train in {TORCH: train_autograd, FUSED: train_fused}.items():
        weights = train(trial(*choice, f"model.impl={impl}"))
        assert weights.keys() == expected.keys()
        for name, values in expected.items():
            assert np.abs(weights[name] - values).max() < 1e-9, (impl, name)


@pytest.mark.parametrize(
    "key", ["train.optimizer", "train.lr_schedule", "train.loss", "model.init", "data.rows", "train.curriculum"]
)
def test_no_name_trains_as_another_does(key: str) -> None:
    trained = [train_autograd(trial(*choice)) for choice in CHOICES if choice[0].startswith(f"{key}=")]
    assert len(trained) > 1
    for number, weights in enumerate(trained):
        assert all(np.abs(weights["U"] - other["U"]).max() > 1e-6 for other in trained[:number])


@EVERY_CHOICE
def test_fused_starts_from_the_weights_of_the_cell_by_hand(choice: tuple[str, ...]) -> None:
    by_hand = build_trial_classifier(trial(*choice)).state_dict()
    drawn = initial_weights(trial(*choice, "model.impl=fused"))
    assert drawn.keys() == by_hand.keys()
    assert all(np.array_equal(drawn[name], values.numpy()) for name, values in by_hand.items())


@EVERY_CELL
def test_every_cell_is_what_its_entry_says(cell: str, activation: str) -> None:
    spec = CELLS[cell]
    by_hand, on_library, compiled = (load(str(spec.import_path(impl, activation))) for impl in IMPLEMENTATIONS)
    assert issubclass(by_hand, RecurrentLayer)
    assert issubclass(on_library, TorchLayer)
    assert isinstance(compiled, CompiledCell)
    assert compiled.gates == spec.gates
    parameters = list(by_hand(3, 4).equation_tensors(Tensor.detach))
    assert parameters == [f"{matrix}{suffix}" for matrix in "WUb" for suffix in spec.suffixes]
    assert spec.candidate in parameters


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_stays_within_its_bounds(name: str) -> None:
    values = load(ACTIVATIONS[name].function)(torch.linspace(-20, 20, 99))
    lowest, highest = ACTIVATIONS[name].bounds
    assert values.min() == lowest
    assert values.max() == (20 if np.isinf(highest) else highest)


@pytest.mark.parametrize(
    "key",
    [
        *("model.cell", "model.activation", "model.init"),
        *("train.optimizer", "train.lr_schedule", "train.loss", "train.curriculum"),
    ],
)
@pytest.mark.parametrize("impl", IMPLEMENTATIONS)
def test_name_in_no_registry_is_refused_with_those_there_are(key: str, impl: str) -> None:
    with pytest.raises(InputError, match=r"there is no .* 'other'.*; allowed: \w+, \w+"):
        trial(f"{key}=other", f"model.impl={impl}")


@pytest.fixture
def rmsprop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPTIMIZERS, "rmsprop", OptimizerSpec("torch.optim:RMSprop"))


@pytest.mark.usefixtures("rmsprop")
def test_optimizer_that_fused_lacks_is_refused_when_planned() -> None:
    with pytest.raises(InputError) as raised:
        trial("train.optimizer=rmsprop", "model.impl=fused")
    assert str(raised.value) == (
        "train.optimizer: impl fused does not support the optimizer rmsprop; allowed: adam, sgd. "
        "Or choose an implementation that supports it: manual, torch"
    )


@pytest.mark.usefixtures("rmsprop")
def test_optimizer_in_the_registry_alone_trains_under_autograd() -> None:
    model = build_trial_classifier(trial())
    optimizer = torch.optim.RMSprop(model.parameters(), lr=0.01)
    plain = Runner(model, optimizer).train(
        DigitSumDataset(SPLITS.train), DigitSumDataset(SPLITS.eval), epochs=3, batch_size=25, eval_every=10
    )
    outcome = run_trial(trial("train.optimizer=rmsprop"), SPLITS)
    assert outcome.step_losses == plain.step_losses


@pytest.fixture
def minimal_gated_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CELLS, "mgu", MGU)


@pytest.mark.slow
def test_cell_by_hand_alone_goes_through_every_command(tmp_path: Path) -> None:
    commands = (
        "sweep --lengths 5 --impl manual --seeds 0 --epochs 2 -j 1 "
        "--set model.cell=mgu --set model.forget_bias=1 --out run",
        "evaluate run --diagnose -j 1",
        "report run",
    )
    for command in commands:
        subprocess.run(
            [sys.executable, "-m", "tests.minimal_gated_unit", *command.split()],
            check=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *sys.path])},
        )
    assert (tmp_path / "run" / "report.html").exists()


@pytest.mark.usefixtures("minimal_gated_unit", "in_an_empty_folder")
@pytest.mark.parametrize("impl", [TORCH, FUSED])
def test_cell_by_hand_alone_is_refused_by_the_others(impl: str) -> None:
    with pytest.raises(InputError, match=f"impl {impl} does not support the cell mgu; allowed: srn, lstm, gru"):
        trial("model.cell=mgu", f"model.impl={impl}")
    compared = digitsum("compare", "--set", "model.cell=mgu", "--impl", f"manual,{impl}", "--lengths", "5")
    assert (compared.code, compared.out) == (2, "")
    assert "does not support the cell mgu" in compared.err


@pytest.mark.usefixtures("minimal_gated_unit")
@pytest.mark.parametrize(
    ("assignment", "what"),
    [
        ("model.forget_bias=chrono", "the MGU has no input gate, but forget_bias is chrono"),
        ("model.init=identity", "the initialisation identity is only for cells without gates, but the MGU has gates"),
        ("model.activation=relu", "the MGU has the activation tanh, not relu"),
    ],
)
def test_what_a_new_cell_lacks_follows_from_its_entry(assignment: str, what: str) -> None:
    with pytest.raises(InputError, match=what):
        trial("model.cell=mgu", assignment)


@pytest.mark.parametrize("impl", [TORCH, FUSED])
def test_activation_that_an_implementation_lacks_is_refused_with_those_it_has(
    impl: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ACTIVATIONS, "sigmoid", ActivationSpec("torch:sigmoid", bounds=(0.0, 1.0)))
    srn = CELLS["srn"]
    by_hand = {**srn.implementations[MANUAL], "sigmoid": srn.implementations[MANUAL]["tanh"]}
    monkeypatch.setitem(CELLS, "srn", replace(srn, implementations={**srn.implementations, MANUAL: by_hand}))
    assert run_trial(trial("model.activation=sigmoid"), SPLITS).step_losses
    what = f"impl {impl} does not support the activation sigmoid of the cell srn; allowed: tanh, relu"
    with pytest.raises(InputError, match=what):
        trial("model.activation=sigmoid", f"model.impl={impl}")


def test_settings_that_fused_has_are_settings() -> None:
    assert TrainSettings.model_fields.keys() >= rule.SETTINGS


def test_setting_of_training_that_fused_lacks_is_refused_unless_it_is_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rule, "SETTINGS", rule.SETTINGS - {"clip_norm"})
    trial("model.impl=fused")
    trial("model.impl=manual", "train.clip_norm=1")
    with pytest.raises(InputError, match="impl fused does not support train\\.clip_norm"):
        trial("model.impl=fused", "train.clip_norm=1")


def test_planning_for_fused_loads_neither_torch_nor_numba() -> None:
    code = (
        "import sys\n"
        "from digitsum_cli.settings import parse_assignment, resolve_settings\n"
        "from digitsum_cli.trials.plan import plan_trials\n"
        "plan_trials(resolve_settings(None, [parse_assignment('model.impl=fused')]))\n"
        "print({'torch', 'numba'} & set(sys.modules))\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "set()\n"
