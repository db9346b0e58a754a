"""Ways to train, each against the same in plain PyTorch."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy

from digitsum_cli.core import DigitSumClassifier, DigitSumDataset, Runner, TrainingRecord, build_classifier
from digitsum_cli.core.cells.torch_layer import TorchLayer
from digitsum_cli.core.generation import generate_splits
from digitsum_cli.core.training_rows import TrainingRows
from digitsum_cli.core.weights import copy_weights
from digitsum_cli.errors import InputError
from digitsum_cli.execution.training import build_optimizer, run_trial
from digitsum_cli.trials.plan import plan_trials
from tests.settings_text import from_set

SPLITS = generate_splits([6])[6]
TRAIN, EVAL = DigitSumDataset(SPLITS.train), DigitSumDataset(SPLITS.eval)
EPOCHS, STEPS = 4, 4 * 38


def model() -> DigitSumClassifier:
    return build_classifier("srn", "manual", 8, 9, seed=3)


def plain_losses(
    optimizer: Callable[[Any], torch.optim.Optimizer],
    *,
    reduction: str = "mean",
    clip: float | None = None,
    rate: Callable[[int], float] | None = None,
) -> list[float]:
    """The mean loss of every step of a loop that is written out."""
    net, losses = model(), []
    optimise = optimizer(net.parameters())
    for step in range(STEPS):
        digits, labels = list(TRAIN.batches(8))[step % 38]
        logits = net(digits)
        losses.append(cross_entropy(logits, labels).item())
        cross_entropy(logits, labels, reduction=reduction).backward()  # type: ignore[no-untyped-call]
        if clip is not None:
            total = math.sqrt(sum(float(p.grad.square().sum()) for p in net.parameters() if p.grad is not None))
            for p in net.parameters():
                assert p.grad is not None
                p.grad *= min(1.0, clip / total)
        if rate is not None:
            optimise.param_groups[0]["lr"] = rate(step)
        optimise.step()
        optimise.zero_grad()
    return losses


def train(net: DigitSumClassifier, optimizer: torch.optim.Optimizer | None = None, **options: Any) -> TrainingRecord:
    return Runner(net, optimizer).train(TRAIN, EVAL, epochs=EPOCHS, **options)


def sgd(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr=0.1)


def test_plain_gradient_descent() -> None:
    net = model()
    assert list(train(net, sgd(net.parameters())).step_losses) == plain_losses(sgd)


def test_cosine_schedule_falls_from_the_first_rate_to_nothing() -> None:
    net = model()
    optimizer = sgd(net.parameters())
    expected = plain_losses(sgd, rate=lambda step: 0.05 * (1 + math.cos(math.pi * step / STEPS)))
    assert train(net, optimizer, lr_schedule="cosine").step_losses == pytest.approx(expected, abs=1e-5)
    assert optimizer.param_groups[0]["lr"] == 0.1, "the optimizer is left with its rate"


def test_gradient_of_the_sum_is_that_of_the_mean_times_the_rows() -> None:
    net = model()
    summed = train(net, torch.optim.SGD(net.parameters(), lr=0.01), loss="sum")
    expected = plain_losses(lambda parameters: torch.optim.SGD(parameters, lr=0.01), reduction="sum")
    assert summed.step_losses == pytest.approx(expected, abs=1e-4)


def test_clipping_scales_all_gradients_together() -> None:
    net = model()
    clipped = train(net, sgd(net.parameters()), clip_norm=0.5)
    assert clipped.step_losses == pytest.approx(plain_losses(sgd, clip=0.5), abs=1e-5)
    assert clipped.step_losses[-1] != pytest.approx(plain_losses(sgd)[-1], abs=1e-3)


def test_clipping_that_never_acts_changes_no_bit() -> None:
    assert train(model(), clip_norm=1e9).step_losses == train(model()).step_losses


def test_recorded_norms_are_those_of_the_gradients_before_clipping() -> None:
    record = train(model(), record_gradients=True, clip_norm=1e-3)
    net = model()
    cross_entropy(net(TRAIN.digits[:8]), TRAIN.labels[:8]).backward()  # type: ignore[no-untyped-call]
    assert record.gradient_norms.keys() == dict(net.named_parameters()).keys()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None
        assert record.gradient_norms[name][0] == pytest.approx(float(parameter.grad.norm()), rel=1e-6)
        assert len(record.gradient_norms[name]) == STEPS


def test_recording_gradients_changes_no_bit() -> None:
    recorded, plain = train(model(), record_gradients=True), train(model())
    assert recorded.step_losses == plain.step_losses
    assert plain.gradient_norms == {}


def test_training_stops_after_evaluations_without_a_rise() -> None:
    """At a rate of next to nothing, the first evaluation stays the best."""
    net = model()
    record = train(net, torch.optim.SGD(net.parameters(), lr=1e-12), patience=3, eval_every=10)
    assert [evaluation.step for evaluation in record.evaluations] == [10, 20, 30, 40]
    assert len(record.step_losses) == 41
    assert record.best == record.evaluations[0]
    assert len(record.epoch_losses) == 1, "the epoch that was not finished has no mean"


def test_a_rise_starts_the_count_anew() -> None:
    until_the_end = train(model(), patience=10**6, eval_every=10)
    patient = train(model(), patience=2, eval_every=10)
    rises = [
        index
        for index, evaluation in enumerate(until_the_end.evaluations)
        if all(evaluation.eval_accuracy > before.eval_accuracy for before in until_the_end.evaluations[:index])
    ]
    gaps = [after - before for before, after in zip(rises, [*rises[1:], 10**9], strict=True)]
    last_rise = rises[next(place for place, gap in enumerate(gaps) if gap > 2)]
    assert len(patient.evaluations) == last_rise + 3


@pytest.mark.parametrize(("kind", "cls"), [("adam", torch.optim.Adam), ("sgd", torch.optim.SGD)])
def test_optimizer_of_a_trial_is_the_librarys_with_its_l2_penalty(kind: str, cls: type[torch.optim.Optimizer]) -> None:
    settings = from_set(f"train.optimizer={kind}", "train.weight_decay=0.1", "train.lr=0.5")
    (optimizer,) = {build_optimizer(trial, model().parameters()) for trial in plan_trials(settings).trials[:1]}
    assert type(optimizer) is cls
    assert optimizer.param_groups[0]["lr"] == 0.5
    assert optimizer.param_groups[0]["weight_decay"] == 0.1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "max"}, "loss is 'max'; allowed: mean, sum"),
        ({"lr_schedule": "step"}, "lr_schedule is 'step'; allowed: constant, cosine"),
        ({"clip_norm": 0.0}, "clip_norm is 0.0"),
        ({"clip_norm": math.nan}, "clip_norm is nan"),
        ({"patience": 0}, "patience is 0"),
    ],
)
def test_what_is_no_way_to_train_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        train(model(), **options)


def test_rows_that_change_are_asked_for_epoch_by_epoch() -> None:
    asked = []

    def rows_of_epoch(epoch: int) -> DigitSumDataset:
        asked.append(epoch)
        return DigitSumDataset(TrainingRows(SPLITS.train, shuffle=True, seed=1).for_epoch(epoch))

    net = model()
    record = Runner(net).train(rows_of_epoch, EVAL, epochs=3)
    assert asked[1:] == [0, 1, 2]  # once before, for their number
    assert len(record.step_losses) == 3 * 38


@pytest.mark.parametrize("impl", ["manual", "torch"])
@pytest.mark.slow
def test_every_option_reaches_a_trial(impl: str) -> None:
    """The same trial but for one setting gives other weights."""
    base = (f"model.impl={impl}", "data.lengths=5", "train.epochs=2", "train.seed=4")

    def weights(*assignments: str) -> bytes:
        plan = plan_trials(from_set(*base, *assignments))
        outcome = run_trial(plan.trials[0], plan.splits(plan.trials[0]))
        assert outcome.weights is not None
        return b"".join(outcome.weights[name].tobytes() for name in sorted(outcome.weights))

    plain = weights()
    for assignment in (
        "train.optimizer=sgd",
        "train.lr_schedule=cosine",
        "train.weight_decay=0.1",
        "train.clip_norm=0.01",
        "train.loss=sum",
        "train.shuffle=true",
        "data.rows=fresh",
        "model.activation=relu",
        "model.init=orthogonal",
    ):
        assert weights(assignment) != plain, assignment
    assert weights("train.record_gradients=true") == plain


def test_one_thread_two_trainings_the_same_bits() -> None:
    first, second = model(), model()
    train(first, lr_schedule="cosine", clip_norm=0.5, loss="sum")
    train(second, lr_schedule="cosine", clip_norm=0.5, loss="sum")
    weights = copy_weights(second)
    assert all((copy_weights(first)[name] == weights[name]).all() for name in weights)


def test_second_bias_held_at_zero_has_no_recorded_norm() -> None:
    net = build_classifier("srn", "torch", 4, 4)
    assert isinstance(net.rnn_model, TorchLayer)
    net.rnn_model.fix_second_bias_at_zero()
    record = Runner(net).train(TRAIN, EVAL, epochs=1, record_gradients=True)
    assert "rnn_model.rnn.bias_hh_l0" not in record.gradient_norms
