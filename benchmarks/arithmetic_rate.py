"""Arithmetic throughput: operations per second of the compiled trainer and of a large matrix product.

Operations are counted as the experiment defines them, for a step on B rows of length L: every product once in the
forward pass and twice in the backward pass (once for each factor):

    h_{t-1} U       for t = 2 … L       3 * 2 B H H (L - 1)
    T = E W         per batch           3 * 2 * 10 M H
    h_L V^T                             3 * 2 B H C

W is thus applied to the ten digits only, whereas the plain loop applies it to all B L digits that are read; sums, tanh,
softmax and Adam are not counted. The compiled trainer executes fewer operations: rows of a batch with a common prefix
share their states, so the inner nodes of the batch's prefix forest replace B (L - 1) in the first line, and its leaves
replace B in the last.
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from benchmarks.contenders import BATCH_SIZE, STEPS_PER_EPOCH, Task
from benchmarks.contenders.product import OPERATIONS
from benchmarks.interleaving import Effort, Entry, seconds_per_epoch
from benchmarks.team import Team, usable_cores
from digitsum_cli.core.tasks import DIGIT_SUM
from digitsum_cli.fused.prefix_tree import build_prefix_forest

FUSED, PRODUCT = Entry("fused", "one"), Entry("product", "one")


@dataclass(frozen=True)
class Operations:
    """Floating-point operations per epoch: as defined, and as executed with shared prefixes."""

    defined: int
    executed: int


def count_operations(task: Task) -> Operations:
    """Counts the operations of an epoch; see the module's docstring."""
    rows = task.rows
    starts = build_prefix_forest(rows, BATCH_SIZE).starts
    leaves = starts[:, -1] - starts[:, -2]
    inner = starts[:, -2] - starts[:, 0]
    return Operations(
        _products(len(rows) * (task.length - 1), len(rows), task.hidden),
        _products(int(inner.sum()), int(leaves.sum()), task.hidden),
    )


def _products(inner: int, last: int, H: int) -> int:
    """The operations of an epoch.

    Arguments:
        inner: states that a later step reads.
        last: states at the end of a row.
        H: hidden size.
    """
    recurrence = 2 * inner * H * H
    table = STEPS_PER_EPOCH * 2 * DIGIT_SUM.symbols * H * H
    logits = 2 * last * H * DIGIT_SUM.classes
    return 3 * (recurrence + table + logits)


def measure_arithmetic_rate(tasks: Sequence[Task], effort: Effort) -> list[dict[str, Any]]:
    """Measures each task on one core; fractions are medians over the repeats' fractions."""
    figures = []
    with Team(usable_cores()[:1]) as team:
        for task in tasks:
            print(f"arithmetic rate: length {task.length}, hidden {task.hidden}", file=sys.stderr)
            seconds = seconds_per_epoch(team, (FUSED, PRODUCT), task, effort)
            figures.append(_figure(task, seconds[FUSED], seconds[PRODUCT]))
    return figures


def _figure(task: Task, for_epoch: list[float], of_product: list[float]) -> dict[str, Any]:
    operations = asdict(count_operations(task))
    products_per_epoch = median(epoch / product for epoch, product in zip(for_epoch, of_product, strict=True))
    return {
        "length": task.length,
        "hidden": task.hidden,
        "us_per_step": 1e6 * median(for_epoch) / STEPS_PER_EPOCH,
        "product_gflop_per_second": 1e-9 * OPERATIONS / median(of_product),
        **{
            kind: {
                "mflop_per_step": 1e-6 * count / STEPS_PER_EPOCH,
                "gflop_per_second": 1e-9 * count / median(for_epoch),
                "of_the_product": count / (products_per_epoch * OPERATIONS),
            }
            for kind, count in operations.items()
        },
    }
