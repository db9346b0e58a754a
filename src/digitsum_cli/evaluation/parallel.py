"""Work on checkpoints, in spawned processes if there are many."""

from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn, TypeVar

from digitsum_cli.errors import DigitsumError
from digitsum_cli.execution.executor import Executor, OnMessage, Send
from digitsum_cli.execution.in_process import InProcessExecutor
from digitsum_cli.execution.processes import ProcessExecutor

_MAXIMUM_SEQUENTIAL = 12
"""About as many diagnoses take as long as a new process needs to load torch."""

_Piece = TypeVar("_Piece")
_Value = TypeVar("_Value")


def work_in_parallel(
    work: Callable[[_Piece, Send], _Value],
    pieces: Sequence[_Piece],
    processes: int,
    maximum_sequential: int = _MAXIMUM_SEQUENTIAL,
    on_message: OnMessage[_Piece] = lambda *_: None,
) -> Iterator[tuple[_Piece, _Value]]:
    """Processes pieces of work.

    Arguments:
        work: a module-level function.
        pieces: the pieces, the longest first.
        processes: number of parallel processes.
        maximum_sequential: how many pieces are processed in this process, one after the other.
        on_message: called with the messages that the work sends.

    Yields:
        Each piece with its value as soon as it is done.

    Raises:
        DigitsumError: a process was killed. Exceptions in the work propagate from here.
    """
    parallel = processes > 1 and len(pieces) > maximum_sequential
    executor: Executor[_Piece, _Value] = (
        ProcessExecutor(work, processes, _process_died) if parallel else InProcessExecutor(work)
    )
    with executor:
        yield from executor.submit(pieces, on_message)


def _process_died(_: int | None) -> NoReturn:
    raise DigitsumError("a process that evaluated a checkpoint was killed", next_step="Run it again with -j 1")
