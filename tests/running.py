"""Commands that run beside a test: waited for by what they do, stopped, and charged by the processor time they use.

The clock on the wall measures nothing here: on a busy machine it runs ahead of the work.
"""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

HANG = 600.0
"""Seconds. Only what hangs takes longer, on the busiest machine."""

_TICK = 1 / os.sysconf("SC_CLK_TCK")


def wait_until(holds: Callable[[], bool], event: str, *, poll: float = 0.02) -> None:
    """Waits for an event; fails where it does not come."""
    deadline = time.monotonic() + HANG
    while not holds():
        assert time.monotonic() < deadline, f"waited {HANG:.0f} seconds for {event}"
        time.sleep(poll)


@contextmanager
def processor_seconds_below(most: float) -> Iterator[None]:
    """Fails a block in which this process computes for longer."""
    start = time.process_time()
    yield
    assert time.process_time() - start < most


def children_seconds() -> float:
    """Processor seconds of all processes that this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@dataclass(frozen=True)
class Stopped:
    """How a command ended."""

    code: int
    err: str
    processor_seconds: float
    """Used by the command and its workers from the signal to the end of the last of them."""


class Command:
    """``digitsum`` in a process group of its own; at the end of a ``with`` block all of the group are killed."""

    def __init__(self, *arguments: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "digitsum_cli", *map(str, arguments)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=hear_interrupts,
        )
        self.pid = self._process.pid
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stderr:
            self._lines.extend(stderr)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait()

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def wait(self) -> tuple[int, str]:
        """The exit code, and what was printed on stderr."""
        code = self._process.wait(HANG)
        self._reader.join(HANG)
        return code, "".join(self._lines)

    def wait_until(self, holds: Callable[[], bool], event: str) -> None:
        """Waits for an event while the command runs."""
        wait_until(lambda: holds() or not self.runs, event)
        assert holds() or self.runs, f"it ended before {event}: {self.wait()}"

    def wait_for_line(self, start: str = "") -> None:
        """Waits for a line on stderr."""
        self.wait_until(lambda: any(line.startswith(start) for line in self._lines), f"a line {start!r}")

    def wait_for_workers(self, number: int) -> None:
        """Waits until so many worker processes have loaded torch: what comes next is their work."""

        def at_work() -> int:
            return sum(b"libtorch" in _content(f"/proc/{worker}/maps") for worker in workers_of(self.pid))

        self.wait_until(lambda: at_work() == number, f"{number} workers")

    def processor_seconds(self) -> float:
        """Used so far by the processes of the group and by those that they have waited for."""
        return sum(seconds for _, seconds in _group(self.pid))

    def stop(self, how: signal.Signals, *, group: bool = False, times: int = 1) -> Stopped:
        """Signals the command, or its whole process group as a terminal does, and waits for every process to end."""
        before = used = self.processor_seconds()
        with suppress(ProcessLookupError):
            for _ in range(times):
                (os.killpg if group else os.kill)(self.pid, how)
        deadline = time.monotonic() + HANG
        while (runs := list(_group(self.pid))) and any(running for running, _ in runs):
            used = max(used, sum(seconds for _, seconds in runs))
            assert time.monotonic() < deadline, "a process outlives the command"
            time.sleep(0.02)
        used = max(used, self.processor_seconds())
        return Stopped(*self.wait(), used - before)


def hear_interrupts() -> None:
    """In the process to be: a shell starts what runs in the background with Ctrl-C ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def workers_of(process: int) -> list[int]:
    """The spawned processes of a command: its children but the one that keeps count of resources."""
    threads = _numbered(f"/proc/{process}/task")
    children = [child for thread in threads for child in _content(thread / "children").split()]
    return [int(child) for child in children if b"spawn_main" in _content(f"/proc/{int(child)}/cmdline")]


def _numbered(folder: str) -> list[Path]:
    """The folders of processes or threads. Path.glob would fail if one of them ends meanwhile."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return [Path(folder, name) for name in os.listdir(folder) if name.isdigit()]  # noqa: PTH208
    return []


def _content(path: str | Path) -> bytes:
    """Of a file of a process; nothing once it has ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(path).read_bytes()
    return b""


def _group(number: int) -> Iterator[tuple[bool, float]]:
    """For each process of a group: whether it runs, or has ended and is only waited for; its processor seconds."""
    for process in _numbered("/proc"):
        stat = _content(process / "stat")
        state, _, group, *rest = stat.rpartition(b")")[2].split() or (b"", b"", b"0")
        if int(group) == number:
            yield state not in b"ZX", sum(map(int, rest[8:12])) * _TICK
