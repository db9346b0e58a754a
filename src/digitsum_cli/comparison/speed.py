"""Times a forward pass, a forward and backward pass, and a whole training step, as ratios."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from digitsum_cli.comparison.implementations import build_fused_trainer, build_model
from digitsum_cli.core.dataset import DigitSumDataset
from digitsum_cli.core.generation import Rows
from digitsum_cli.core.registry import FUSED
from digitsum_cli.settings.schema import Settings

REPEATS = 100
_WARM_UP = 5
OPERATIONS = ("forward", "forward and backward", "training step")


@dataclass(frozen=True)
class Timing:
    """The times of one operation at one length.

    Arguments:
        work: the operation: ``forward``, ``forward and backward`` or ``training step``.
        seconds: for each implementation, the median of many repeats, interleaved with those of the others;
            ``fused`` is timed only for whole training steps.
        ratios: for each implementation, the median over the repeats of its time divided by the first one's.
    """

    length: int
    work: str
    seconds: dict[str, float]
    ratios: dict[str, float]


@dataclass(frozen=True)
class _TimedCall:
    """A call that performs an operation ``times`` times."""

    call: Callable[[], object]
    times: int = 1


def time_implementations(settings: Settings, impls: Sequence[str], rows: Rows, repeats: int = REPEATS) -> list[Timing]:
    """Times implementations in turn on training batches of one length, on the threads that torch is set to use.

    Arguments:
        settings: cell, sizes, batch size and learning rate.
        impls: the names; the first is the reference.
        rows: the training rows of one length.
        repeats: number of timed calls of each, after the warm-up.
    """
    calls = {
        impl: _fused_calls(settings, rows, repeats) if impl == FUSED else _autograd_calls(settings, impl, rows)
        for impl in impls
    }
    return [
        _time(rows.digits.shape[1], operation, calls, repeats)
        for operation in OPERATIONS
        if operation in calls[impls[0]]
    ]


def _time(length: int, operation: str, calls: dict[str, dict[str, _TimedCall]], repeats: int) -> Timing:
    timed = {impl: operations[operation] for impl, operations in calls.items() if operation in operations}
    seconds: dict[str, list[float]] = {impl: [] for impl in timed}
    for repeat in range(_WARM_UP + repeats):
        for impl, each in timed.items():
            start = time.perf_counter()
            each.call()
            if repeat >= _WARM_UP:
                seconds[impl].append((time.perf_counter() - start) / each.times)
    reference = next(iter(seconds.values()))
    return Timing(
        length,
        operation,
        seconds={impl: statistics.median(times) for impl, times in seconds.items()},
        ratios={
            impl: statistics.median(a / b for a, b in zip(times, reference, strict=True))
            for impl, times in seconds.items()
        },
    )


def _autograd_calls(settings: Settings, impl: str, rows: Rows) -> dict[str, _TimedCall]:
    model = build_model(settings, impl, rows)
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.train.lr)
    digits, labels = next(DigitSumDataset(rows).batches(settings.train.batch_size))

    @torch.inference_mode()
    def forward() -> object:
        return model(digits)

    def forward_and_backward() -> None:
        cross_entropy(model(digits), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.zero_grad()

    def training_step() -> None:
        cross_entropy(model(digits), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()

    calls = (forward, forward_and_backward, training_step)
    return {operation: _TimedCall(call) for operation, call in zip(OPERATIONS, calls, strict=True)}


def _fused_calls(settings: Settings, rows: Rows, repeats: int) -> dict[str, _TimedCall]:
    """Times whole epochs, because a single step takes less time than the call into compiled code."""
    trainer = build_fused_trainer(settings, rows, np.float32, epochs=_WARM_UP + repeats + 1)
    steps = trainer.steps_per_epoch
    return {OPERATIONS[-1]: _TimedCall(lambda: trainer.advance(steps), steps)}
