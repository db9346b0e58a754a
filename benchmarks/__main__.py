"""``make bench``: speed measurements, all side by side on this machine.

python -m benchmarks                  everything; prints the tables and writes benchmarks/results.json
python -m benchmarks --only rate      one part; the results of the others are kept
python -m benchmarks --quick          everything with few steps, into build/; not to be quoted
python -m benchmarks --table          the tables of the last run
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.arithmetic_rate import measure_arithmetic_rate
from benchmarks.contenders import Task
from benchmarks.exact_accuracy import measure_exact_accuracy
from benchmarks.interleaving import Effort
from benchmarks.machine import describe_machine
from benchmarks.own_cells import EXAMPLES, OwnCellEffort, measure_own_cells
from benchmarks.recipe import RecipeEffort, measure_recipe
from benchmarks.tables import tables
from benchmarks.training_steps import measure_gated_steps, measure_training_steps
from benchmarks.whole_sweeps import SweepEffort, measure_whole_sweeps


@dataclass(frozen=True)
class Scale:
    """How much is measured, and where the results are written."""

    tasks: Sequence[Task]
    gated_tasks: Sequence[Task]
    effort: Effort
    exact_repeats: int
    sweeps: SweepEffort
    recipe: RecipeEffort
    own_cells: OwnCellEffort
    results: Path


FULL = Scale(
    tasks=[Task(length, hidden) for hidden in (32, 128) for length in (5, 20, 35, 100)],
    gated_tasks=[Task(length, 32, cell) for cell in ("lstm", "gru") for length in (5, 20, 35, 100)],
    effort=Effort(repeats=7, seconds=0.2),
    exact_repeats=15,
    sweeps=SweepEffort(epochs=500, plain_epochs=50, repeats=3),
    recipe=RecipeEffort(seeds=20, epochs=None, plain_steps=3_000, repeats=3),
    own_cells=OwnCellEffort(cells=tuple(EXAMPLES), seeds=(1, 5, 10, 20), epochs=2, repeats=5),
    results=Path(__file__).parent / "results.json",
)
QUICK = Scale(
    tasks=[Task(5, 32)],
    gated_tasks=[Task(5, 32, "lstm"), Task(5, 32, "gru")],
    effort=Effort(repeats=2, seconds=0.02),
    exact_repeats=1,
    sweeps=SweepEffort(epochs=10, plain_epochs=2, repeats=1),
    recipe=RecipeEffort(seeds=2, epochs=2, plain_steps=20, repeats=1),
    own_cells=OwnCellEffort(cells=("min_gru",), seeds=(2,), epochs=1, repeats=1),
    results=Path("build") / "quick-benchmarks.json",
)

PARTS: dict[str, Callable[[Scale], dict[str, Any]]] = {
    "steps": lambda scale: {"cells": measure_training_steps(scale.tasks, scale.effort)},
    "gated": lambda scale: {"cells": measure_gated_steps(scale.gated_tasks, scale.effort)},
    "rate": lambda scale: {"figures": measure_arithmetic_rate(scale.tasks, scale.effort)},
    "exact": lambda scale: measure_exact_accuracy(scale.exact_repeats),
    "sweeps": lambda scale: measure_whole_sweeps(scale.sweeps),
    "own-cells": lambda scale: measure_own_cells(scale.own_cells),
    "recipe": lambda scale: measure_recipe(scale.recipe),
}


def main() -> None:
    """Measures, writes and prints."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure the speed of all contenders side by side."
    )
    parser.add_argument("--only", choices=PARTS, help="measure only this part")
    parser.add_argument("--quick", action="store_true", help="use few steps, to check that it works")
    parser.add_argument("--table", action="store_true", help="only print the tables of the last run")
    arguments = parser.parse_args()
    scale = QUICK if arguments.quick else FULL
    if arguments.table and not scale.results.exists():
        parser.error(f"{scale.results} does not exist. Run the measurements first, without --table")
    if not arguments.table:
        measure(scale, [arguments.only] if arguments.only else list(PARTS))
    print(tables(json.loads(scale.results.read_text())))


def measure(scale: Scale, parts: Sequence[str]) -> None:
    """Measures the parts; writes the results of each as soon as it is done."""
    results = json.loads(scale.results.read_text()) if scale.results.exists() else {}
    for part in parts:
        results[part] = {"machine": describe_machine(), **PARTS[part](scale)}
        scale.results.parent.mkdir(exist_ok=True)
        scale.results.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
