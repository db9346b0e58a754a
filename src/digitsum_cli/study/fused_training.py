"""One trial by the compiled trainer."""

import threading
import time
from collections.abc import Callable

from digitsum_cli.core.record import Evaluation, Progress
from digitsum_cli.fused.initial_weights import draw_book_weights
from digitsum_cli.fused.prefix_tree import Forest, plant_forest
from digitsum_cli.fused.trainer import EvaluationSet, FusedTrainer
from digitsum_cli.study.outcome import Outcome
from digitsum_cli.study.plan import Plan
from digitsum_cli.study.trial import Trial

_SECONDS_BETWEEN_REPORTS = 0.1

Prepared = tuple[Forest, EvaluationSet, EvaluationSet]


class PreparedData:
    """The data of a plan's trials in the trainer's form, made when first asked for and shared between threads."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._known: dict[tuple[str, int], Prepared] = {}
        self._lock = threading.Lock()

    def of(self, trial: Trial) -> Prepared:
        """The batches of the train split, and the eval and test splits."""
        key = (trial.data_digest, trial.batch_size)
        with self._lock:
            if key not in self._known:
                splits = self._plan.splits(trial)
                eval_set, test_set = (EvaluationSet(rows, trial.batch_size) for rows in (splits.eval, splits.test))
                self._known[key] = plant_forest(splits.train, trial.batch_size), eval_set, test_set
            return self._known[key]


def run_fused_trial(trial: Trial, data: PreparedData, on_progress: Callable[[Progress], None]) -> Outcome:
    """Trains one trial.

    Arguments:
        trial: what to train.
        data: its data.
        on_progress: is told where the training stands, some ten times a second; the numbers do not depend on when.
    """
    forest, eval_set, test_set = data.of(trial)
    trainer = FusedTrainer(
        draw_book_weights(trial.embedding_size, trial.hidden_size, trial.seed),
        forest,
        eval_set,
        test_set.forest.widest_step,
        epochs=trial.epochs,
        lr=trial.lr,
        eval_every=trial.eval_every,
    )
    start = time.perf_counter()
    steps, seen = 1, None
    while not trainer.ended:
        before = time.perf_counter()
        trainer.advance(steps)
        taken = time.perf_counter() - before
        steps = max(1, min(10 * steps, round(steps * _SECONDS_BETWEEN_REPORTS / taken)))
        on_progress(_progress(trainer, trial.epochs, seen))
        seen = trainer.last_evaluation()
    record = trainer.record()
    test = trainer.score_kept(test_set) if record.best else None
    seconds = time.perf_counter() - start
    return Outcome.of(record, test, seconds, trainer.kept_weights() if record.best else None)


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
