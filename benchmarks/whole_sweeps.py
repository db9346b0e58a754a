"""Whole sweeps as whole processes: ``digitsum sweep configs/srn.yaml`` and the plain loop at the same seven lengths.

``digitsum sweep configs/cells.yaml`` (SRN, LSTM and GRU at these lengths, ten seeds each) is measured alone.

``digitsum`` starts, trains, evaluates, writes checkpoints, table and figures, and ends. The plain loop starts, trains
and evaluates each length in turn; a part of its 500 epochs is measured at each length and extrapolated to all.
"""

import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.plain_sweep import LENGTHS
from benchmarks.processes import run_module
from benchmarks.training_steps import ratio

FIRST_SEED, MANY_SEEDS = "0", "0..19"
SEEDS = {FIRST_SEED: 1, MANY_SEEDS: 20}


@dataclass(frozen=True)
class SweepEffort:
    """How much to run.

    Arguments:
        epochs: per training; the experiment has 500.
        plain_epochs: how many of them are measured with the plain loop.
        repeats: turns with one seed; the sweep with many seeds runs once.
    """

    epochs: int
    plain_epochs: int
    repeats: int


@dataclass(frozen=True)
class PlainSweep:
    """A process of the plain loop.

    Arguments:
        seconds_outside: time to start and to end.
        seconds_training: time of all lengths together.
        epochs: per length.
    """

    seconds_outside: float
    seconds_training: float
    epochs: int

    def extrapolated(self, epochs: int, seeds: int) -> float:
        """Returns the seconds of a process with more epochs and seeds."""
        return self.seconds_outside + self.seconds_training * epochs / self.epochs * seeds


def measure_whole_sweeps(effort: SweepEffort) -> dict[str, Any]:
    """Measures the first run, plain and digitsum in turn with one seed, digitsum with many seeds, and its report."""
    with tempfile.TemporaryDirectory() as folder:
        first_run = _digitsum_seconds(FIRST_SEED, effort.epochs, Path(folder), "first")
        plain, one_seed = [], []
        for repeat in range(effort.repeats):
            plain.append(_plain_sweep(effort.plain_epochs))
            one_seed.append(_digitsum_seconds(FIRST_SEED, effort.epochs, Path(folder), f"again-{repeat}"))
        many_seeds = _digitsum_seconds(MANY_SEEDS, effort.epochs, Path(folder), "many")
        report = _report_seconds(Path(folder) / "many")
        _digitsum_seconds(None, 1, Path(folder), "cells-compiled", "cells")
        cells = _digitsum_seconds(None, effort.epochs, Path(folder), "cells", "cells")
    return {
        "effort": asdict(effort),
        "first_run_seconds": first_run,
        "first_run_more_than_warm_seconds": first_run - median(one_seed),
        "report_seconds": report,
        "cells_seconds": cells,
        "sweeps": [
            _figure(FIRST_SEED, plain, one_seed, effort.epochs),
            _figure(MANY_SEEDS, plain, [many_seeds] * len(plain), effort.epochs),
        ],
    }


def _figure(seeds: str, plain: list[PlainSweep], digitsum: list[float], epochs: int) -> dict[str, Any]:
    plain_seconds = [sweep.extrapolated(epochs, SEEDS[seeds]) for sweep in plain]
    return {
        "seeds": seeds,
        "trainings": SEEDS[seeds] * len(LENGTHS),
        "plain_seconds": median(plain_seconds),
        "digitsum_seconds": median(digitsum),
        "times_faster": ratio(plain_seconds, digitsum),
    }


def _plain_sweep(epochs: int) -> PlainSweep:
    print(f"whole sweeps: plain loop, {epochs} epochs", file=sys.stderr)
    start = time.perf_counter()
    done = run_module("benchmarks.plain_sweep", str(epochs))
    seconds = time.perf_counter() - start
    training = sum(json.loads(done))
    return PlainSweep(seconds - training, training, epochs)


def _digitsum_seconds(seeds: str | None, epochs: int, folder: Path, name: str, config: str = "srn") -> float:
    """The seconds of a sweep on all cores; its compiled code is cached in ``folder``, which is empty at first."""
    print(f"whole sweeps: digitsum, {config}, seeds {seeds or 'of the config'}, {name}", file=sys.stderr)
    out = folder / name
    arguments = ["sweep", f"configs/{config}.yaml", "--epochs", str(epochs), "--out", str(out), "--quiet"]
    arguments += [] if seeds is None else ["--seeds", seeds]
    start = time.perf_counter()
    run_module("digitsum_cli", *arguments, NUMBA_CACHE_DIR=str(folder / "compiled"))
    return time.perf_counter() - start


def _report_seconds(run: Path) -> float:
    """The seconds of the report on a run, including the diagnosis of all its checkpoints."""
    print("whole sweeps: report", file=sys.stderr)
    start = time.perf_counter()
    run_module("digitsum_cli", "report", str(run), "--quiet")
    return time.perf_counter() - start
