"""Rows of the splits of a length that occur twice, that are also in the training set, or that no generator draws."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.generation import Rows, Splits
from digitsum_cli.core.tasks import DIGIT_SUM, Task


@dataclass(frozen=True)
class Audit:
    """Counts of rows in the data of one length.

    Arguments:
        length: digits per row.
        train_rows, eval_rows, test_rows: number of rows in each split.
        train_duplicates, eval_duplicates, test_duplicates: rows that repeat an earlier row of the same split.
        eval_in_train, test_in_train: rows that are also in the training set.
        train_outside, eval_outside, test_outside: rows that the task's generator cannot draw; None if not counted, as
            in digitsum 0.1.0.
    """

    length: int
    train_rows: int
    eval_rows: int
    test_rows: int
    train_duplicates: int
    eval_duplicates: int
    test_duplicates: int
    eval_in_train: int
    test_in_train: int
    train_outside: int | None = None
    eval_outside: int | None = None
    test_outside: int | None = None

    @property
    def outside(self) -> int:
        """The number of rows, of all splits, that the task's generator cannot draw."""
        return sum(count or 0 for count in (self.train_outside, self.eval_outside, self.test_outside))


def audit_splits(splits: Splits, task: Task = DIGIT_SUM) -> Audit:
    """Counts the duplicate rows within and between the splits of one length, and those outside a task's generator."""
    train, eval_, test = splits.train, splits.eval, splits.test
    return Audit(
        splits.length,
        *(len(rows) for rows in (train, eval_, test)),
        *(len(rows) - len(set(_keys(rows))) for rows in (train, eval_, test)),
        *(int((~unseen(rows, train)).sum()) for rows in (eval_, test)),
        *(_count_outside(rows, task) for rows in (train, eval_, test)),
    )


def count_outside(splits: Splits, task: Task) -> int:
    """The number of rows, of all splits, that a task's generator cannot draw."""
    return sum(_count_outside(rows, task) for _, rows in splits.items())


def _count_outside(rows: Rows, task: Task) -> int:
    return int((~task.supports(rows.digits)).sum())


def unseen(rows: Rows, train: Rows) -> npt.NDArray[np.bool_]:
    """A mask of shape ``(rows,)`` of the rows that are not in the training set."""
    known = set(_keys(train))
    return np.array([key not in known for key in _keys(rows)], dtype=bool)


def unseen_rows(rows: Rows, train: Rows) -> Rows:
    """The rows that are not in the training set, in their original order."""
    return rows.where(unseen(rows, train))


def _keys(rows: Rows) -> list[bytes]:
    return [digits.tobytes() for digits in rows.digits]
