"""How the best checkpoint of a trial does: one scoring function for every implementation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field

from digitsum_cli.core.record import Score

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True)
class Scores:
    """The accuracies of the best checkpoint of a trial, 0 to 1. A field is a column of ``results.csv``.

    Arguments:
        test_accuracy: on the test rows.
        exact_accuracy: over every draw of the generator.
        train_accuracy: on the training rows.
        test_rows: how many test rows there are.
        unseen_test_rows: how many of them are not in the training set; None if that is not known, as with fresh rows.
        unseen_test_accuracy: on these; None if there are none.
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
        score: gives its score on the rows of ``"train"``, ``"test"``, or ``"unseen_test"``: test rows not in the
            training set.
        exact_accuracy: gives its accuracy over every draw of the generator.
        test_rows: how many test rows there are.
        unseen_test_rows: how many of them are not in the training set; None if that is not known.
    """
    return Scores(
        test_accuracy=score("test").accuracy,
        exact_accuracy=exact_accuracy(),
        train_accuracy=score("train").accuracy,
        test_rows=test_rows,
        unseen_test_rows=unseen_test_rows,
        unseen_test_accuracy=score("unseen_test").accuracy if unseen_test_rows else None,
    )
