"""The plain loop at seven lengths, as a separate process: ``python -m benchmarks.plain_sweep EPOCHS``.

The lengths run one after the other: each is trained, evaluated every 100 steps and scored. Prints the seconds of each
as JSON. A short training comes first, so that what torch loads at its first step counts as start-up time. torch gets
one thread: so small a network gains nothing from more, and on a busy machine threads that wait for each other are slow.
"""

import json
import sys
import time

import torch
from tests.plain_loop import train_plainly

from digitsum_cli.core.generation import Rows, generate_splits

LENGTHS = (5, 10, 15, 20, 25, 30, 35)


def tensors(rows: Rows) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns digits and labels as tensors."""
    return torch.from_numpy(rows.digits).to(torch.int64), torch.from_numpy(rows.labels).to(torch.int64)


def main() -> None:
    """Trains each length and prints the seconds."""
    epochs = int(sys.argv[1])
    torch.set_num_threads(1)
    train_plainly("manual", *[tensors(rows) for _, rows in generate_splits([5])[5].items()], seed=0, epochs=1)
    seconds = []
    for splits in generate_splits(LENGTHS).values():
        parts = [tensors(rows) for _, rows in splits.items()]
        start = time.perf_counter()
        train_plainly("manual", *parts, seed=0, epochs=epochs)
        seconds.append(time.perf_counter() - start)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
