"""Which accuracy describes a network: over which rows it is measured."""

from collections.abc import Iterable
from enum import StrEnum

from digitsum_cli.core.tasks import Task


class AccuracyKind(StrEnum):
    """The rows that an accuracy is measured on, from the most to the least informative.

    ``EXACT``: all rows that the generator can draw, each weighted by its probability. ``SAMPLED``: rows drawn for
    scoring alone, if there are too many to list. ``TEST``: the test set, if the data are not the generator's.
    """

    EXACT = "exact"
    SAMPLED = "sampled"
    TEST = "test"

    @property
    def column(self) -> str:
        """The column of ``results.csv`` with this accuracy."""
        return f"{self}_accuracy"

    @property
    def rows(self) -> str:
        """The rows, as a phrase."""
        return {
            AccuracyKind.EXACT: "all possible rows",
            AccuracyKind.SAMPLED: "rows drawn for scoring",
            AccuracyKind.TEST: "the test rows",
        }[self]

    @property
    def in_words(self) -> str:
        """The accuracy with its rows, as a phrase."""
        name = "accuracy" if self is AccuracyKind.TEST else f"{self} accuracy"
        return f"{name} on {self.rows}"


def distinct_kinds(kinds: Iterable[AccuracyKind]) -> list[AccuracyKind]:
    """Each kind that occurs, once, in order."""
    found = set(kinds)
    return [kind for kind in AccuracyKind if kind in found]


def kind_of_data(task: Task, length: int, *, foreign: bool) -> AccuracyKind:
    """The kind of accuracy that describes data.

    Arguments:
        task: the task.
        length: digits per row.
        foreign: whether there are rows that the task's generator cannot draw.
    """
    if foreign:
        return AccuracyKind.TEST
    return AccuracyKind.SAMPLED if task.every_row(length) is None else AccuracyKind.EXACT


def common_kind(kinds: Iterable[AccuracyKind]) -> AccuracyKind:
    """The kind that describes all of several trials: the least informative of them; exact if there are none."""
    return max(kinds, key=list(AccuracyKind).index, default=AccuracyKind.EXACT)
