"""How long a forward, a forward and backward, and a whole training step take, as ratios."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch.nn.functional import cross_entropy

from digitsum_cli.core.classifier import build_classifier
from digitsum_cli.core.dataset import DigitSumDataset
from digitsum_cli.settings.schema import Settings

REPEATS = 100
_WARM_UP = 5


@dataclass(frozen=True)
class Timing:
    """One piece of work at one length.

    Arguments:
        work: ``forward``, ``forward and backward`` or ``training step``.
        seconds: for each implementation the median of many repeats, interleaved with the others'.
        ratios: for each implementation the median over the repeats of its time as a multiple of the first's.
    """

    length: int
    work: str
    seconds: dict[str, float]
    ratios: dict[str, float]


def time_implementations(
    settings: Settings, impls: Sequence[str], train_set: DigitSumDataset, repeats: int = REPEATS
) -> list[Timing]:
    """Times implementations in turn on the first training batch of one length, on as many threads as torch has.

    Arguments:
        settings: cell, sizes, batch size and learning rate.
        impls: the names; the first is the reference.
        train_set: the rows of one length.
        repeats: timed calls of each, after a few that are not.
    """
    works = {impl: _works(settings, impl, train_set) for impl in impls}
    timings = []
    for work in works[impls[0]]:
        taken: dict[str, list[float]] = {impl: [] for impl in impls}
        for repeat in range(_WARM_UP + repeats):
            for impl in impls:
                start = time.perf_counter()
                works[impl][work]()
                if repeat >= _WARM_UP:
                    taken[impl].append(time.perf_counter() - start)
        timings.append(
            Timing(
                train_set.digits.shape[1],
                work,
                seconds={impl: statistics.median(times) for impl, times in taken.items()},
                ratios={
                    impl: statistics.median(a / b for a, b in zip(times, taken[impls[0]], strict=True))
                    for impl, times in taken.items()
                },
            )
        )
    return timings


def _works(settings: Settings, impl: str, train_set: DigitSumDataset) -> dict[str, Callable[[], object]]:
    model_settings = settings.model
    model = build_classifier(
        model_settings.cell, impl, model_settings.embedding_size, model_settings.hidden_size, model_settings.init
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.train.lr)
    digits, labels = next(train_set.batches(settings.train.batch_size))

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

    return {"forward": forward, "forward and backward": forward_and_backward, "training step": training_step}
