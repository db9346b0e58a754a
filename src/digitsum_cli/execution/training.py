"""One trial on the core: build the classifier, train it, score the kept weights."""

from collections.abc import Callable
from inspect import signature
from typing import Any

import torch

from digitsum_cli.core.classifier import DigitSumClassifier, build_classifier
from digitsum_cli.core.dataset import DigitSumDataset, DigitSumSplits
from digitsum_cli.core.exact import exact_score
from digitsum_cli.core.generation import Splits
from digitsum_cli.core.record import Progress
from digitsum_cli.core.registry import FUSED, MANUAL, OPTIMIZERS, load
from digitsum_cli.core.runner import Runner
from digitsum_cli.core.weights import copy_weights
from digitsum_cli.execution.clock import Clock
from digitsum_cli.execution.state_keeper import StateKeeper
from digitsum_cli.settings.schema import TrainSettings
from digitsum_cli.trials.outcome import KeptScores, Outcome
from digitsum_cli.trials.training_rows import training_rows, unseen_test_rows
from digitsum_cli.trials.trial import Trial

_RUNNER_SETTINGS = TrainSettings.model_fields.keys() & signature(Runner.train).parameters.keys() - {"log_every"}


def use_one_thread() -> None:
    """Gives torch one thread: the networks are small, and the bits of a result must not depend on the machine."""
    torch.set_num_threads(1)


def build_trial_classifier(trial: Trial) -> DigitSumClassifier:
    """The classifier of a trial with its initial weights; one trained by ``fused`` is the manual one."""
    classifier = build_classifier(
        trial.cell,
        MANUAL if trial.impl == FUSED else trial.impl,
        trial.embedding_size,
        trial.hidden_size,
        trial.init,
        trial.seed,
        activation=trial.activation,
        init_scale=trial.init_scale,
        forget_bias=trial.forget_bias,
        length=trial.length,
    )
    return classifier.to(trial.device)


def build_optimizer(trial: Trial, model: DigitSumClassifier) -> torch.optim.Optimizer:
    """The optimizer of a trial; weight decay is the L2 penalty, as the library adds it to the gradients."""
    optimizer: torch.optim.Optimizer = load(OPTIMIZERS[trial.optimizer].autograd)(
        model.parameters(), lr=trial.lr, weight_decay=trial.weight_decay
    )
    return optimizer


def runner_options(trial: Trial) -> dict[str, Any]:
    """The settings of a trial that the Runner takes, under the same names."""
    settings = {**vars(trial), "patience": trial.early_stop}
    return {name: settings[name] for name in _RUNNER_SETTINGS}


def run_trial(
    trial: Trial,
    splits: Splits,
    on_progress: Callable[[Progress], None] | None = None,
    log_every: int = 100,
    keeper: StateKeeper | None = None,
) -> Outcome:
    """Trains one trial.

    Arguments:
        trial: what to train.
        splits: its data.
        on_progress: is told where the training stands, every ``log_every`` steps and at every evaluation.
        log_every: in steps.
        keeper: where to go on from, and where to keep the state meanwhile.
    """
    use_one_thread()
    data = DigitSumSplits.of(splits, trial.device)
    rows = training_rows(trial, splits)
    model = build_trial_classifier(trial)
    runner = Runner(model, build_optimizer(trial, model))
    start = keeper.saved() if keeper else None
    clock = Clock(keeper.seconds_before if keeper else 0.0)
    record = runner.train(
        (lambda epoch: DigitSumDataset(rows.of_epoch(epoch), trial.device)) if rows.change else data.train,
        data.eval,
        **runner_options(trial),
        log_every=log_every,
        start=start,
        on_state=(lambda state: keeper.offer(state, clock.seconds())) if keeper else None,
        on_progress=on_progress,
    )
    if record.best is None:
        return Outcome.of(record, None, clock.seconds(), None)
    test = runner.evaluate(data.test, batch_size=trial.batch_size)
    seconds = clock.seconds()
    unseen = unseen_test_rows(trial, splits)
    unseen_test = runner.evaluate(DigitSumDataset(unseen, trial.device)) if unseen else None
    kept = KeptScores(
        train_accuracy=runner.evaluate(data.train, batch_size=len(splits.train)).accuracy,
        test_accuracy=test.accuracy,
        test_rows=len(splits.test),
        unseen_test_accuracy=unseen_test.accuracy if unseen_test else None,
        unseen_test_rows=None if unseen is None else len(unseen),
        exact_accuracy=exact_score(model, trial.length).accuracy,
    )
    return Outcome.of(record, kept, seconds, copy_weights(model))
