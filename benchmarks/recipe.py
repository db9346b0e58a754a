"""``digitsum sweep recipes/srn`` beside a plain PyTorch loop of the same recipe.

``digitsum`` starts, trains all seeds on all cores, draws their rows, evaluates, writes checkpoints, table and figures,
and ends. The plain loop trains one seed at a time in one process and does nothing else; some of its steps, evenly
spread over the growth of the rows, are measured and extrapolated to all. Both alternate.
"""

import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.plain_recipe import IMPLEMENTATIONS
from benchmarks.processes import run_module
from benchmarks.training_steps import ratio


@dataclass(frozen=True)
class RecipeEffort:
    """How much to run.

    Arguments:
        seeds: how many seeds ``digitsum`` trains.
        epochs: per training; None for those of the recipe.
        plain_steps: how many steps of one seed are measured with each plain loop.
        repeats: turns.
    """

    seeds: int
    epochs: int | None
    plain_steps: int
    repeats: int


def measure_recipe(effort: RecipeEffort) -> dict[str, Any]:
    """Measures both in turn, after a short sweep that compiles the trainer."""
    plain: dict[str, list[float]] = {impl: [] for impl in IMPLEMENTATIONS}
    digitsum, steps = [], 0
    with tempfile.TemporaryDirectory() as folder:
        _sweep(1, 1, Path(folder), "compile")
        for repeat in range(effort.repeats):
            print(f"recipe: plain loops, {effort.plain_steps} steps each", file=sys.stderr)
            per_step = json.loads(run_module("benchmarks.plain_recipe", str(effort.plain_steps)))
            print(f"recipe: digitsum, {effort.seeds} seeds", file=sys.stderr)
            start = time.perf_counter()
            steps = _sweep(effort.seeds, effort.epochs, Path(folder), f"turn-{repeat}")
            digitsum.append(time.perf_counter() - start)
            for impl in IMPLEMENTATIONS:
                plain[impl].append(per_step[impl] * steps)
    return {
        "effort": asdict(effort),
        "steps": steps,
        "digitsum_seconds": median(digitsum),
        "plain": {
            impl: {"seconds": median(seconds), "times_faster": ratio(seconds, digitsum)}
            for impl, seconds in plain.items()
        },
    }


def _sweep(seeds: int, epochs: int | None, folder: Path, name: str) -> int:
    """Runs the recipe; its compiled code is cached in ``folder``. Returns the number of steps of all seeds."""
    arguments = ["sweep", "recipes/srn", "--seeds", f"0..{seeds - 1}", "--out", str(folder / name), "--quiet", "--json"]
    arguments += [] if epochs is None else ["--epochs", str(epochs)]
    done = json.loads(run_module("digitsum_cli", *arguments, NUMBA_CACHE_DIR=str(folder / "compiled")))
    return sum(trial["steps"] for trial in done["trials"])
