"""Whole sweeps as whole processes: ``digitsum sweep configs/srn.yaml`` next to the plain loop's seven lengths.

And ``digitsum sweep configs/cells.yaml`` alone: SRN, LSTM and GRU at the same lengths, ten seeds each.

``digitsum`` starts, trains, evaluates, writes checkpoints, table and figures, and ends. The plain loop starts, trains
and evaluates each length in turn; of its 500 epochs a part is measured at each length and the rest extrapolated.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.plain_sweep import LENGTHS
from benchmarks.training_steps import ratio

REPOSITORY = Path(__file__).parent.parent
FIRST_SEED, MANY_SEEDS = "0", "0..19"
SEEDS = {FIRST_SEED: 1, MANY_SEEDS: 20}


@dataclass(frozen=True)
class SweepEffort:
    """How much to run.

    Arguments:
        epochs: of a training; 500 is the experiment.
        plain_epochs: of them, those that are measured of the plain loop.
        repeats: turns of one seed; of many seeds there is one.
    """

    epochs: int
    plain_epochs: int
    repeats: int


@dataclass(frozen=True)
class PlainSweep:
    """A process of the plain loop.

    Arguments:
        seconds_outside: that it took to start and to end.
        seconds_training: all lengths together.
        epochs: of each length.
    """

    seconds_outside: float
    seconds_training: float
    epochs: int

    def extrapolated(self, epochs: int, seeds: int) -> float:
        """The seconds of a process with more epochs and seeds."""
        return self.seconds_outside + self.seconds_training * epochs / self.epochs * seeds


def measure_whole_sweeps(effort: SweepEffort) -> dict[str, Any]:
    """The first run ever, plain and digitsum in turn with one seed, digitsum with many seeds, the report on these."""
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
    done = _run("benchmarks.plain_sweep", str(epochs))
    seconds = time.perf_counter() - start
    training = sum(json.loads(done))
    return PlainSweep(seconds - training, training, epochs)


def _digitsum_seconds(seeds: str | None, epochs: int, folder: Path, name: str, config: str = "srn") -> float:
    """The seconds of a sweep with all cores, whose compiled code is kept in ``folder``, at first empty."""
    print(f"whole sweeps: digitsum, {config}, seeds {seeds or 'of the config'}, {name}", file=sys.stderr)
    out = folder / name
    arguments = ["sweep", f"configs/{config}.yaml", "--epochs", str(epochs), "--out", str(out), "--quiet"]
    arguments += [] if seeds is None else ["--seeds", seeds]
    start = time.perf_counter()
    _run("digitsum_cli", *arguments, NUMBA_CACHE_DIR=str(folder / "compiled"))
    return time.perf_counter() - start


def _report_seconds(run: Path) -> float:
    """The seconds of the report on a run, with the diagnosis of all its checkpoints."""
    print("whole sweeps: report", file=sys.stderr)
    start = time.perf_counter()
    _run("digitsum_cli", "report", str(run), "--quiet")
    return time.perf_counter() - start


def _run(module: str, *arguments: str, **environment: str) -> str:
    """Runs a module of this repository; what it prints.

    Raises:
        CalledProcessError: it ended with an error, which stands on stderr.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=REPOSITORY,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout
