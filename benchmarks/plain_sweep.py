"""The plain loop's seven lengths, as a process of its own: ``python -m benchmarks.plain_sweep EPOCHS``.

Each length is trained, evaluated every 100 steps, and scored, one after the other. Prints the seconds of each as JSON.
What torch loads at its first step belongs to the start of the process: a short training comes before. torch gets one
thread: a network so small gains nothing from more, and on a busy machine threads that wait for each other cost much.
"""

import json
import sys
import time

import torch
from tests.plain_loop import train_plainly

from digitsum_cli.core.generation import Rows, generate_splits

LENGTHS = (5, 10, 15, 20, 25, 30, 35)


def tensors(rows: Rows) -> tuple[torch.Tensor, torch.Tensor]:
    """Digits and labels."""
    return torch.from_numpy(rows.digits).to(torch.int64), torch.from_numpy(rows.labels).to(torch.int64)


def main() -> None:
    """Trains and prints."""
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
