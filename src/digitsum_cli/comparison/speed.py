"""How long a forward, a forward and backward, and a whole training step take, as ratios."""

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
WORKS = ("forward", "forward and backward", "training step")


@dataclass(frozen=True)
class Timing:
    """One piece of work at one length.

    Arguments:
        work: ``forward``, ``forward and backward`` or ``training step``.
        seconds: for each implementation the median of many repeats, interleaved with the others'; the compiled
            trainer does whole training steps only.
        ratios: for each implementation the median over the repeats of its time as a multiple of the first's.
    """

    length: int
    work: str
    seconds: dict[str, float]
    ratios: dict[str, float]


@dataclass(frozen=True)
class _Work:
    """A call that does the same piece of work some times over."""

    call: Callable[[], object]
    times: int = 1


def time_implementations(settings: Settings, impls: Sequence[str], rows: Rows, repeats: int = REPEATS) -> list[Timing]:
    """Times implementations in turn on training batches of one length, on as many threads as torch has.

    Arguments:
        settings: cell, sizes, batch size and learning rate.
        impls: the names; the first is the reference.
        rows: the training rows of one length.
        repeats: timed calls of each, after a few that are not.
    """
    works = {
        impl: _fused_works(settings, rows, repeats) if impl == FUSED else _autograd_works(settings, impl, rows)
        for impl in impls
    }
    return [_time(rows.digits.shape[1], work, works, repeats) for work in WORKS if work in works[impls[0]]]


def _time(length: int, work: str, works: dict[str, dict[str, _Work]], repeats: int) -> Timing:
    able = {impl: of_impl[work] for impl, of_impl in works.items() if work in of_impl}
    taken: dict[str, list[float]] = {impl: [] for impl in able}
    for repeat in range(_WARM_UP + repeats):
        for impl, doing in able.items():
            start = time.perf_counter()
            doing.call()
            if repeat >= _WARM_UP:
                taken[impl].append((time.perf_counter() - start) / doing.times)
    reference = next(iter(taken.values()))
    return Timing(
        length,
        work,
        seconds={impl: statistics.median(times) for impl, times in taken.items()},
        ratios={
            impl: statistics.median(a / b for a, b in zip(times, reference, strict=True))
            for impl, times in taken.items()
        },
    )


def _autograd_works(settings: Settings, impl: str, rows: Rows) -> dict[str, _Work]:
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
    return {work: _Work(call) for work, call in zip(WORKS, calls, strict=True)}


def _fused_works(settings: Settings, rows: Rows, repeats: int) -> dict[str, _Work]:
    """Whole epochs: a single step is over before the call of compiled code is."""
    trainer = build_fused_trainer(settings, rows, np.float32, epochs=_WARM_UP + repeats + 1)
    steps = trainer.steps_per_epoch
    return {WORKS[-1]: _Work(lambda: trainer.advance(steps), steps)}
