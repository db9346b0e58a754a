"""The spectral radius of the recurrent weights."""

import torch
from torch import Tensor


def spectral_radius(U: Tensor) -> float:
    """The largest absolute eigenvalue: the factor by which U stretches a state over a step, in the long run.

    In a linear network gradients vanish below 1, and only above 1 can they explode; tanh shrinks them further. It is a
    guide and no more: over a few steps, U may stretch a state although its spectral radius is small.

    Arguments:
        U: of shape ``(hidden_size, hidden_size)``.

    Source: Pascanu, Mikolov and Bengio 2013, *On the difficulty of training recurrent neural networks*, section 2.1.
    """
    return float(torch.linalg.eigvals(U.detach().to("cpu", torch.float64)).abs().max())
