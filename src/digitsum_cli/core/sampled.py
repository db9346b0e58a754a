"""The sampled accuracy: how a classifier performs on rows drawn for scoring alone, where there are too many to list."""

from functools import lru_cache

import numpy as np

from digitsum_cli.core.generation import Rows, labelled
from digitsum_cli.core.tasks import DIGIT_SUM, Task

SCORING_ROWS = 100_000
"""The number of rows unless told: the 95 % interval of an accuracy is then at most 0.6 points wide."""

_SCORING = 2
"""Distinguishes the random stream from those of training; see ``digitsum_cli.core.training_rows``."""


def count_scoring_rows(rows: int, task: Task) -> int:
    """The number of rows that are drawn if at least ``rows`` are wanted: the same number from each stratum."""
    return -(-rows // task.strata) * task.strata


@lru_cache(maxsize=2)
def draw_scoring_rows(length: int, rows: int = SCORING_ROWS, task: Task = DIGIT_SUM) -> Rows:
    """Draws the rows that every network of a task and length is scored on.

    Arguments:
        length: digits per row, at least the task's ``minimum_length``.
        rows: how many, at least; each of the task's strata gets the same number.
        task: the task that defines the rows.

    Returns:
        The rows, ordered by stratum; always the same ones.
    """
    task.require_length(length)
    k = count_scoring_rows(rows, task) // task.strata
    return labelled(task.draw(length, k, np.random.RandomState([length, k, _SCORING])), task)
