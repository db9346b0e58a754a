"""Cells of the user's: ``impl ensemble``, many seeds at once, beside the plain loop that trains one, on one thread."""

import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks.training_steps import ratio
from digitsum_cli.core import DigitSumClassifier, DigitSumDataset, Runner, build_classifier, generate_splits
from digitsum_cli.core.ensemble import EnsembleRunner
from digitsum_cli.core.registry import cell_in_words
from digitsum_cli.core.user_classes import register_user_class
from digitsum_cli.core.user_code import CELL, find_user_code

EXAMPLES = {"exp_rnn": "ExpRNN", "lru": "LRU", "min_gru": "MinGRU", "nbrc": "NBRC"}
LENGTH, BATCH_SIZE = 20, 8


@dataclass(frozen=True)
class OwnCellEffort:
    """How much to measure.

    Arguments:
        cells: the example cells, by file.
        seeds: how many are trained at once.
        epochs: of a turn, each of 38 steps.
        repeats: turns.
    """

    cells: tuple[str, ...]
    seeds: tuple[int, ...]
    epochs: int
    repeats: int


def measure_own_cells(effort: OwnCellEffort) -> dict[str, Any]:
    """Measures each cell with the plain loop and with each number of seeds, in turn."""
    torch.set_num_threads(1)
    return {"effort": asdict(effort), "figures": [_figure(cell, effort) for cell in effort.cells]}


def _figure(file: str, effort: OwnCellEffort) -> dict[str, Any]:
    folder = Path(__file__).parents[1] / "examples" / "cells"
    code = find_user_code(f"{folder / file}.py:{EXAMPLES[file]}")
    register_user_class(CELL, code)
    print(f"own cells: {cell_in_words(code.name)}", file=sys.stderr)
    splits = generate_splits([LENGTH])[LENGTH]
    rows, eval_set = DigitSumDataset(splits.train), DigitSumDataset(splits.eval)
    steps = effort.epochs * len(list(rows.batches(BATCH_SIZE)))
    options: dict[str, Any] = {"epochs": effort.epochs, "batch_size": BATCH_SIZE, "eval_every": 10**9}

    def plain() -> None:
        Runner(build_classifier(code.name)).train(rows, eval_set, **options)

    def ensemble(seeds: int) -> None:
        models = [build_classifier(code.name, seed=seed) for seed in range(seeds)]
        _train_ensemble(models, rows, eval_set, options)

    ways: dict[str, Callable[[], None]] = {"plain": plain}
    ways |= {str(seeds): partial(ensemble, seeds) for seeds in effort.seeds}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for repeat in range(effort.repeats + 1):
        for way, train in ways.items():
            start = time.process_time()
            train()
            if repeat:  # the first is a warm-up
                seconds[way].append((time.process_time() - start) / (1 if way == "plain" else int(way)))
    return {
        "cell": cell_in_words(code.name),
        "plain_ms_per_step": 1e3 * median(seconds["plain"]) / steps,
        "times_faster": {way: ratio(seconds["plain"], taken) for way, taken in seconds.items() if way != "plain"},
    }


def _train_ensemble(
    models: list[DigitSumClassifier], rows: DigitSumDataset, eval_set: DigitSumDataset, options: dict[str, Any]
) -> None:
    runner = EnsembleRunner(models, partial(torch.optim.Adam, lr=0.001))
    runner.train(
        [lambda _: rows] * len(models),
        eval_set,
        **options,
        loss="mean",
        lr_schedule="constant",
        clip_norm=None,
        patience=None,
        record_gradients=False,
        log_every=10**9,
        on_progress=lambda *_: None,
    )
