"""The contract of a task, as checks that say what to change."""

from collections.abc import Callable, Iterator

import numpy as np
from scipy.stats import chisquare

from digitsum_cli.core.contract import Check, ProblemError, run_checks
from digitsum_cli.core.tasks.sequence_task import SequenceTask
from digitsum_cli.core.tasks.task import Digits, Task

_ROWS = 100_000
_LEAST_EXPECTED = 5.0
"""The rows that are expected of a group of rows, so that their number is nearly normal."""

_SIGNIFICANT = 1e-6
"""A sampler whose rows are that improbable does not draw with the weights of ``enumerate``."""


def check_task(task: type[Task]) -> Iterator[Check]:
    """Checks a task against its contract; stops at the first failure that the later checks depend on.

    Arguments:
        task: the class.

    Returns:
        The results, one by one.
    """
    return run_checks(task, _CHECKS, {_draws})


def _draws(task: type[Task]) -> None:
    """draws rows and labels them"""
    made = task()
    for length in _lengths(made):
        made.label(_sample(made, length, 0))
        made.label(made.generate(length, 1, np.random.RandomState(0)))


def _same_seed(task: type[Task]) -> None:
    """draws from the generator alone"""
    made = task()
    length = _lengths(made)[-1]
    np.random.seed(1)
    first, again = _sample(made, length, 0), _sample(task(), length, 0)
    np.random.seed(2)
    if not (np.array_equal(first, again) and np.array_equal(first, _sample(task(), length, 0))):
        raise ProblemError(
            "the same seed gives different rows: draw with the generator that is given, and keep nothing between calls"
        )
    if np.array_equal(first, _sample(made, length, 1)):
        raise ProblemError("another seed gives the same rows: draw with the generator that is given")


def _labels(task: type[Task]) -> None:
    """labels each row on its own"""
    made = task()
    digits = _sample(made, _lengths(made)[-1], 0)
    before = digits.copy()
    labels = made.label(digits)
    if not np.array_equal(digits, before):
        raise ProblemError("labelling changed the digits in place: use operations that return a new array")
    order = np.random.RandomState(1).permutation(len(digits))
    if not np.array_equal(made.label(digits[order]), labels[order]):
        raise ProblemError("the labels depend on the other rows, or differ from call to call")
    alone = np.concatenate([made.label(digits[row : row + 1]) for row in range(20)])
    if not np.array_equal(alone, labels[:20]):
        raise ProblemError("the label of a row that is alone differs: let it depend on that row only")


def _classes(task: type[Task]) -> None:
    """has rows of every class"""
    shares = task().label_shares
    missing = np.flatnonzero(shares == 0)
    if len(missing):
        raise ProblemError(f"no row has the label {missing[0]}: set classes to the number of labels that occur")


def _weights(task: type[Task]) -> None:
    """lists its rows as it draws them"""
    made = task()
    if not isinstance(made, SequenceTask):
        return
    for length in _lengths(made):
        every_row = made.every_row(length)
        if every_row is None:
            continue
        listed = {row.tobytes(): place for place, row in enumerate(every_row.digits)}
        drawn = [listed.get(row.tobytes(), -1) for row in made.sample_strata(np.zeros(_ROWS, int), length, _stream(0))]
        if -1 in drawn:
            row = made.sample_strata(np.zeros(_ROWS, int), length, _stream(0))[drawn.index(-1)]
            raise ProblemError(f"sample drew {' '.join(map(str, row))}, which enumerate({length}) does not list")
        expected = every_row.weights * _ROWS
        observed = np.bincount(drawn, minlength=len(expected)).astype(np.float64)
        if _improbable(observed, expected):
            worst = int(np.abs(observed / expected - 1).argmax())
            raise ProblemError(
                f"enumerate({length}) gives {' '.join(map(str, every_row.digits[worst]))} a share of "
                f"{every_row.weights[worst]:.3g}, but sample draws it in {observed[worst] / _ROWS:.3g}: make the "
                "weights proportional to the probabilities"
            )


def _improbable(observed: np.ndarray, expected: np.ndarray) -> bool:
    """Whether counts contradict expected ones; the rarest rows are counted together."""
    order = np.argsort(expected)
    groups = (np.cumsum(expected[order]) / _LEAST_EXPECTED).astype(np.int64)
    observed, expected = (np.bincount(groups, each[order]) for each in (observed, expected))
    observed, expected = observed[expected > 0], expected[expected > 0]
    return len(expected) > 1 and chisquare(observed, expected * (observed.sum() / expected.sum())).pvalue < _SIGNIFICANT


_CHECKS: tuple[Callable[[type[Task]], None], ...] = (_draws, _same_seed, _labels, _classes, _weights)


def _lengths(task: Task) -> list[int]:
    """Lengths to check: the shortest, and two more."""
    return [task.minimum_length, task.minimum_length + 1, task.minimum_length + 9]


def _sample(task: Task, length: int, seed: int) -> Digits:
    return task.draw(length, 2, _stream(seed))


def _stream(seed: int) -> np.random.RandomState:
    return np.random.RandomState(seed)
