"""The compiled trainer against autograd, against the Runner, and against itself."""

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from digitsum_cli.core import DigitSumDataset, DigitSumSplits, Runner, build_classifier, generate_splits
from digitsum_cli.core.checkpoint import Weights
from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.generation import Rows
from digitsum_cli.core.record import Ending, TrainingRecord
from digitsum_cli.core.registry import CELLS, FUSED
from digitsum_cli.core.training_rows import TrainingRows
from digitsum_cli.core.weights import copy_weights, load_weights
from digitsum_cli.fused.initial_weights import draw_book_weights
from digitsum_cli.fused.prefix_tree import PerEpochForests, build_prefix_forest
from digitsum_cli.fused.rule import BOOK_RULE, Rule
from digitsum_cli.fused.trainer import EvaluationSet, FusedTrainer
from digitsum_cli.fused.update import ADAM, SGD

KINDS = pytest.mark.parametrize(
    ("cell", "activation"), [("srn", "tanh"), ("srn", "relu"), ("lstm", "tanh"), ("gru", "tanh")]
)
CELLS_ALONE = pytest.mark.parametrize("cell", CELLS)


def classifier(cell: str, activation: str, sizes: tuple[int, int], *, double: bool, seed: int) -> DigitSumClassifier:
    model = build_classifier(cell, "manual", *sizes, seed=seed, activation=activation)
    return model.double() if double else model


def trainer_of(weights: Weights, train: Rows, eval_: Rows, batch_size: int, **arguments: Any) -> FusedTrainer:
    spec = CELLS[arguments.pop("cell", "srn")]
    cell = spec.implementations[FUSED][arguments.pop("activation", "tanh")]
    return FusedTrainer(
        cell, weights, build_prefix_forest(train, batch_size), EvaluationSet(eval_, batch_size), **arguments
    )


def train_both(
    length: int,
    *,
    double: bool,
    epochs: int,
    batch_size: int = 8,
    sizes: tuple[int, int] = (32, 32),
    cell: str = "srn",
    activation: str = "tanh",
    rule: Rule = BOOK_RULE,
    **options: Any,
) -> tuple[FusedTrainer, Runner, TrainingRecord]:
    """A training by the compiled trainer, and the same by the Runner, which gets ``options``."""
    splits = generate_splits([length])[length]
    model = classifier(cell, activation, sizes, double=double, seed=1)
    trainer = trainer_of(
        copy_weights(model),
        splits.train,
        splits.eval,
        batch_size,
        cell=cell,
        activation=activation,
        epochs=epochs,
        rule=rule,
        lr_schedule=options.get("lr_schedule", "constant"),
        loss=options.get("loss", "mean"),
        dtype=np.float64 if double else np.float32,
    )
    trainer.advance(10**9)
    data = DigitSumSplits.of(splits)
    optimizer = {ADAM: torch.optim.Adam, SGD: torch.optim.SGD}[rule.optimizer]
    runner = Runner(model, optimizer(model.parameters(), lr=rule.lr, weight_decay=rule.weight_decay))
    return trainer, runner, runner.train(data.train, data.eval, epochs=epochs, batch_size=batch_size, **options)


def largest_difference(a: Weights, b: Weights) -> float:
    assert a.keys() == b.keys()
    return max(float(np.abs(a[name] - b[name]).max()) for name in a)


@given(
    length=st.integers(3, 12),
    sizes=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    rows=st.integers(1, 40),
    batch_size=st.integers(1, 17),
    seed=st.integers(0, 2**32 - 1),
)
@hypothesis_settings(max_examples=60)
@KINDS
def test_gradients_equal_autograd(
    cell: str, activation: str, length: int, sizes: tuple[int, int], rows: int, batch_size: int, seed: int
) -> None:
    stream = np.random.default_rng(seed)
    digits = (stream.integers(0, 10, (rows, length)) * (stream.random((rows, length)) < 0.4)).astype(np.int8)
    data = Rows(digits, digits[:, 0] + digits[:, 1])
    model = classifier(cell, activation, sizes, double=True, seed=seed)
    trainer = trainer_of(
        copy_weights(model),
        data,
        data,
        batch_size,
        cell=cell,
        activation=activation,
        epochs=1,
        dtype=np.float64,
    )
    for batch in range(trainer.steps_per_epoch):
        here = slice(batch * batch_size, (batch + 1) * batch_size)
        model.zero_grad()
        loss = cross_entropy(
            model(torch.from_numpy(digits[here].astype(np.int64))),
            torch.from_numpy(data.labels[here].astype(np.int64)),
        )
        loss.backward()  # type: ignore[no-untyped-call]
        fused_loss, gradients = trainer.gradients(batch)
        assert fused_loss == pytest.approx(loss.item(), rel=1e-12)
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None
            expected = parameter.grad.numpy()
            scale = max(float(np.abs(expected).max()), 1e-6)
            assert np.abs(gradients[name] - expected).max() <= 1e-10 * scale, name


@pytest.mark.parametrize("length", [5, pytest.param(20, marks=pytest.mark.slow)])
@KINDS
@pytest.mark.slow
def test_300_steps_in_double_precision_equal_the_runner(length: int, cell: str, activation: str) -> None:
    trainer, runner, record = train_both(length, double=True, epochs=8, cell=cell, activation=activation)
    fused = trainer.record()
    assert len(fused.step_losses) == 304
    assert np.abs(np.subtract(fused.step_losses, record.step_losses)).max() < 1e-9
    assert [e.step for e in fused.evaluations] == [e.step for e in record.evaluations]
    assert [e.eval_accuracy for e in fused.evaluations] == [e.eval_accuracy for e in record.evaluations]
    assert [e.eval_loss for e in fused.evaluations] == pytest.approx(
        [e.eval_loss for e in record.evaluations], abs=1e-9
    )
    assert fused.best is not None
    assert record.best is not None
    assert fused.best.step == record.best.step
    assert largest_difference(trainer.best_weights(), copy_weights(runner.model)) < 1e-9


@KINDS
@pytest.mark.slow
def test_sizes_that_fill_no_vector_train_the_same(cell: str, activation: str) -> None:
    trainer, runner, record = train_both(
        7, double=True, epochs=8, batch_size=13, sizes=(5, 37), cell=cell, activation=activation
    )
    assert np.abs(np.subtract(trainer.record().step_losses, record.step_losses)).max() < 1e-9
    assert largest_difference(trainer.best_weights(), copy_weights(runner.model)) < 1e-9


@pytest.mark.parametrize("length", [5, 35])
@KINDS
def test_first_losses_in_single_precision_equal_the_runner(length: int, cell: str, activation: str) -> None:
    trainer, _, record = train_both(length, double=False, epochs=1, cell=cell, activation=activation)
    assert np.abs(np.subtract(trainer.record().step_losses, record.step_losses)[:20]).max() < 1e-4


RULES: dict[str, tuple[Rule, dict[str, Any]]] = {
    "sgd": (Rule(optimizer=SGD, lr=0.02), {}),
    "sgd with decay": (Rule(optimizer=SGD, lr=0.02, weight_decay=0.01), {}),
    "adam with decay": (Rule(weight_decay=0.01), {}),
    "cosine": (BOOK_RULE, {"lr_schedule": "cosine"}),
    "sum": (Rule(optimizer=SGD, lr=0.01), {"loss": "sum"}),
    "clipped": (Rule(optimizer=SGD, lr=0.1, clip_norm=0.5), {"clip_norm": 0.5}),
    "clipped, adam, sum": (Rule(clip_norm=2.0), {"clip_norm": 2.0, "loss": "sum"}),
    "recorded": (Rule(record_gradients=True), {"record_gradients": True}),
    "recorded and clipped": (
        Rule(clip_norm=0.5, record_gradients=True),
        {"clip_norm": 0.5, "record_gradients": True},
    ),
    "early stop": (Rule(lr=0.0001, patience=2), {"patience": 2}),
}


@CELLS_ALONE
@pytest.mark.parametrize("name", RULES)
@pytest.mark.slow
def test_every_way_to_train_equals_the_runner(name: str, cell: str) -> None:
    rule, options = RULES[name]
    trainer, runner, record = train_both(6, double=True, epochs=16, cell=cell, rule=rule, sizes=(7, 37), **options)
    fused = trainer.record()
    assert len(fused.step_losses) == len(record.step_losses)
    assert np.abs(np.subtract(fused.step_losses, record.step_losses)).max() < 1e-9
    assert largest_difference(trainer.best_weights(), copy_weights(runner.model)) < 1e-9
    assert fused.gradient_norms.keys() == record.gradient_norms.keys()
    for parameter, norms in record.gradient_norms.items():
        assert len(norms) == 16 * 38
        assert fused.gradient_norms[parameter] == pytest.approx(norms, rel=1e-9, abs=1e-12), parameter


@pytest.mark.slow
def test_clipping_and_stopping_do_something() -> None:
    """The rules above would agree as well if neither did."""
    plain, clipped, stopped = (
        train_both(6, double=True, epochs=16, sizes=(7, 37), rule=rule)[0].record()
        for rule in (Rule(optimizer=SGD, lr=0.1), Rule(optimizer=SGD, lr=0.1, clip_norm=0.5), RULES["early stop"][0])
    )
    assert plain.step_losses[-1] != pytest.approx(clipped.step_losses[-1], abs=1e-3)
    assert len(stopped.step_losses) < len(plain.step_losses)
    assert stopped.best == stopped.evaluations[-3]
    assert stopped.evaluations[-1].step == len(stopped.step_losses) - 1


@pytest.mark.parametrize("batch_size", [8, 300])
def test_training_stops_early_however_far_each_call_advances(batch_size: int) -> None:
    """Also where patience is over at the last step of a call, or of an epoch."""
    splits = generate_splits([6])[6]
    weights = draw_book_weights("srn", 8, 8, 0)
    records = []
    for steps in (1, 7, 10**9):
        trainer = trainer_of(weights, splits.train, splits.eval, batch_size, epochs=40, rule=Rule(lr=1e-9, patience=2))
        while not trainer.ended:
            trainer.advance(steps)
        records.append(trainer.record())
    assert records[0] == records[1] == records[2]
    assert records[0].ending is (Ending.STOPPED_EARLY if batch_size == 8 else Ending.COMPLETE)
    assert batch_size == 300 or len(records[0].evaluations) == 3


def test_one_batch_an_epoch_stops_early() -> None:
    splits = generate_splits([6])[6]
    options = {"epochs": 40, "eval_every": 5, "rule": Rule(lr=1e-9, patience=2)}
    trainer = trainer_of(draw_book_weights("srn", 8, 8, 0), splits.train, splits.eval, 300, **options)
    trainer.advance(10**9)
    assert trainer.record().ending is Ending.STOPPED_EARLY
    assert trainer.step == 16


@CELLS_ALONE
def test_norms_of_tiny_gradients_do_not_vanish(cell: str) -> None:
    """With weights to the answer near 1e-25, the squares of the gradients are below float32's least number."""
    splits = generate_splits([6])[6]
    model = classifier(cell, "tanh", (8, 8), double=False, seed=1)
    with torch.no_grad():
        model.linear.weight.mul_(1e-25)
    trainer = trainer_of(
        copy_weights(model), splits.train, splits.eval, 8, cell=cell, epochs=1, rule=Rule(record_gradients=True)
    )
    trainer.advance(1)
    data = DigitSumSplits.of(splits)
    record = Runner(model).train(data.train, data.eval, epochs=1, record_gradients=True)
    by_hand = trainer.record().gradient_norms
    for name, norms in record.gradient_norms.items():
        assert norms[0] > 0
        assert by_hand[name][0] == pytest.approx(norms[0], rel=1e-4), name


@pytest.mark.parametrize(("shuffle", "fresh"), [(True, False), (False, True), (True, True)])
@pytest.mark.slow
def test_rows_that_change_are_read_as_the_runner_reads_them(shuffle: bool, fresh: bool) -> None:
    splits = generate_splits([6])[6]
    rows = TrainingRows(splits.train, shuffle, fresh, seed=5)
    model = classifier("gru", "tanh", (8, 9), double=True, seed=1)
    trainer = FusedTrainer(
        CELLS["gru"].implementations[FUSED]["tanh"],
        copy_weights(model),
        PerEpochForests(rows.for_epoch, 7),
        EvaluationSet(splits.eval, 7),
        epochs=5,
        dtype=np.float64,
    )
    while not trainer.ended:
        trainer.advance(10)
    record = Runner(model).train(
        lambda epoch: DigitSumDataset(rows.for_epoch(epoch)), DigitSumDataset(splits.eval), epochs=5, batch_size=7
    )
    fused = trainer.record()
    assert np.abs(np.subtract(fused.step_losses, record.step_losses)).max() < 1e-9
    assert fused.step_losses[: trainer.steps_per_epoch] != fused.step_losses[-trainer.steps_per_epoch :]


@pytest.mark.parametrize("batch_size", [4, 8])
def test_eval_loss_that_is_not_finite_ends_both_alike(batch_size: int) -> None:
    """The vector of the digit 9, which is evaluated and not trained on, is too large for float32."""
    digits = np.array([[first, 1, 0, 0] for first in range(8)], np.int8)
    train, eval_ = Rows(digits, digits[:, 0] + 1), Rows(np.array([[9, 9, 0, 0]], np.int8), np.array([18], np.int8))
    model = classifier("srn", "relu", (8, 8), double=False, seed=1)
    with torch.no_grad():
        model.embedding.W[9] = 3e38
        model.get_parameter("rnn_model.W").abs_()
    options: Any = {"epochs": 4, "eval_every": 1}
    rule = Rule(record_gradients=True)
    trainer = trainer_of(copy_weights(model), train, eval_, batch_size, activation="relu", rule=rule, **options)
    trainer.advance(10**9)
    record = Runner(model).train(
        DigitSumDataset(train), DigitSumDataset(eval_), batch_size=batch_size, record_gradients=True, **options
    )
    for ended in (trainer.record(), record):
        assert (ended.ending, ended.updates, len(ended.step_losses)) == (Ending.EVAL_LOSS_NOT_FINITE, 2, 2)
        assert len(ended.epoch_losses) == (2 if batch_size == 8 else 1)
        assert {len(norms) for norms in ended.gradient_norms.values()} == {2}


def test_epoch_losses_and_loss_of_each_evaluation_are_those_of_the_steps() -> None:
    record = train_both(5, double=False, epochs=6)[0].record()
    assert record.epoch_losses[2] == sum(record.step_losses[76:114]) / 38
    assert all(e.train_loss == record.step_losses[e.step] for e in record.evaluations)
    assert [e.epoch for e in record.evaluations] == [2, 5, 5]


@CELLS_ALONE
@pytest.mark.slow
def test_kept_weights_score_the_same_in_the_manual_model(cell: str) -> None:
    trainer, _, _ = train_both(6, double=False, epochs=20, rule=Rule(lr=0.01), cell=cell)
    splits = generate_splits([6])[6]
    model = build_classifier(cell)
    load_weights(model, trainer.best_weights())
    score = Runner(model).evaluate(DigitSumSplits.of(splits).test)
    fused = trainer.score_best(EvaluationSet(splits.test, 8))
    assert fused.accuracy == score.accuracy
    assert fused.loss == pytest.approx(score.loss, rel=1e-5)


def test_numbers_do_not_depend_on_how_far_each_call_advances() -> None:
    splits = generate_splits([6])[6]
    weights = draw_book_weights("srn", 32, 32, 0)
    records = []
    for steps in (1, 7, 10**9):
        trainer = trainer_of(weights, splits.train, splits.eval, 8, epochs=4)
        while not trainer.ended:
            trainer.advance(steps)
        records.append((trainer.record(), trainer.best_weights()["rnn_model.U"].tobytes()))
    assert records[0] == records[1] == records[2]


def test_shared_prefixes_change_nothing_but_the_last_bits() -> None:
    """A batch of the same row four times has the loss and the gradients of that row alone."""
    rows = generate_splits([9])[9].train
    one, four = (Rows(np.repeat(rows.digits[70:71], n, axis=0), np.repeat(rows.labels[70:71], n)) for n in (1, 4))
    weights = copy_weights(classifier("srn", "tanh", (8, 8), double=True, seed=0))
    (loss, gradients), (loss_of_four, gradients_of_four) = (
        trainer_of(weights, data, data, 4, epochs=1, dtype=np.float64).gradients(0) for data in (one, four)
    )
    assert loss == pytest.approx(loss_of_four, rel=1e-14)
    assert largest_difference(gradients, gradients_of_four) < 1e-14
    assert build_prefix_forest(four, 4).most_nodes == 9


def test_forest_has_a_node_for_each_different_prefix() -> None:
    rows = generate_splits([8])[8].train
    forest = build_prefix_forest(rows, 8)
    for batch in range(38):
        digits = rows.digits[8 * batch : 8 * batch + 8]
        expected = [len({row[: t + 1].tobytes() for row in digits}) for t in range(8)]
        assert np.diff(forest.starts[batch]).tolist() == expected
        assert forest.rows[forest.starts[batch, -2] : forest.starts[batch, -1]].sum() == len(digits)


@pytest.mark.parametrize("double", [False, True])
def test_loss_that_is_not_finite_stops_the_training(double: bool) -> None:
    trainer, _, _ = train_both(5, double=double, epochs=2, rule=Rule(lr=1e307 if double else 1e37))
    fused = trainer.record()
    assert fused.ending is Ending.LOSS_NOT_FINITE
    assert fused.updates == len(fused.step_losses) - 1
    assert not np.isfinite(fused.step_losses[-1])
    assert np.isfinite(fused.step_losses[:-1]).all()
    assert trainer.ended


@CELLS_ALONE
def test_initial_weights_equal_those_of_torch_to_the_bit(cell: str) -> None:
    sizes = [(32, 32), (1, 1), (3, 5), (2, 17), (33, 100), (7, 8)]
    for (embedding_size, hidden_size), seed in product(sizes, [0, 1, 2**32 - 1]):
        expected = copy_weights(build_classifier(cell, "manual", embedding_size, hidden_size, seed=seed))
        drawn = draw_book_weights(cell, embedding_size, hidden_size, seed)
        assert drawn.keys() == expected.keys()
        for name, weights in expected.items():
            assert drawn[name].dtype == np.float32
            assert np.array_equal(drawn[name], weights), (name, embedding_size, hidden_size, seed)
