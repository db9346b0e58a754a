"""Runs the contenders in turn: every repeat runs each once, so that load on the machine affects all of them equally."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.agreement import require_agreement
from benchmarks.contenders import MOST_EPOCHS, Task
from benchmarks.team import Arrangement, Team


@dataclass(frozen=True)
class Entry:
    """A contender with an arrangement of cores.

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
        seconds: approximate duration of one turn.
    """

    repeats: int
    seconds: float


def seconds_per_epoch(team: Team, entries: Sequence[Entry], task: Task, effort: Effort) -> dict[Entry, list[float]]:
    """Measures the seconds per epoch of one trial, for each entry and repeat.

    Before timing, each contender has compiled its code, and its first losses have been checked. Each turn is a new
    training from the first step, with the same number of whole epochs.

    Raises:
        DisagreementError: a contender's losses do not match the plain loop's.
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
    """Warms up, checks the losses and returns how many epochs take about so many seconds."""
    team.prepare(entry.arrangement, entry.contender, task)
    team.run(entry.arrangement, 1)
    for losses in team.losses(entry.arrangement):
        if len(losses):
            require_agreement(entry.contender, task, losses)
    epochs = 1
    while (taken := team.run(entry.arrangement, epochs)) < seconds / 10 and epochs < MOST_EPOCHS / 10:
        epochs *= 4
    return max(1, min(MOST_EPOCHS, round(epochs * seconds / taken)))
