"""``recipes/srn`` as a plain PyTorch loop, in a separate process: ``python -m benchmarks.plain_recipe STEPS``.

Trains some of the recipe's steps, evenly spread over the growth of its rows, once with the SRN as a Python loop, as in
the book, and once on ``nn.RNN``. Each step draws its rows with NumPy. There is no evaluation and no checkpoint. Prints
the seconds per step of both as JSON. torch gets one thread, as in ``plain_sweep``.
"""

import json
import math
import sys
import time

import numpy as np
import numpy.typing as npt
import torch
from tests.plain_loop import PlainClassifier
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_

BATCH_SIZE, SHORTEST, LONGEST = 8, 3, 50
LEARNING_RATE, CLIP_NORM = 0.002, 0.3
IMPLEMENTATIONS = ("manual", "torch")


def draw_rows(length: int, stream: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns the digits and the sums of a batch: two random digits, then zeros and one random digit among them."""
    digits: npt.NDArray[np.int64] = np.zeros((BATCH_SIZE, length), np.int64)
    digits[:, :2] = stream.integers(0, 10, (BATCH_SIZE, 2))
    digits[np.arange(BATCH_SIZE), stream.integers(2, length, BATCH_SIZE)] = stream.integers(0, 10, BATCH_SIZE)
    return torch.from_numpy(digits), torch.from_numpy(digits[:, :2].sum(axis=1))


def seconds_per_step(impl: str, steps: int) -> float:
    """Trains; returns the mean time of a step."""
    torch.manual_seed(0)
    stream = np.random.default_rng(0)
    model = PlainClassifier(impl)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5 * (1 + math.cos(math.pi * step / steps)))
    total_loss = 0.0
    start = time.perf_counter()
    for step in range(steps):
        longest = SHORTEST + math.floor(step / steps * (LONGEST - SHORTEST))
        digits, labels = draw_rows(int(stream.integers(SHORTEST, longest + 1)), stream)
        loss = cross_entropy(model(digits), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        clip_grad_norm_(model.parameters(), CLIP_NORM)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        total_loss += loss.item()
    return (time.perf_counter() - start) / steps


def main() -> None:
    """Measures both implementations."""
    steps = int(sys.argv[1])
    torch.set_num_threads(1)
    seconds_per_step("manual", 10)  # so that what torch loads at its first step is not measured
    print(json.dumps({impl: seconds_per_step(impl, steps) for impl in IMPLEMENTATIONS}))


if __name__ == "__main__":
    main()
