"""How the learning rate changes over a training."""

import math


def constant_factor(_step: int, _steps: int) -> float:
    """What the first learning rate is multiplied by: always 1."""
    return 1.0


def cosine_factor(step: int, steps: int) -> float:
    """What the first learning rate is multiplied by: half a cosine from 1 at step 0 towards 0.

    Arguments:
        step: counted from 0.
        steps: how many there will be.

    Source: Loshchilov and Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", equation 5, without
    restarts, step by step.
    """
    return 0.5 * (1 + math.cos(math.pi * step / steps))
