"""The Runner against the plain loop, to the bit, and against the book's first numbers."""

from typing import Any

import pytest
import torch
from torch import Tensor

from digitsum_cli.core import Progress, Runner, build_classifier, generate_datasets
from digitsum_cli.core.dataset import DigitSumDataset
from digitsum_cli.core.record import Ending, TrainingRecord
from digitsum_cli.core.weights import copy_weights
from digitsum_cli.errors import InputError
from tests.book_facts import BOOK
from tests.plain_loop import train_plainly

DATA = generate_datasets([5, 12, 20])


def whole(dataset: DigitSumDataset) -> tuple[Tensor, Tensor]:
    return dataset.digits, dataset.labels


def train(impl: str, length: int, seed: int = 0, lr: float = 0.001, **arguments: Any) -> tuple[Runner, TrainingRecord]:
    model = build_classifier("srn", impl, seed=seed)
    runner = Runner(model, torch.optim.Adam(model.parameters(), lr=lr))
    data = DATA[length]
    return runner, runner.train(data.train, data.eval, **arguments)


@pytest.mark.parametrize("impl", ["manual", "torch"])
@pytest.mark.parametrize(("length", "seed", "epochs"), [(5, 0, 6), (12, 1, 4), (20, 2, 3)])
def test_training_equals_the_plain_loop_to_the_bit(impl: str, length: int, seed: int, epochs: int) -> None:
    runner, record = train(impl, length, seed, epochs=epochs)
    data = DATA[length]
    plain = train_plainly(impl, whole(data.train), whole(data.eval), whole(data.test), seed=seed, epochs=epochs)
    assert list(record.step_losses) == plain.step_losses
    assert list(record.epoch_losses) == plain.epoch_losses
    assert [(e.step, e.eval_loss, e.eval_accuracy) for e in record.evaluations] == plain.evaluations
    assert record.best is not None
    assert (record.best.step, record.best.eval_accuracy) == (plain.best_step, plain.best_accuracy)
    score = runner.evaluate(data.test)
    assert (score.loss, score.accuracy) == (plain.test_loss, plain.test_accuracy)
    kept = copy_weights(runner.model)
    assert all((kept[name] == plain.weights[name].numpy()).all() for name in plain.weights)
    assert kept.keys() == plain.weights.keys()


@pytest.mark.parametrize("impl", ["manual", "torch"])
def test_other_settings_equal_the_plain_loop_to_the_bit(impl: str) -> None:
    data = DATA[5]
    model = build_classifier("srn", impl, embedding_size=7, hidden_size=11, seed=3)
    runner = Runner(model, torch.optim.Adam(model.parameters(), lr=0.01))
    record = runner.train(data.train, data.eval, epochs=3, batch_size=32, eval_every=7)
    plain = train_plainly(
        impl,
        *(whole(data.train), whole(data.eval), whole(data.test)),
        **{"seed": 3, "epochs": 3, "lr": 0.01, "batch_size": 32, "eval_every": 7, "sizes": (7, 11)},  # type: ignore[arg-type]
    )
    assert list(record.step_losses) == plain.step_losses
    assert [(e.step, e.eval_loss, e.eval_accuracy) for e in record.evaluations] == plain.evaluations


@pytest.mark.parametrize("impl", ["manual", "torch"])
def test_first_losses_are_those_of_the_book(impl: str) -> None:
    _, record = train(impl, 5, epochs=1)
    assert record.step_losses[:10] == pytest.approx(BOOK[impl]["first_ten_step_losses"], abs=1e-6)


def test_evaluations_stand_at_multiples_and_at_the_last_step() -> None:
    _, record = train("manual", 5, epochs=6)
    assert [evaluation.step for evaluation in record.evaluations] == [100, 200, 227]
    assert [evaluation.epoch for evaluation in record.evaluations] == [2, 5, 5]


def test_evaluation_carries_the_loss_of_its_own_step() -> None:
    _, record = train("manual", 5, epochs=6)
    assert all(e.train_loss == record.step_losses[e.step] for e in record.evaluations)


def test_single_step_is_evaluated_so_that_weights_are_kept() -> None:
    _, record = train("manual", 5, epochs=1, batch_size=300)
    assert [evaluation.step for evaluation in record.evaluations] == [0]
    assert record.best == record.evaluations[0]


@pytest.mark.slow
def test_model_is_left_with_the_kept_weights_not_the_last() -> None:
    runner, record = train("manual", 5, epochs=40, lr=0.02)
    assert record.best is not None
    assert record.best != record.evaluations[-1], "the case must tell kept from last"
    assert runner.evaluate(DATA[5].eval).accuracy == record.best.eval_accuracy


def test_equal_accuracy_keeps_the_earlier_weights() -> None:
    _, record = train("manual", 5, epochs=10)
    assert record.best is not None
    first = next(e for e in record.evaluations if e.eval_accuracy == record.best.eval_accuracy)
    assert record.best == first


def test_evaluating_changes_nothing() -> None:
    runner, _ = train("manual", 5, epochs=1)
    before = copy_weights(runner.model)
    assert runner.evaluate(DATA[5].test) == runner.evaluate(DATA[5].test)
    assert all((before[name] == after).all() for name, after in copy_weights(runner.model).items())


def test_progress_is_told_at_log_steps_and_evaluations() -> None:
    seen: list[Progress] = []
    data = DATA[5]
    Runner(build_classifier()).train(
        data.train, data.eval, epochs=2, eval_every=30, log_every=25, on_progress=seen.append
    )
    assert [progress.step for progress in seen] == [0, 25, 30, 50, 60, 75]
    assert [progress.step for progress in seen if progress.evaluation] == [30, 60, 75]
    assert seen[-1].steps == 76
    assert seen[0].best is None
    assert seen[-1].best is not None


def test_training_stops_where_the_loss_is_not_finite() -> None:
    _, record = train("manual", 5, lr=1e37, epochs=2)
    assert record.ending is Ending.LOSS_NOT_FINITE
    assert record.updates == len(record.step_losses) - 1
    assert not torch.isfinite(torch.tensor(record.step_losses[-1]))
    assert all(torch.isfinite(torch.tensor(record.step_losses[:-1])))


def test_predict_gives_the_logits_of_the_model() -> None:
    runner = Runner(build_classifier())
    digits = DATA[5].test.digits
    assert torch.equal(runner.predict(digits), runner.model(digits))


def test_saved_model_loads_to_the_same_answers(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("saved") / "model.safetensors"
    runner, _ = train("manual", 5, epochs=1)
    runner.save_model(path)
    other = Runner(build_classifier(seed=9))
    other.load_model(path)
    digits = DATA[5].test.digits
    assert torch.equal(other.predict(digits), runner.predict(digits))


def test_model_of_another_size_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("saved") / "model.safetensors"
    Runner(build_classifier(hidden_size=16)).save_model(path)
    with pytest.raises(InputError, match=r"linear\.weight is float32 of shape \(19, 16\)"):
        Runner(build_classifier()).load_model(path)


@pytest.mark.parametrize("name", ["epochs", "batch_size", "eval_every", "log_every"])
def test_counts_below_one_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} is 0"):
        train("manual", 5, **{name: 0})
