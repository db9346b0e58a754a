"""Exact accuracy by the prefix tree and by reading every draw row by row, on one thread."""

import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch

from benchmarks.training_steps import ratio
from digitsum_cli.core import DigitSumClassifier, DigitSumDataset, Runner, build_classifier
from digitsum_cli.core.exact import exact_score
from digitsum_cli.core.generation import labelled
from digitsum_cli.core.tasks import DIGIT_SUM

LENGTHS = (5, 20, 35)
IMPLEMENTATIONS = ("manual", "torch")


def measure_exact_accuracy(repeats: int) -> dict[str, Any]:
    """Measures both ways in turn, at several lengths, for both implementations."""
    torch.set_num_threads(1)
    return {
        "repeats": repeats,
        "figures": [_figure(impl, length, repeats) for impl in IMPLEMENTATIONS for length in LENGTHS],
    }


def _figure(impl: str, length: int, repeats: int) -> dict[str, Any]:
    print(f"exact accuracy: {impl}, length {length}", file=sys.stderr)
    model = build_classifier("srn", impl, seed=0)
    ways: dict[str, Callable[[], object]] = {
        "tree": lambda: exact_score(model, length),
        "rows": lambda: _row_by_row(model, length),
    }
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for repeat in range(repeats + 1):
        for way, score in ways.items():
            start = time.perf_counter()
            score()
            if repeat:  # the first is a warm-up
                seconds[way].append(time.perf_counter() - start)
    return {
        "impl": impl,
        "length": length,
        "tree_seconds": median(seconds["tree"]),
        "times_faster": ratio(seconds["rows"], seconds["tree"]),
    }


def _row_by_row(model: DigitSumClassifier, length: int) -> None:
    draws = DigitSumDataset(labelled(DIGIT_SUM.every_draw(length).digits()))
    Runner(model).evaluate(draws, batch_size=len(draws) // 10)
