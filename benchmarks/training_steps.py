"""The time per training step of every contender, at every length and size, on one core and on all."""

import sys
from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks.contenders import STEPS_PER_EPOCH, Task
from benchmarks.interleaving import Effort, Entry, seconds_per_epoch
from benchmarks.machine import installed_version
from benchmarks.team import Team, usable_cores

ENTRIES = {
    "one": (
        Entry("plain", "one"),
        Entry("manual", "one"),
        Entry("torch", "one"),
        Entry("vmap", "one"),
        Entry("jax", "one"),
        Entry("jax ensemble", "one"),
        Entry("fused", "one"),
    ),
    "all": (
        Entry("plain", "each"),
        Entry("manual", "each"),
        Entry("torch", "each"),
        Entry("vmap", "each"),
        Entry("vmap", "pool"),
        Entry("jax", "each"),
        Entry("jax ensemble", "each"),
        Entry("jax ensemble", "pool"),
        Entry("fused", "each"),
    ),
}
"""The contenders on one core and on all; of several entries in one column (see ``column``) the fastest is reported."""


GATED_ENTRIES = tuple(Entry(name, "one") for name in ("plain", "manual", "torch", "fused"))


def column(entry: Entry) -> str:
    """Returns the column of the table that an entry belongs to."""
    return entry.contender.removesuffix(" ensemble")


def measure_training_steps(tasks: Sequence[Task], effort: Effort) -> list[dict[str, Any]]:
    """Measures each task and contender, on one core and on all.

    Raises:
        DisagreementError: a contender's losses do not match the plain loop's.
    """
    cells = []
    with Team(usable_cores()) as team:
        for task in tasks:
            for cores, entries in ENTRIES.items():
                print(f"training steps: length {task.length}, hidden {task.hidden}, {cores}", file=sys.stderr)
                present = [entry for entry in entries if column(entry) != "jax" or installed_version("jax")]
                seconds = seconds_per_epoch(team, present, task, effort)
                cells.append({"length": task.length, "hidden": task.hidden, "cores": cores, **_figures(seconds)})
    return cells


def measure_gated_steps(tasks: Sequence[Task], effort: Effort) -> list[dict[str, Any]]:
    """Measures each task with an LSTM or a GRU and each contender that has these cells, on one core.

    Raises:
        DisagreementError: a contender's losses do not match the reference.
    """
    cells = []
    with Team(usable_cores()[:1]) as team:
        for task in tasks:
            print(f"training steps: {task.cell}, length {task.length}, hidden {task.hidden}", file=sys.stderr)
            seconds = seconds_per_epoch(team, GATED_ENTRIES, task, effort)
            cells.append({"cell": task.cell, "length": task.length, "hidden": task.hidden, **_figures(seconds)})
    return cells


def _figures(seconds: dict[Entry, list[float]]) -> dict[str, Any]:
    """The time per step of each contender's fastest entry, and ratios, which are medians over the repeats' ratios."""
    fastest: dict[str, Entry] = {}
    for entry in sorted(seconds, key=lambda entry: median(seconds[entry])):
        fastest.setdefault(column(entry), entry)
    plain, fused = (seconds[fastest[name]] for name in ("plain", "fused"))
    contenders = {
        name: {
            "entry": f"{entry.contender}, {entry.arrangement}",
            "us_per_step": 1e6 * median(seconds[entry]) / STEPS_PER_EPOCH,
            "times_faster_than_plain": ratio(plain, seconds[entry]),
            "fused_is_times_faster": ratio(seconds[entry], fused),
        }
        for name, entry in fastest.items()
    }
    repeats = {
        f"{entry.contender}, {entry.arrangement}": [1e6 * value / STEPS_PER_EPOCH for value in values]
        for entry, values in seconds.items()
    }
    return {"contenders": contenders, "us_per_step_of_repeats": repeats}


def ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    """Returns the median over the repeats' ratios."""
    return median(a / b for a, b in zip(slow, fast, strict=True))
