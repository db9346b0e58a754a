"""How much memory a training takes, so that one that cannot fit is refused before it begins."""

import os
from collections.abc import Iterable

from digitsum_cli.core.generation import DIGITS
from digitsum_cli.core.names import FUSED, GATES
from digitsum_cli.errors import InputError
from digitsum_cli.settings.estimates import memory_in_words
from digitsum_cli.study.trial import Trial

_FLOAT = 4
_COPIES_OF_WEIGHTS = 6
"""Values, gradients, two moments, the kept ones, and transposed or spare copies."""


def memory_needed(trial: Trial, rows: int) -> int:
    """About how many bytes the training of a trial takes at least.

    Arguments:
        trial: its sizes.
        rows: in its train split.
    """
    gates = max(1, len(GATES[trial.cell]))
    M, H, length = trial.embedding_size, trial.hidden_size, trial.length
    weights = gates * (M * H + H * H) + DIGITS * M + 19 * H
    of_a_state = H * (2 * gates + 2) + (0 if trial.impl == FUSED else M)
    states = min(trial.batch_size, rows) * length * of_a_state
    draws = DIGITS * DIGITS * length * H * (gates + 2)  # of one first digit, for the exact accuracy
    return _FLOAT * (_COPIES_OF_WEIGHTS * weights + states + draws)


def refuse_what_cannot_fit(trials: Iterable[tuple[Trial, int]]) -> None:
    """Checks that each training fits in this machine's memory.

    Arguments:
        trials: each with the rows in its train split.

    Raises:
        InputError: one does not.
    """
    present = _memory_of_this_machine()
    for trial, rows in trials:
        needed = memory_needed(trial, rows)
        if needed > present:
            raise InputError(
                f"the training at length {trial.length} with hidden size {trial.hidden_size} and batch size "
                f"{trial.batch_size} needs {memory_in_words(needed)} of memory or more, and this machine has "
                f"{memory_in_words(present)}",
                next_step="Choose a smaller train.batch_size, model.hidden_size or length",
            )


def _memory_of_this_machine() -> float:
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (ValueError, OSError, AttributeError):  # no such number here
        return float("inf")
