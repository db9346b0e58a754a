"""Scores of a trial's best checkpoint: one scoring function for every implementation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field

from digitsum_cli.core.accuracy_kind import AccuracyKind
from digitsum_cli.core.record import Score

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True)
class Scores:
    """The accuracies of a trial's best checkpoint, 0 to 1. Each field is a column of ``results.csv``.

    Arguments:
        test_accuracy: accuracy on the test set.
        exact_accuracy: accuracy over every possible draw of the generator; None if they cannot be listed, or if the
            data are not the generator's.
        train_accuracy: accuracy on the training set.
        test_rows: number of test rows.
        unseen_test_rows: number of test rows not in the training set; None if unknown, as with fresh rows.
        unseen_test_accuracy: accuracy on these; None if there are none.
        sampled_accuracy: accuracy on rows drawn for scoring alone; None if there are none.
        sampled_rows: number of these rows; None if there are none.
    """

    __pydantic_config__ = ConfigDict(extra="ignore")

    test_accuracy: Share
    exact_accuracy: Share | None
    train_accuracy: Share
    test_rows: Annotated[int, Field(gt=0)]
    unseen_test_rows: Count | None
    unseen_test_accuracy: Share | None
    sampled_accuracy: Share | None = None
    sampled_rows: Count | None = None

    def of_kind(self, kind: AccuracyKind) -> float | None:
        """The accuracy of a kind; None if it was not measured."""
        accuracy: float | None = getattr(self, kind.column)
        return accuracy


def test_and_headline(scores: Scores | None, kind: AccuracyKind) -> list[tuple[str, float | None]]:
    """The test accuracy and, if it is another one, the accuracy of a kind; with their names."""
    return [(each, scores.of_kind(each) if scores else None) for each in dict.fromkeys((AccuracyKind.TEST, kind))]


def score_best_checkpoint(
    score: Callable[[str], Score],
    generator_accuracy: Callable[[], float],
    *,
    kind: AccuracyKind,
    scoring_rows: int,
    test_rows: int,
    unseen_test_rows: int | None,
) -> Scores:
    """Scores a network.

    Arguments:
        score: returns the score on ``"train"``, ``"test"`` or ``"unseen_test"`` (the test rows not in the training
            set).
        generator_accuracy: returns the exact or the sampled accuracy; not called if the data are not the generator's.
        kind: the kind of accuracy that describes the data.
        scoring_rows: number of rows that a sampled accuracy is measured on.
        test_rows: number of test rows.
        unseen_test_rows: number of test rows not in the training set; None if unknown.
    """
    sampled = kind is AccuracyKind.SAMPLED
    return Scores(
        test_accuracy=score("test").accuracy,
        exact_accuracy=generator_accuracy() if kind is AccuracyKind.EXACT else None,
        sampled_accuracy=generator_accuracy() if sampled else None,
        sampled_rows=scoring_rows if sampled else None,
        train_accuracy=score("train").accuracy,
        test_rows=test_rows,
        unseen_test_rows=unseen_test_rows,
        unseen_test_accuracy=score("unseen_test").accuracy if unseen_test_rows else None,
    )
