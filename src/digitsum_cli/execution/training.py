"""Trains one trial with autograd: builds the classifier, trains it, and scores the best checkpoint."""

from collections.abc import Callable, Iterable
from inspect import signature
from typing import Any

import torch

from digitsum_cli.core.checkpoint import Weights
from digitsum_cli.core.classifier import DigitSumClassifier, build_classifier
from digitsum_cli.core.dataset import DigitSumDataset, DigitSumSplits
from digitsum_cli.core.exact import generator_score
from digitsum_cli.core.generation import Splits
from digitsum_cli.core.record import Progress, TrainingRecord
from digitsum_cli.core.registry import AUTOGRAD, MANUAL, OPTIMIZERS, load
from digitsum_cli.core.runner import Runner
from digitsum_cli.core.weights import copy_weights, load_weights
from digitsum_cli.execution.clock import Clock
from digitsum_cli.execution.state_keeper import StateKeeper
from digitsum_cli.settings.schema import TrainSettings
from digitsum_cli.trials.outcome import Outcome
from digitsum_cli.trials.scores import score_best_checkpoint
from digitsum_cli.trials.training_rows import training_rows, unseen_test_rows
from digitsum_cli.trials.trial import Trial

_RUNNER_SETTINGS = TrainSettings.model_fields.keys() & signature(Runner.train).parameters.keys() - {"log_every"}


def use_one_thread() -> None:
    """Limits torch to one thread: the networks are small, and results must not depend on the number of cores."""
    torch.set_num_threads(1)


def build_trial_classifier(trial: Trial, device: str = "cpu") -> DigitSumClassifier:
    """The classifier of a trial with its initial weights; ``fused`` and ``ensemble`` have the manual one's."""
    model = trial.model.model_dump(exclude={"impl"})
    impl = trial.model.impl if trial.model.impl in AUTOGRAD else MANUAL
    return build_classifier(impl=impl, **model, seed=trial.seed, length=trial.length, task=trial.task).to(device)


def build_optimizer(trial: Trial, parameters: Iterable[torch.Tensor]) -> torch.optim.Optimizer:
    """The optimizer of a trial; weight decay is PyTorch's L2 penalty, added to the gradients."""
    optimizer: torch.optim.Optimizer = load(OPTIMIZERS[trial.train.optimizer].autograd)(
        parameters, lr=trial.train.lr, weight_decay=trial.train.weight_decay
    )
    return optimizer


def runner_options(trial: Trial) -> dict[str, Any]:
    """The settings of a trial that ``Runner.train`` accepts under the same names."""
    return {name: getattr(trial.train, name) for name in _RUNNER_SETTINGS}


def run_trial(
    trial: Trial,
    splits: Splits,
    on_progress: Callable[[Progress], None] | None = None,
    log_every: int = 100,
    keeper: StateKeeper | None = None,
    start_weights: Weights | None = None,
) -> Outcome:
    """Trains one trial.

    Arguments:
        trial: what to train.
        splits: the data.
        on_progress: called with the progress every ``log_every`` steps and at every evaluation.
        log_every: number of steps between progress reports.
        keeper: gives the state to resume from, and saves the state during training.
        start_weights: the weights to start from; None to draw them.
    """
    use_one_thread()
    data = DigitSumSplits.of(splits, trial.train.device)
    rows = training_rows(trial, splits)
    model = build_trial_classifier(trial, trial.train.device)
    if start_weights is not None:
        load_weights(model, start_weights)
    runner = Runner(model, build_optimizer(trial, model.parameters()))
    start = keeper.saved() if keeper else None
    clock = Clock(keeper.seconds_before if keeper else 0.0)
    record = runner.train(
        (lambda epoch: DigitSumDataset(rows.for_epoch(epoch), trial.train.device))
        if rows.vary_by_epoch
        else data.train,
        data.eval,
        **runner_options(trial),
        log_every=log_every,
        start=start,
        on_state=(lambda state: keeper.offer(state, clock.seconds())) if keeper else None,
        on_progress=on_progress,
    )
    return scored_outcome(trial, model, record, splits, data, clock.seconds())


def scored_outcome(
    trial: Trial,
    model: DigitSumClassifier,
    record: TrainingRecord,
    splits: Splits,
    data: DigitSumSplits,
    seconds: float,
) -> Outcome:
    """The outcome of a training, with the scores of its best checkpoint.

    Arguments:
        trial: what was trained.
        model: the classifier, with the best checkpoint if there is one.
        record: the record of the training.
        splits, data: the rows, and as tensors.
        seconds: how long it took.
    """
    if record.best is None:
        return Outcome.of(record, None, seconds, None)
    runner = Runner(model)
    unseen = unseen_test_rows(trial, splits)
    sets = {"train": data.train, "test": data.test}
    if unseen:
        sets["unseen_test"] = DigitSumDataset(unseen, trial.train.device)
    scores = score_best_checkpoint(
        lambda split: runner.evaluate(sets[split], batch_size=trial.train.batch_size),
        lambda: generator_score(model, trial.length, trial.task, trial.scoring_rows).accuracy,
        kind=trial.accuracy_kind,
        scoring_rows=trial.scoring_rows,
        test_rows=len(splits.test),
        unseen_test_rows=None if unseen is None else len(unseen),
    )
    return Outcome.of(record, scores, seconds, copy_weights(model))
