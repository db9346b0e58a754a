"""Trains trials that differ only in their seeds at once."""

from collections.abc import Callable, Sequence
from functools import partial

from digitsum_cli.core.checkpoint import Weights
from digitsum_cli.core.dataset import DigitSumDataset, DigitSumSplits
from digitsum_cli.core.ensemble import EnsembleRunner
from digitsum_cli.core.generation import Splits
from digitsum_cli.core.record import Progress
from digitsum_cli.core.training_rows import TrainingRows
from digitsum_cli.core.weights import load_weights
from digitsum_cli.execution.clock import Clock
from digitsum_cli.execution.training import (
    build_optimizer,
    build_trial_classifier,
    runner_options,
    scored_outcome,
    use_one_thread,
)
from digitsum_cli.trials.outcome import Outcome
from digitsum_cli.trials.training_rows import training_rows
from digitsum_cli.trials.trial import Trial


def run_ensemble(
    trials: Sequence[Trial],
    splits: Splits,
    starts: Sequence[Weights | None],
    on_progress: Callable[[int, Progress], None],
    log_every: int,
) -> list[Outcome]:
    """Trains trials that differ only in their seeds.

    Arguments:
        trials: what to train, one or more.
        splits: their data.
        starts: the weights that each starts from; None to draw them.
        on_progress: called with the index of a trial and its progress.
        log_every: number of steps between progress reports.

    Returns:
        The outcome of each; its duration is its share of that of all.
    """
    use_one_thread()
    trial, clock = trials[0], Clock(0.0)
    device = trial.train.device
    data = DigitSumSplits.of(splits, device)
    models = [build_trial_classifier(each, device) for each in trials]
    for model, weights in zip(models, starts, strict=True):
        if weights is not None:
            load_weights(model, weights)
    runner = EnsembleRunner(models, partial(build_optimizer, trial))
    records = runner.train(
        [partial(_rows_of_epoch, training_rows(each, splits), device) for each in trials],
        data.eval,
        **runner_options(trial),
        log_every=log_every,
        on_progress=on_progress,
    )
    seconds = clock.seconds() / len(trials)
    return [
        scored_outcome(each, model, record, splits, data, seconds)
        for each, model, record in zip(trials, models, records, strict=True)
    ]


def _rows_of_epoch(rows: TrainingRows, device: str, epoch: int) -> DigitSumDataset:
    return DigitSumDataset(rows.for_epoch(epoch), device)
