"""Estimates how much memory trainings need, so that one that does not fit is rejected before it starts."""

import os
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path

from digitsum_cli.core.cells.options import Option, checked_options
from digitsum_cli.core.registry import CELLS, FUSED, MANUAL, TORCH, cell_in_words, load
from digitsum_cli.errors import InputError
from digitsum_cli.settings.estimates import format_bytes
from digitsum_cli.trials.trial import Trial

_BYTES_PER_FLOAT = 4
_COPIES_OF_WEIGHTS = 6
"""Values, gradients, two moments, the best checkpoint, and a transposed or temporary copy."""

_BYTES_PER_RECORDED_NUMBER = 40
"""For a number recorded at every step: in the record, and as a Python float after the training."""

_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""The files in which Linux gives the memory limit of a container."""


def count_parameters(trial: Trial) -> int:
    """The number of parameters of a trial's classifier."""
    M, H = trial.model.embedding_size, trial.model.hidden_size
    symbols, classes = trial.task.symbols, trial.task.classes
    return symbols * M + _count_cell_parameters(trial, M, H) + H * classes + classes


def _count_cell_parameters(trial: Trial, M: int, H: int) -> int:
    spec = CELLS[trial.model.cell]
    if spec.own:
        return _count_own_parameters(trial.model.cell, trial.model.options, M, H)
    biases = 2 if trial.model.impl == TORCH else 1
    return len(spec.suffixes) * (M * H + H * H + biases * H)


@cache
def _count_own_parameters(cell: str, options: tuple[tuple[str, Option], ...], M: int, H: int) -> int:
    own = load(CELLS[cell].implementations[MANUAL]["tanh"])
    chosen = checked_options(cell_in_words(cell), own, dict(options))
    try:
        return sum(parameter.numel() for parameter in own(M, H, **chosen).parameters())
    except Exception as error:
        raise InputError(
            f"{cell_in_words(cell)} cannot be created with input size {M} and hidden size {H}: "
            f"{type(error).__name__}: {error}",
            next_step="Find out why with digitsum check",
        ) from error


def memory_needed(trial: Trial, rows: int) -> int:
    """Estimates the least memory that the training of a trial needs, in bytes.

    Arguments:
        trial: what is trained.
        rows: number of rows in its training set.
    """
    gates = len(CELLS[trial.model.cell].suffixes)
    H, length = trial.model.hidden_size, trial.length
    floats_per_step = H * (2 * gates + 2) + (0 if trial.model.impl == FUSED else trial.model.embedding_size)
    states = min(trial.train.batch_size, rows) * length * floats_per_step
    draws = trial.task.symbols**2 * length * H * (gates + 2)  # of one first digit, for the exact accuracy
    recorded = _BYTES_PER_RECORDED_NUMBER * _steps(trial, rows) * _numbers_per_step(trial)
    return _BYTES_PER_FLOAT * (_COPIES_OF_WEIGHTS * count_parameters(trial) + states + draws) + recorded


def state_bytes(trial: Trial, rows: int) -> int:
    """The maximum size of the training state file of a trial, in bytes."""
    weights = 4 * 2 * _BYTES_PER_FLOAT * count_parameters(trial)  # current, best, two moments; at most float64
    return weights + 8 * _steps(trial, rows) * (_numbers_per_step(trial) + 5) + 2**20


def _steps(trial: Trial, rows: int) -> int:
    return trial.train.epochs * -(-rows // trial.train.batch_size)


def _numbers_per_step(trial: Trial) -> int:
    parameters = 3 + 4 * len(CELLS[trial.model.cell].suffixes)
    return 1 + (parameters if trial.train.record_gradients else 0)


def check_memory(trials: Sequence[tuple[Trial, int]]) -> None:
    """Checks that each training fits in this machine's memory.

    Arguments:
        trials: each with the number of rows in its training set.

    Raises:
        InputError: a training does not fit.
    """
    if not trials:
        return
    available = _total_memory()
    needed, trial = max(((memory_needed(*pair), pair[0]) for pair in trials), key=lambda pair: pair[0])
    if needed > available:
        raise InputError(
            f"the training at length {trial.length} with hidden size {trial.model.hidden_size}, batch size "
            f"{trial.train.batch_size} and {trial.train.epochs} epochs needs at least {format_bytes(needed)} of "
            f"memory, but this machine has {format_bytes(available)}",
            next_step="Reduce train.batch_size, train.epochs, model.hidden_size or the length",
        )


def jobs_that_fit(trials: Sequence[tuple[Trial, int]], jobs: int) -> int:
    """How many trainings fit in this machine's memory in parallel, in any combination: from 1 to ``jobs``.

    Arguments:
        trials: each with the number of rows in its training set.
        jobs: the requested number.
    """
    largest = sorted((memory_needed(*pair) for pair in trials), reverse=True)[:jobs]
    available = _total_memory()
    fitting = sum(needed <= available for needed in accumulate(largest))
    return jobs if fitting == len(largest) else max(1, fitting)


def _total_memory() -> float:
    limits = [float("inf")]
    if hasattr(os, "sysconf"):
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in _LIMITS:
        try:
            limits.append(int(path.read_text()))
        except (OSError, ValueError):  # no such limit, or it is "max"
            continue
    return min(limits)
