"""A contract of classes of the user's, as checks that say what to change."""

import contextlib
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
    printed, forks = io.StringIO(), _count_forks()
    for check in checks:
        try:
            with contextlib.redirect_stdout(printed):
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


def _count_forks() -> list[int]:
    """Counts the forks of this process from now on; each child ends at once."""
    forks = [0]

    def count() -> None:
        forks[0] += 1

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=count, after_in_child=lambda: os._exit(1))
    return forks
