"""Contenders in turn: every repeat runs each once, so that what disturbs the machine disturbs all alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.agreement import require_agreement
from benchmarks.contenders import MOST_EPOCHS, Task
from benchmarks.team import Arrangement, Team


@dataclass(frozen=True)
class Entry:
    """A contender as it takes part.

    Arguments:
        contender: its name.
        arrangement: how it uses the cores.
    """

    contender: str
    arrangement: Arrangement


@dataclass(frozen=True)
class Effort:
    """How long to measure.

    Arguments:
        repeats: turns of each contender.
        seconds: that one turn takes, about.
    """

    repeats: int
    seconds: float


def seconds_per_epoch(team: Team, entries: Sequence[Entry], task: Task, effort: Effort) -> dict[Entry, list[float]]:
    """The seconds for an epoch of one trial, of each entry at each repeat.

    Before it is timed, each has compiled what it compiles, and its first losses have been checked. Each turn is a
    new training from the first step, of the same number of whole epochs.

    Raises:
        DisagreementError: a contender's losses are not the plain loop's.
    """
    epochs = {entry: _epochs_of_a_turn(team, entry, task, effort.seconds) for entry in entries}
    seconds: dict[Entry, list[float]] = {entry: [] for entry in entries}
    for _ in range(effort.repeats):
        for entry in entries:
            trials = team.prepare(entry.arrangement, entry.contender, task)
            taken = team.run(entry.arrangement, epochs[entry])
            seconds[entry].append(taken / (epochs[entry] * trials))
    return seconds


def _epochs_of_a_turn(team: Team, entry: Entry, task: Task, seconds: float) -> int:
    """How many epochs take so long; warms up and checks."""
    team.prepare(entry.arrangement, entry.contender, task)
    team.run(entry.arrangement, 1)
    for losses in team.losses(entry.arrangement):
        if len(losses):
            require_agreement(entry.contender, task, losses)
    epochs = 1
    while (taken := team.run(entry.arrangement, epochs)) < seconds / 10 and epochs < MOST_EPOCHS / 10:
        epochs *= 4
    return max(1, min(MOST_EPOCHS, round(epochs * seconds / taken)))
