"""How much memory trainings take, so that what cannot fit is refused before it begins."""

import os
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from digitsum_cli.core.registry import CELLS, FUSED, TORCH
from digitsum_cli.errors import InputError
from digitsum_cli.settings.estimates import memory_in_words
from digitsum_cli.trials.trial import Trial

_FLOAT = 4
_COPIES_OF_WEIGHTS = 6
"""Values, gradients, two moments, the kept ones, and transposed or spare copies."""

_BYTES_OF_A_NUMBER = 40
"""Of one that is noted down at every step: in the record, and as a number of Python when the training has ended."""

_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where Linux says how much memory a container may use."""


def count_parameters(trial: Trial) -> int:
    """How many numbers the weights of a trial's classifier are."""
    gates = len(CELLS[trial.model.cell].suffixes)
    M, H = trial.model.embedding_size, trial.model.hidden_size
    biases = 2 if trial.model.impl == TORCH else 1
    symbols, classes = trial.task.symbols, trial.task.classes
    return symbols * M + gates * (M * H + H * H + biases * H) + H * classes + classes


def memory_needed(trial: Trial, rows: int) -> int:
    """About how many bytes the training of a trial takes at least.

    Arguments:
        trial: its sizes.
        rows: in its train split.
    """
    gates = len(CELLS[trial.model.cell].suffixes)
    H, length = trial.model.hidden_size, trial.length
    of_a_state = H * (2 * gates + 2) + (0 if trial.model.impl == FUSED else trial.model.embedding_size)
    states = min(trial.train.batch_size, rows) * length * of_a_state
    draws = trial.task.symbols**2 * length * H * (gates + 2)  # of one first digit, for the exact accuracy
    noted = _BYTES_OF_A_NUMBER * _steps(trial, rows) * _numbers_a_step(trial)
    return _FLOAT * (_COPIES_OF_WEIGHTS * count_parameters(trial) + states + draws) + noted


def state_bytes(trial: Trial, rows: int) -> int:
    """As many bytes as the file may have at most that says where the training of a trial stands."""
    of_weights = 4 * 2 * _FLOAT * count_parameters(trial)  # present, kept and two moments; in float64 at most
    return of_weights + 8 * _steps(trial, rows) * (_numbers_a_step(trial) + 5) + 2**20


def _steps(trial: Trial, rows: int) -> int:
    return trial.train.epochs * -(-rows // trial.train.batch_size)


def _numbers_a_step(trial: Trial) -> int:
    parameters = 3 + 4 * len(CELLS[trial.model.cell].suffixes)
    return 1 + (parameters if trial.train.record_gradients else 0)


def check_memory(trials: Sequence[tuple[Trial, int]]) -> None:
    """Checks that each training fits in this machine's memory.

    Arguments:
        trials: each with the rows in its train split.

    Raises:
        InputError: one does not.
    """
    present = _memory_of_this_machine()
    needed, trial = max(((memory_needed(*pair), pair[0]) for pair in trials), key=lambda pair: pair[0])
    if needed > present:
        raise InputError(
            f"the training at length {trial.length} with hidden size {trial.model.hidden_size}, batch size "
            f"{trial.train.batch_size} and {trial.train.epochs} epochs needs {memory_in_words(needed)} of memory or "
            f"more, and this machine has {memory_in_words(present)}",
            next_step="Choose a smaller train.batch_size, train.epochs, model.hidden_size or length",
        )


def jobs_that_fit(trials: Sequence[tuple[Trial, int]], jobs: int) -> int:
    """How many trainings fit in this machine's memory side by side, whichever meet: at least one, at most ``jobs``.

    Arguments:
        trials: each with the rows in its train split.
        jobs: how many are asked for.
    """
    largest = sorted((memory_needed(*pair) for pair in trials), reverse=True)[:jobs]
    present = _memory_of_this_machine()
    fitting = sum(together <= present for together in accumulate(largest))
    return jobs if fitting == len(largest) else max(1, fitting)


def _memory_of_this_machine() -> float:
    limits = [float("inf")]
    if hasattr(os, "sysconf"):
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in _LIMITS:
        try:
            limits.append(int(path.read_text()))
        except (OSError, ValueError):  # there is no such limit, or it is "max"
            continue
    return min(limits)
