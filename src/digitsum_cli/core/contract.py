"""A contract of classes of the user's, as checks that say what to change."""

import contextlib
import functools
import io
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

_Class = TypeVar("_Class")


@dataclass(frozen=True)
class Check:
    """The result of a check.

    Arguments:
        name: what is checked.
        problem: what is wrong and what to change; None if the check passed.
    """

    name: str
    problem: str | None


class ProblemError(Exception):
    """What is wrong with a class, and what to change."""


def run_checks(
    checked: _Class, checks: Sequence[Callable[[_Class], None]], fatal: Collection[Callable[[_Class], None]]
) -> Iterator[Check]:
    """Runs checks, each named by its docstring, and catches what the class prints and forks.

    Arguments:
        checked: the class, which each check is called with.
        checks: raise ``ProblemError``, or another error of the class's own, if it does not pass.
        fatal: those that later checks depend on; the first of them that fails ends the checks.

    Yields:
        The results, one by one.
    """
    printed, forks = io.StringIO(), [0]
    for check in checks:
        try:
            with contextlib.redirect_stdout(printed), _counting(forks):
                check(checked)
        except ProblemError as problem:
            yield Check(str(check.__doc__), str(problem))
        except Exception as error:
            yield Check(str(check.__doc__), f"raised {type(error).__name__}: {error}")
        else:
            yield Check(str(check.__doc__), None)
            continue
        if check in fatal:
            return
    yield Check("prints nothing", "it printed to stdout: remove the prints" if printed.getvalue() else None)
    forked = "it forked a process: remove that, since trainings already run in parallel"
    yield Check("starts no process", forked if forks[0] else None)


_counters: list[list[int]] = []
"""Those of the checks that are running; hooks of forks cannot be removed."""


@contextlib.contextmanager
def _counting(forks: list[int]) -> Iterator[None]:
    """Counts the forks of this process inside its block; each child ends at once."""
    _hear_of_forks()
    _counters.append(forks)
    try:
        yield
    finally:
        _counters.remove(forks)


@functools.cache
def _hear_of_forks() -> None:
    def count() -> None:
        for forks in _counters:
            forks[0] += 1

    def end_child() -> None:
        if _counters:
            os._exit(1)

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=count, after_in_child=end_child)
