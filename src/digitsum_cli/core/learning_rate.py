"""Learning-rate schedules."""

import math


def constant_factor(_step: int, _steps: int) -> float:
    """The factor of the initial learning rate: always 1."""
    return 1.0


def cosine_factor(step: int, steps: int) -> float:
    """The factor of the initial learning rate: half a cosine period, from 1 at step 0 towards 0.

    Arguments:
        step: counted from 0.
        steps: the total number of steps.

    Source: Loshchilov and Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", equation 5, without
    restarts, updated at every step.
    """
    return 0.5 * (1 + math.cos(math.pi * step / steps))
