"""Duplicate rows within the splits of a length, and eval and test rows that are also in the training set."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.generation import Rows, Splits


@dataclass(frozen=True)
class Audit:
    """Duplicate rows in the data of one length.

    Arguments:
        length: digits per row.
        train_rows, eval_rows, test_rows: number of rows in each split.
        train_duplicates, eval_duplicates, test_duplicates: rows that repeat an earlier row of the same split.
        eval_in_train, test_in_train: rows that are also in the training set.
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


def audit_splits(splits: Splits) -> Audit:
    """Counts the duplicate rows within and between the splits of one length."""
    train, eval_, test = splits.train, splits.eval, splits.test
    return Audit(
        splits.length,
        *(len(rows) for rows in (train, eval_, test)),
        *(len(rows) - len(set(_keys(rows))) for rows in (train, eval_, test)),
        *(int((~unseen(rows, train)).sum()) for rows in (eval_, test)),
    )


def unseen(rows: Rows, train: Rows) -> npt.NDArray[np.bool_]:
    """A mask of shape ``(rows,)`` of the rows that are not in the training set."""
    known = set(_keys(train))
    return np.array([key not in known for key in _keys(rows)], dtype=bool)


def unseen_rows(rows: Rows, train: Rows) -> Rows:
    """The rows that are not in the training set, in their original order."""
    return rows.where(unseen(rows, train))


def _keys(rows: Rows) -> list[bytes]:
    return [digits.tobytes() for digits in rows.digits]
