"""Scores of a trial's best checkpoint: one scoring function for every implementation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field

from digitsum_cli.core.record import Score

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True)
class Scores:
    """The accuracies of a trial's best checkpoint, 0 to 1. Each field is a column of ``results.csv``.

    Arguments:
        test_accuracy: accuracy on the test set.
        exact_accuracy: accuracy over every possible draw of the generator.
        train_accuracy: accuracy on the training set.
        test_rows: number of test rows.
        unseen_test_rows: number of test rows not in the training set; None if unknown, as with fresh rows.
        unseen_test_accuracy: accuracy on these; None if there are none.
    """

    __pydantic_config__ = ConfigDict(extra="ignore")

    test_accuracy: Share
    exact_accuracy: Share
    train_accuracy: Share
    test_rows: Annotated[int, Field(gt=0)]
    unseen_test_rows: Count | None
    unseen_test_accuracy: Share | None


def score_best_checkpoint(
    score: Callable[[str], Score],
    exact_accuracy: Callable[[], float],
    *,
    test_rows: int,
    unseen_test_rows: int | None,
) -> Scores:
    """Scores a network.

    Arguments:
        score: returns the score on ``"train"``, ``"test"`` or ``"unseen_test"`` (the test rows not in the training
            set).
        exact_accuracy: returns the accuracy over every possible draw of the generator.
        test_rows: number of test rows.
        unseen_test_rows: number of test rows not in the training set; None if unknown.
    """
    return Scores(
        test_accuracy=score("test").accuracy,
        exact_accuracy=exact_accuracy(),
        train_accuracy=score("train").accuracy,
        test_rows=test_rows,
        unseen_test_rows=unseen_test_rows,
        unseen_test_accuracy=score("unseen_test").accuracy if unseen_test_rows else None,
    )
