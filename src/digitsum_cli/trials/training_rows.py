"""The rows that a trial is trained on, and the test rows not among them."""

from digitsum_cli.core.audit import unseen_rows
from digitsum_cli.core.curriculum import Curriculum
from digitsum_cli.core.generation import Rows, Splits
from digitsum_cli.core.registry import CURRICULA, ROWS
from digitsum_cli.core.training_rows import TrainingRows
from digitsum_cli.trials.trial import Trial


def training_rows(trial: Trial, splits: Splits) -> TrainingRows:
    """The training rows of a trial, by epoch."""
    return TrainingRows(
        splits.train, trial.train.shuffle, ROWS[trial.drawing.rows], trial.seed, trial.task, curriculum_of(trial)
    )


def curriculum_of(trial: Trial) -> Curriculum | None:
    """The curriculum of a trial; None if all its rows have its length."""
    train = trial.train
    top = CURRICULA[train.curriculum].top
    if top is None:
        return None
    return Curriculum(top, train.curriculum_start, train.curriculum_share, train.batch_size, train.epochs)


def unseen_test_rows(trial: Trial, splits: Splits) -> Rows | None:
    """The test rows that are not in the training set; None with fresh rows, which replace the training set."""
    return None if ROWS[trial.drawing.rows] else unseen_rows(splits.test, splits.train)
