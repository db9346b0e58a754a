"""The spectral radius of the recurrent weights."""

import torch
from torch import Tensor


def spectral_radius(U: Tensor) -> float:
    """The largest absolute eigenvalue: the factor by which U scales a state per step in the long run.

    In a linear network, gradients vanish below 1 and can explode only above 1; tanh shrinks them further. It is only a
    guide: over a few steps, U can amplify a state even if its spectral radius is small.

    Arguments:
        U: a matrix of shape ``(hidden_size, hidden_size)``.

    Source: Pascanu, Mikolov and Bengio 2013, *On the difficulty of training recurrent neural networks*, section 2.1.
    """
    return float(torch.linalg.eigvals(U.detach().to("cpu", torch.float64)).abs().max())
