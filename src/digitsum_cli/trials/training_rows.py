"""Which rows a trial reads while it trains, and which test rows it has not seen."""

from digitsum_cli.core.audit import unseen_rows
from digitsum_cli.core.generation import Rows, Splits
from digitsum_cli.core.registry import ROWS
from digitsum_cli.core.training_rows import TrainingRows
from digitsum_cli.trials.trial import Trial


def training_rows(trial: Trial, splits: Splits) -> TrainingRows:
    """The rows of a trial's epochs."""
    return TrainingRows(splits.train, trial.train.shuffle, ROWS[trial.drawing.rows], trial.seed, trial.task)


def unseen_test_rows(trial: Trial, splits: Splits) -> Rows | None:
    """The test rows that are not in the training split; None with fresh rows, which are trained on in its place."""
    return None if ROWS[trial.drawing.rows] else unseen_rows(splits.test, splits.train)
