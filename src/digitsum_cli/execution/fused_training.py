"""One trial by the compiled trainer."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from digitsum_cli.core.audit import unseen_rows
from digitsum_cli.core.checkpoint import Weights
from digitsum_cli.core.generation import Splits
from digitsum_cli.core.record import Evaluation, Progress
from digitsum_cli.core.registry import CELLS, FUSED, INITIALISATIONS, OPTIMIZERS, ROWS, load
from digitsum_cli.execution.clock import Clock
from digitsum_cli.execution.state_keeper import StateKeeper
from digitsum_cli.fused.prefix_tree import Forest, PerEpochForests, build_prefix_forest
from digitsum_cli.fused.rule import Rule
from digitsum_cli.fused.trainer import EvaluationSet, FusedTrainer
from digitsum_cli.trials.outcome import KeptScores, Outcome
from digitsum_cli.trials.plan import Plan
from digitsum_cli.trials.training_rows import training_rows
from digitsum_cli.trials.trial import Trial

_SECONDS_BETWEEN_REPORTS = 0.1


@dataclass(frozen=True)
class Prepared:
    """The data of a trial in the trainer's form.

    Arguments:
        train: the batches of the train split.
        train_set, eval, test: the splits, to be scored.
        unseen_test: the test rows that do not stand in the train split; None if all of them do.
        splits: the same as rows.
    """

    train: Forest
    train_set: EvaluationSet
    eval: EvaluationSet
    test: EvaluationSet
    unseen_test: EvaluationSet | None
    splits: Splits


class PreparedData:
    """The data of a plan's trials, prepared when first asked for and shared between threads."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._known: dict[tuple[str, int], Prepared] = {}
        self._lock = threading.Lock()

    def of(self, trial: Trial) -> Prepared:
        """The data of a trial."""
        key = (trial.data_digest, trial.batch_size)
        with self._lock:
            if key not in self._known:
                self._known[key] = _prepare(self._plan.splits(trial), trial.batch_size)
            return self._known[key]


def _prepare(splits: Splits, batch_size: int) -> Prepared:
    unseen = unseen_rows(splits.test, splits.train)
    return Prepared(
        build_prefix_forest(splits.train, batch_size),
        EvaluationSet(splits.train, batch_size),
        EvaluationSet(splits.eval, batch_size),
        EvaluationSet(splits.test, batch_size),
        EvaluationSet(unseen, batch_size) if len(unseen) else None,
        splits,
    )


def run_fused_trial(
    trial: Trial, data: PreparedData, on_progress: Callable[[Progress], None], keeper: StateKeeper | None = None
) -> Outcome:
    """Trains one trial.

    Arguments:
        trial: what to train.
        data: its data.
        on_progress: is told where the training stands, some ten times a second; the numbers do not depend on when.
        keeper: where to go on from, and where to keep the state meanwhile.
    """
    prepared = data.of(trial)
    rows = training_rows(trial, prepared.splits)
    trainer = FusedTrainer(
        CELLS[trial.cell].implementations[FUSED][trial.activation],
        initial_weights(trial),
        PerEpochForests(rows.of_epoch, trial.batch_size) if rows.change else prepared.train,
        prepared.eval,
        max(prepared.train_set.forest.widest_step, prepared.test.forest.widest_step),
        epochs=trial.epochs,
        rule=rule_of(trial),
        lr_schedule=trial.lr_schedule,
        loss=trial.loss,
        eval_every=trial.eval_every,
    )
    saved = keeper.saved() if keeper else None
    if saved:
        trainer.restore(saved)
    clock = Clock(keeper.seconds_before if keeper else 0.0)
    steps, seen = 1, None
    while not trainer.ended:
        before = time.perf_counter()
        trainer.advance(steps)
        taken = time.perf_counter() - before
        steps = max(1, min(10 * steps, round(steps * _SECONDS_BETWEEN_REPORTS / taken)))
        if keeper and not trainer.ended:
            keeper.offer(trainer.state(), clock.seconds())
        on_progress(_progress(trainer, trial.epochs, seen))
        seen = trainer.last_evaluation()
    record = trainer.record()
    if record.best is None:
        return Outcome.of(record, None, clock.seconds(), None)
    test = trainer.score_kept(prepared.test)
    seconds = clock.seconds()
    fresh = ROWS[trial.rows]
    unseen = None if fresh else prepared.unseen_test
    kept = KeptScores(
        train_accuracy=trainer.score_kept(prepared.train_set).accuracy,
        test_accuracy=test.accuracy,
        test_rows=prepared.test.rows,
        unseen_test_accuracy=trainer.score_kept(unseen).accuracy if unseen else None,
        unseen_test_rows=unseen.rows if unseen else None if fresh else 0,
        exact_accuracy=trainer.exact_accuracy_of_kept(),
    )
    return Outcome.of(record, kept, seconds, trainer.kept_weights())


def rule_of(trial: Trial) -> Rule:
    """How the weights of a trial are updated: by the settings of the same names."""
    settings = {**vars(trial), "patience": trial.early_stop}
    settings["optimizer"] = load(str(OPTIMIZERS[trial.optimizer].fused))
    return Rule(**{name: settings[name] for name in Rule._fields})


def initial_weights(trial: Trial) -> Weights:
    """The weights that a trial starts with, those of the manual cell.

    They are drawn without torch if they can be: it takes longer to load than a training.
    """
    draw = INITIALISATIONS[trial.init].arrays
    if draw and trial.forget_bias is None:
        weights: Weights = load(draw)(trial.cell, trial.embedding_size, trial.hidden_size, trial.seed)
        return weights
    from digitsum_cli.core.weights import copy_weights
    from digitsum_cli.execution.training import build_trial_classifier

    return copy_weights(build_trial_classifier(trial))


def _progress(trainer: FusedTrainer, epochs: int, seen: Evaluation | None) -> Progress:
    latest = trainer.last_evaluation()
    step = max(0, trainer.step - 1)
    return Progress(
        step,
        trainer.steps,
        step // trainer.steps_per_epoch,
        epochs,
        trainer.last_loss(),
        None if latest == seen else latest,
        trainer.best(),
    )
