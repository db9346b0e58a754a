"""Trains one trial with the compiled trainer."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from digitsum_cli.core.audit import unseen_rows
from digitsum_cli.core.checkpoint import Weights
from digitsum_cli.core.generation import Splits, rows_of_equal_weight, weighted_mean
from digitsum_cli.core.record import Evaluation, Progress
from digitsum_cli.core.registry import CELLS, FUSED, INITIALISATIONS, OPTIMIZERS, ROWS, load
from digitsum_cli.core.sampled import draw_scoring_rows
from digitsum_cli.core.tasks.draws import Draws
from digitsum_cli.execution.clock import Clock
from digitsum_cli.execution.state_keeper import StateKeeper
from digitsum_cli.fused.prefix_tree import Forest, PerEpochForests, build_prefix_forest
from digitsum_cli.fused.rule import Rule
from digitsum_cli.fused.trainer import EvaluationSet, FusedTrainer
from digitsum_cli.trials.outcome import Outcome
from digitsum_cli.trials.plan import Plan
from digitsum_cli.trials.scores import score_best_checkpoint
from digitsum_cli.trials.training_rows import training_rows
from digitsum_cli.trials.trial import Trial

_SECONDS_BETWEEN_REPORTS = 0.1


@dataclass(frozen=True)
class Prepared:
    """The data of a trial, prepared for the compiled trainer.

    Arguments:
        train: prefix forest of the training set.
        sets: the sets to score: ``train``, ``eval``, ``test`` and, if there are unseen rows, ``unseen_test``.
        unseen_test_rows: number of test rows not in the training set.
        splits: the splits as rows.
    """

    train: Forest
    sets: Mapping[str, EvaluationSet]
    unseen_test_rows: int
    splits: Splits


class PreparedData:
    """The data of a plan's trials, prepared on first use and shared between threads."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._prepared: dict[tuple[str, int], Prepared] = {}
        self._lock = threading.Lock()

    def of(self, trial: Trial) -> Prepared:
        """The prepared data of a trial."""
        key = (trial.data_digest, trial.train.batch_size)
        with self._lock:
            if key not in self._prepared:
                self._prepared[key] = _prepare(self._plan.splits(trial), trial.train.batch_size)
            return self._prepared[key]


def _prepare(splits: Splits, batch_size: int) -> Prepared:
    unseen = unseen_rows(splits.test, splits.train)
    rows = {**dict(splits.items()), **({"unseen_test": unseen} if len(unseen) else {})}
    return Prepared(
        build_prefix_forest(splits.train, batch_size),
        {name: EvaluationSet(set_rows, batch_size) for name, set_rows in rows.items()},
        len(unseen),
        splits,
    )


def run_fused_trial(
    trial: Trial,
    data: PreparedData,
    on_progress: Callable[[Progress], None],
    keeper: StateKeeper | None = None,
    start_weights: Weights | None = None,
) -> Outcome:
    """Trains one trial.

    Arguments:
        trial: what to train.
        data: the prepared data.
        on_progress: called with the progress about ten times a second; the results do not depend on when.
        keeper: gives the state to resume from, and saves the state during training.
        start_weights: the weights to start from; None to draw them.
    """
    prepared = data.of(trial)
    rows = training_rows(trial, prepared.splits)
    trainer = FusedTrainer(
        CELLS[trial.model.cell].implementations[FUSED][trial.model.activation],
        initial_weights(trial) if start_weights is None else start_weights,
        PerEpochForests(rows.for_epoch, trial.train.batch_size) if rows.vary_by_epoch else prepared.train,
        prepared.sets["eval"],
        max(prepared.sets[name].forest.widest_step for name in ("train", "test")),
        task=trial.task,
        epochs=trial.train.epochs,
        rule=rule_of(trial),
        lr_schedule=trial.train.lr_schedule,
        loss=trial.train.loss,
        eval_every=trial.train.eval_every,
    )
    saved = keeper.saved() if keeper else None
    if saved:
        trainer.restore(saved)
    clock = Clock(keeper.seconds_before if keeper else 0.0)
    steps, reported = 1, None
    while not trainer.ended:
        before = time.perf_counter()
        trainer.advance(min(steps, max(1, trainer.steps - 1 - trainer.step)))  # the last step alone, see StateKeeper
        elapsed = time.perf_counter() - before
        steps = max(1, min(10 * steps, round(steps * _SECONDS_BETWEEN_REPORTS / elapsed)))
        if keeper and not trainer.ended:
            keeper.offer(trainer.state(), clock.seconds())
        on_progress(_progress(trainer, trial.train.epochs, reported))
        reported = trainer.last_evaluation()
    record, seconds = trainer.record(), clock.seconds()
    if record.best is None:
        return Outcome.of(record, None, seconds, None)
    scores = score_best_checkpoint(
        lambda split: trainer.score_best(prepared.sets[split]),
        lambda: _generator_accuracy(trainer, trial),
        kind=trial.accuracy_kind,
        scoring_rows=trial.scoring_rows,
        test_rows=len(prepared.splits.test),
        unseen_test_rows=None if ROWS[trial.drawing.rows] else prepared.unseen_test_rows,
    )
    return Outcome.of(record, scores, seconds, trainer.best_weights())


def _generator_accuracy(trainer: FusedTrainer, trial: Trial) -> float:
    """The exact accuracy, or the sampled one; as ``digitsum_cli.core.exact.generator_score``."""
    every_row = trial.task.every_row(trial.length)
    if isinstance(every_row, Draws):
        return trainer.exact_accuracy_of_best()
    if every_row is not None:
        groups = rows_of_equal_weight(every_row, trial.task)
        return weighted_mean((share, trainer.accuracy_of_best(rows)) for share, rows in groups)
    return trainer.accuracy_of_best(draw_scoring_rows(trial.length, trial.scoring_rows, trial.task))


def rule_of(trial: Trial) -> Rule:
    """The update rule of a trial, from the settings of the same names."""
    settings = {**dict(trial.train), "optimizer": load(str(OPTIMIZERS[trial.train.optimizer].fused))}
    return Rule(**{name: settings[name] for name in Rule._fields})


def initial_weights(trial: Trial) -> Weights:
    """The initial weights of a trial, in the layout of the manual cell.

    They are drawn without torch where possible, since loading torch takes longer than a training.
    """
    model = trial.model
    draw = INITIALISATIONS[model.init].arrays
    if draw and model.forget_bias is None:
        weights: Weights = load(draw)(
            model.cell,
            model.embedding_size,
            model.hidden_size,
            trial.seed,
            trial.task,
            input_scale=model.input_scale,
            recurrent_scale=model.recurrent_scale,
        )
        return weights
    from digitsum_cli.core.weights import copy_weights
    from digitsum_cli.execution.training import build_trial_classifier

    return copy_weights(build_trial_classifier(trial))


def _progress(trainer: FusedTrainer, epochs: int, reported: Evaluation | None) -> Progress:
    latest = trainer.last_evaluation()
    step = max(0, trainer.step - 1)
    return Progress(
        step,
        trainer.steps,
        step // trainer.steps_per_epoch,
        epochs,
        trainer.last_loss(),
        None if latest == reported else latest,
        trainer.best(),
    )
