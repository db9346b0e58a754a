"""Checks, before anything is timed, that each contender's first losses match those of the plain loop.

The plain loop of the LSTM and the GRU uses PyTorch's layers, which have two biases and different initial weights;
there, the reference is the hand-written cells with autograd.
"""

from functools import cache
from itertools import islice

import numpy as np
import torch

from benchmarks.contenders import Losses, Task
from benchmarks.contenders.plain import Plain
from benchmarks.contenders.runner import Manual

STEPS = 5
TOLERANCE = 1e-4


class DisagreementError(Exception):
    """A contender's losses do not match the reference."""


def require_agreement(contender: str, task: Task, losses: Losses) -> None:
    """Checks the first step losses of every trial.

    Arguments:
        contender: its name.
        task: what was trained.
        losses: of shape ``(steps, trials)``.

    Raises:
        DisagreementError: a loss differs by more than ``TOLERANCE`` from the reference.
    """
    impl = "torch" if contender == "torch" or (contender == "plain" and task.cell != "srn") else "manual"
    expected = np.array([_expected_losses(task, impl, seed) for seed in range(losses.shape[1])]).T
    difference = float(np.abs(losses[:STEPS] - expected).max())
    if not difference <= TOLERANCE:
        raise DisagreementError(
            f"{contender} at {task}: the first {STEPS} losses differ by up to {difference:.2g} from the plain loop's; "
            f"at most {TOLERANCE:g} is allowed"
        )


@cache
def _expected_losses(task: Task, impl: str, seed: int) -> tuple[float, ...]:
    torch.set_num_threads(1)
    if task.cell != "srn" and impl == "manual":
        manual = Manual(task)
        manual.run(1)
        return tuple(manual.step_losses[:STEPS])
    return tuple(islice(Plain(task, impl, seed).steps(), STEPS))
