"""``make bench``: whole trainings by the loop everybody writes and by digitsum, in turn, on one thread.

Every contender does the same work: a few epochs with their evaluations and the scoring of the kept weights. Prints a
table in Markdown and writes ``benchmarks/results.json``.
"""

import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from tests.plain_loop import train_plainly

from digitsum_cli.core import generate_splits
from digitsum_cli.core.dataset import DigitSumSplits
from digitsum_cli.core.generation import Splits
from digitsum_cli.settings import Override, resolve_settings
from digitsum_cli.study.plan import plan_trials
from digitsum_cli.study.training import run_trial, use_one_thread

LENGTHS = (5, 20, 35)
IMPLEMENTATIONS = ("manual", "torch")
EPOCHS = 4
REPEATS = 15
RESULTS = Path(__file__).parent / "results.json"


def plain(impl: str, splits: Splits) -> Callable[[], object]:
    """A training by the plain loop."""
    data = DigitSumSplits.of(splits)
    tensors = [(part.digits, part.labels) for part in (data.train, data.eval, data.test)]
    return lambda: train_plainly(impl, *tensors, seed=0, epochs=EPOCHS)


def ours(impl: str, length: int) -> Callable[[], object]:
    """The same training by digitsum."""
    values = {"data.lengths": length, "model.impl": impl, "train.epochs": EPOCHS}
    settings = resolve_settings(overrides=[Override(key, value, key) for key, value in values.items()])
    plan = plan_trials(settings)
    return lambda: run_trial(plan.trials[0], plan.splits(plan.trials[0]))


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(length: int, impl: str) -> dict[str, object]:
    """Times plain loop and digitsum in turn; the ratio is the median of the repeats' own ratios."""
    contenders = (plain(impl, generate_splits([length])[length]), ours(impl, length))
    steps = EPOCHS * 38
    for contender in contenders:
        contender()
    pairs = [(seconds(contenders[0]), seconds(contenders[1])) for _ in range(REPEATS)]
    return {
        "length": length,
        "impl": impl,
        "plain_us_per_step": 1e6 * statistics.median(a for a, _ in pairs) / steps,
        "digitsum_us_per_step": 1e6 * statistics.median(b for _, b in pairs) / steps,
        "times_faster": statistics.median(a / b for a, b in pairs),
    }


def main() -> None:
    """Measures, prints and writes."""
    use_one_thread()
    rows = [measure(length, impl) for length in LENGTHS for impl in IMPLEMENTATIONS]
    print("| length | impl | plain loop, µs a step | digitsum, µs a step | times faster |")
    print("| --- | --- | --- | --- | --- |")
    for row in rows:
        print(
            f"| {row['length']} | {row['impl']} | {row['plain_us_per_step']:.0f} "
            f"| {row['digitsum_us_per_step']:.0f} | {row['times_faster']:.2f} |"
        )
    machine = {"processor": platform.machine(), "torch": torch.__version__, "threads": 1}
    RESULTS.write_text(json.dumps({"machine": machine, "repeats": REPEATS, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
