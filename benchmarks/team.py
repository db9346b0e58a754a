"""Worker processes pinned to cores: one process per core, and one on all cores.

A process is pinned before it loads a library that chooses its number of threads by the cores.
"""

import multiprocessing
import os
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Literal

from benchmarks.contenders import Losses, Task

Arrangement = Literal["one", "each", "pool"]
"""One process on one core; one process per core, all at the same time; one process with threads on all cores."""


def usable_cores() -> list[int]:
    """Returns the processors that this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


class Team:
    """The worker processes; a context manager.

    Arguments:
        cores: the processors to use.
    """

    def __init__(self, cores: Sequence[int]) -> None:
        pinned = [_Member([core]) for core in cores]
        self._members = {"one": pinned[:1], "each": pinned, "pool": [_Member(cores)]}

    def __enter__(self) -> "Team":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for member in (*self._members["each"], *self._members["pool"]):
            member.stop()

    def prepare(self, arrangement: Arrangement, contender: str, task: Task) -> int:
        """Builds the contender in each process of the arrangement; returns the total number of trials."""
        members = self._members[arrangement]
        for member in members:
            member.connection.send(("prepare", contender, task))
        return sum(int(member.connection.recv()) for member in members)

    def run(self, arrangement: Arrangement, epochs: int) -> float:
        """Lets each process train its contender; returns the seconds that the slowest took."""
        members = self._members[arrangement]
        for member in members:
            member.connection.send(("run", epochs))
        return max(float(member.connection.recv()) for member in members)

    def losses(self, arrangement: Arrangement) -> list[Losses]:
        """Returns the losses of each process's contender so far."""
        members = self._members[arrangement]
        for member in members:
            member.connection.send(("losses",))
        return [member.connection.recv() for member in members]


class _Member:
    """One worker process."""

    def __init__(self, cores: Sequence[int]) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.connection, far_end = spawn.Pipe()
        self._process = spawn.Process(target=_work, args=(far_end, cores), daemon=True)
        self._process.start()
        far_end.close()

    def stop(self) -> None:
        self._process.terminate()
        self._process.join()
        self.connection.close()


def _work(connection: Connection, cores: Sequence[int]) -> None:
    """Handles messages until the process is terminated."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    os.environ["JAX_PLATFORMS"] = "cpu"
    import torch

    from benchmarks.contenders import build

    torch.set_num_threads(len(cores))
    while True:
        match connection.recv():
            case "prepare", str(name), Task() as task:
                contender = build(name, task)
                connection.send(contender.trials)
            case "run", int(epochs):
                start = time.perf_counter()
                contender.run(epochs)
                connection.send(time.perf_counter() - start)
            case ("losses",):
                connection.send(contender.losses())
