"""Curricula: the lengths of the batches, the rows, and the same training in every implementation."""

import csv
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digitsum_cli.core import DigitSumDataset, Runner
from digitsum_cli.core.cells.torch_layer import TorchLayer
from digitsum_cli.core.curriculum import Curriculum, constant_top, growing_top, mean_length
from digitsum_cli.core.generation import generate_splits
from digitsum_cli.core.registry import CELLS, CURRICULA, FUSED
from digitsum_cli.core.tasks import DIGIT_SUM
from digitsum_cli.core.tasks.task import ALL
from digitsum_cli.core.training_rows import TrainingRows
from digitsum_cli.core.weights import copy_weights
from digitsum_cli.errors import InputError
from digitsum_cli.execution.training import build_trial_classifier
from digitsum_cli.fused.prefix_tree import PerEpochForests
from digitsum_cli.fused.trainer import EvaluationSet, FusedTrainer
from digitsum_cli.trials.plan import plan_trials
from digitsum_cli.trials.training_rows import training_rows
from tests.command_line import digitsum
from tests.small_study import settings_of

TAUGHT = tuple(name for name, curriculum in CURRICULA.items() if curriculum.top)
LENGTH, K, BATCH, EPOCHS = 12, 2, 16, 10
TRAIN = generate_splits([LENGTH], k_train=K)[LENGTH].train


def rows_of(name: str, *, shuffle: bool = False, task: Any = DIGIT_SUM, **others: Any) -> TrainingRows:
    settings = {"start": 3, "share": 0.5, "batch_size": BATCH, "epochs": EPOCHS} | others
    top = CURRICULA[name].top
    assert top is not None
    return TrainingRows(TRAIN, shuffle, fresh=True, seed=4, task=task, curriculum=Curriculum(top, **settings))


def lengths_of(rows: TrainingRows, epochs: int = EPOCHS) -> list[int]:
    found: list[int] = []
    for epoch in range(epochs):
        lengths = rows.for_epoch(epoch).batch_lengths
        assert lengths is not None
        found += lengths.tolist()
    return found


def test_the_top_grows_in_a_straight_line_over_a_share_of_the_steps() -> None:
    assert [growing_top(step, 100, 0.5) for step in (0, 25, 50, 99)] == [0.0, 0.5, 1.0, 1.0]
    assert [growing_top(step, 100, 1.0) for step in (0, 50, 99)] == [0.0, 0.5, 0.99]
    assert constant_top(0, 100, 0.5) == 1.0


def test_uniform_lengths_are_equally_likely_from_the_start_to_the_trials_length() -> None:
    lengths = lengths_of(rows_of("uniform", start=5, epochs=300), 300)
    counts = np.bincount(lengths, minlength=LENGTH + 1)
    assert counts[:5].sum() == 0
    assert counts[5:].min() > 0.8 * len(lengths) / 8
    assert max(lengths) == LENGTH


def test_growing_lengths_stay_below_the_top_of_their_step() -> None:
    lengths = lengths_of(rows_of("growing", epochs=100), 100)
    steps = len(lengths)
    tops = [3 + int(9 * min(1.0, step / (0.5 * steps))) for step in range(steps)]
    assert all(3 <= length <= top for length, top in zip(lengths, tops, strict=True))
    assert lengths[0] == 3
    assert max(lengths[steps // 2 :]) == LENGTH
    assert min(lengths[steps // 2 :]) == 3


@pytest.mark.parametrize("share", [0.25, 1.0])
@pytest.mark.parametrize("name", TAUGHT)
def test_the_mean_length_is_that_of_the_batches_of_a_training(name: str, share: float) -> None:
    lengths = lengths_of(rows_of(name, share=share, epochs=300), 300)
    assert mean_length(CURRICULA[name], 3, share, LENGTH) == pytest.approx(np.mean(lengths), abs=0.15)


@pytest.mark.parametrize("name", CURRICULA)
def test_a_training_on_shorter_rows_is_expected_to_take_less_time(name: str) -> None:
    """So that the longest trainings start first, and the estimate of the time left holds."""
    settings = (f"train.curriculum={name}", "data.rows=fresh", "data.lengths=30")
    trial = plan_trials(settings_of(*settings)).trials[0]
    mean = {"none": 30, "uniform": 16.5, "growing": (9.75 + 16.5) / 2}[name]
    assert trial.relative_cost == pytest.approx(trial.train.epochs * (mean + 12), rel=0.02)


@pytest.mark.parametrize("name", TAUGHT)
def test_a_curriculum_grows_if_its_top_depends_on_the_step(name: str) -> None:
    curriculum = CURRICULA[name]
    assert curriculum.top is not None
    assert curriculum.grows == (len({curriculum.top(step, 100, 0.5) for step in range(100)}) > 1)


@pytest.mark.parametrize("name", TAUGHT)
@pytest.mark.parametrize("distractors", [1, 2, ALL])
def test_every_row_is_one_of_its_length_with_its_label_and_as_many_of_each_pair(
    name: str, distractors: int | str
) -> None:
    task = DIGIT_SUM.with_distractors(distractors)  # type: ignore[arg-type]
    rows = rows_of(name, task=task, start=4).for_epoch(7)
    batches = list(DigitSumDataset(rows).batches(BATCH))
    assert rows.batch_lengths is not None
    assert [digits.shape[1] for digits, _ in batches] == rows.batch_lengths.tolist()
    pairs = []
    for digits, labels in batches:
        assert task.supports(digits.numpy()).all()
        assert (labels == digits[:, 0] + digits[:, 1]).all()
        pairs += (10 * digits[:, 0] + digits[:, 1]).tolist()
    assert sorted(pairs) == sorted(list(range(100)) * K)


def test_shuffled_pairs_come_in_another_order_in_each_epoch() -> None:
    rows = rows_of("uniform", shuffle=True)
    first, second = (rows.for_epoch(epoch).labels.tolist() for epoch in (0, 1))
    assert first != second
    assert sorted(first) == sorted(second) == sorted(TRAIN.labels.tolist())


def test_an_epoch_depends_on_the_seed_and_its_number_alone() -> None:
    rows = rows_of("growing")
    again = rows_of("growing")
    again.for_epoch(3)
    assert np.array_equal(rows.for_epoch(5).digits, again.for_epoch(5).digits)
    assert str(rows.for_epoch(5).batch_lengths) == str(again.for_epoch(5).batch_lengths)


def test_rows_of_the_training_set_have_no_curriculum() -> None:
    with pytest.raises(InputError, match="a curriculum needs fresh rows"):
        TrainingRows(TRAIN, curriculum=Curriculum(constant_top, 3, 0.5, 8, 1))


@pytest.mark.slow
@pytest.mark.parametrize("impl", ["manual", "torch"])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("name", TAUGHT)
def test_three_implementations_agree_in_double_precision(name: str, cell: str, impl: str) -> None:
    """Over 300 steps, to 1e-9, from the same weights and on the same stream of rows."""
    settings = settings_of(
        *("data.lengths=12", "data.rows=fresh", "train.batch_size=16", "train.epochs=15", "train.shuffle=true"),
        *(f"model.cell={cell}", f"model.impl={impl}", f"train.curriculum={name}", "train.seed=3", "sweep={}"),
        *("model.hidden_size=9", "model.embedding_size=7", "model.init=orthogonal", "train.eval_every=50"),
    )
    (trial,) = plan_trials(settings).trials
    splits = generate_splits([12])[12]
    rows = training_rows(trial, splits)
    model = build_trial_classifier(trial).double()
    if isinstance(model.rnn_model, TorchLayer):
        model.rnn_model.fix_second_bias_at_zero()
    by_hand = replace(trial, model=trial.model.model_copy(update={"impl": "manual"}))
    trainer = FusedTrainer(
        CELLS[cell].implementations[FUSED]["tanh"],
        copy_weights(build_trial_classifier(by_hand).double()),
        PerEpochForests(rows.for_epoch, 16),
        EvaluationSet(splits.eval, 16),
        epochs=15,
        eval_every=50,
        dtype=np.float64,
    )
    while not trainer.ended:
        trainer.advance(1000)
    record = Runner(model).train(
        lambda epoch: DigitSumDataset(rows.for_epoch(epoch)),
        DigitSumDataset(splits.eval),
        epochs=15,
        batch_size=16,
        eval_every=50,
    )
    assert len(record.step_losses) == 285
    assert np.abs(np.subtract(trainer.record().step_losses, record.step_losses)).max() < 1e-9
    assert [each.eval_accuracy for each in trainer.evaluations()] == [each.eval_accuracy for each in record.evaluations]


@pytest.mark.parametrize(
    ("assignments", "message"),
    [
        (["train.curriculum=uniform"], "a curriculum draws its own rows, but data.rows is fixed"),
        (["train.curriculum_start=4"], "train.curriculum_start has no effect with train.curriculum none"),
        (
            ["train.curriculum=uniform", "data.rows=fresh", "train.curriculum_share=0.2"],
            "train.curriculum_share has no effect with train.curriculum uniform",
        ),
        (
            ["train.curriculum=growing", "data.rows=fresh", "train.curriculum_start=5"],
            "the shortest rows of the curriculum have 5 digits; allowed: 3 to 4, the shortest length of the data",
        ),
        (
            ["train.curriculum=growing", "data.rows=fresh", "data.distractors=2"],
            "the shortest rows of the curriculum have 3 digits; allowed: 4 to 4, the shortest length of the data",
        ),
    ],
)
def test_a_curriculum_that_does_not_fit_is_refused(assignments: list[str], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        plan_trials(settings_of(*assignments))


@pytest.mark.slow
@pytest.mark.parametrize("impl", ["manual", "fused"])
def test_a_curriculum_is_an_axis_of_a_sweep(impl: str, tmp_path: Path) -> None:
    axis = ("--set", "sweep.train.curriculum=none,uniform,growing", "--set", "data.rows=fresh")
    ended = digitsum(
        "sweep", "--lengths", "6", "--seeds", "0", "--epochs", "2", "--impl", impl, *axis, "--out", tmp_path / "run"
    )
    assert ended.code == 0, ended.err
    rows = list(csv.DictReader((tmp_path / "run" / "results.csv").read_text().splitlines()))
    assert [row["curriculum"] for row in rows] == list(CURRICULA)
    assert len({row["final_train_loss"] for row in rows}) == 3
