"""The update of a training step, compiled: gradient norms, clipping and the optimizer.

Adam is that of Kingma and Ba 2015, algorithm 1, with the corrections arranged as in ``torch.optim.Adam``; plain
gradient descent is ``torch.optim.SGD``. As in both, weight decay is an L2 penalty added to the gradients, after
clipping.
Clipping follows Pascanu, Mikolov and Bengio 2013, algorithm 1, as ``torch.nn.utils.clip_grad_norm_`` computes it.
"""

import math

from digitsum_cli.fused.compiled import compiled
from digitsum_cli.fused.simd.vectors import Vector, elementwise

ADAM, SGD = range(2)
"""The numbers of the optimizers in a ``Rule``."""

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8
"""The defaults of ``torch.optim.Adam``."""

CLIP_EPSILON = 1e-6
"""The constant in ``torch.nn.utils.clip_grad_norm_``."""


def _adam(
    step_size: Vector,
    inverse_root: Vector,
    decay: Vector,
    value: Vector,
    first: Vector,
    second: Vector,
    gradient: Vector,
) -> tuple[Vector, Vector, Vector]:
    gradient = gradient + decay * value
    first = first + (1 - BETA_1) * (gradient - first)
    second = BETA_2 * second + (1 - BETA_2) * gradient * gradient
    return value - step_size * first / (second.sqrt() * inverse_root + EPSILON), first, second


_adam_step = elementwise(_adam)
_descend = elementwise(lambda lr, decay, value, gradient: value - lr * (gradient + decay * value))
_scale = elementwise(lambda factor, x: factor * x)


@compiled
def _norm(step, rule, g, width, squares, norms):
    """The norm of all gradients together; if requested, records the norm for each parameter, gate by gate."""
    total, parameter = 0.0, 0
    for index in range(len(g)):
        gradient = g[index]
        columns = gradient.shape[1]
        for column in range(columns):
            squares[column] = 0.0
        for row in range(gradient.shape[0]):
            for column in range(columns):
                value = float(gradient[row, column])  # float64, so that squares of small numbers do not underflow
                squares[column] += value * value
        block = width if index in (1, 2, 3) else columns  # the gates of W, U and b are concatenated
        for start in range(0, columns, block):
            square = 0.0
            for column in range(start, start + block):
                square += squares[column]
            total += square
            if rule.record_gradients:
                norms[step, parameter] = math.sqrt(square)
            parameter += 1
    return math.sqrt(total)


@compiled
def update(step, rule, lr_factor, g, optimizer, width, squares, norms):
    """Records the gradient norms, clips the gradients and updates the weights.

    Arguments:
        step: counted from 0.
        rule: the update rule.
        lr_factor: the factor of the learning rate at this step.
        g: the gradients, by parameter.
        optimizer: the gradients and all other state as flat arrays.
        width: the number of columns per gate in W, U and b.
        squares: a row for summing squares.
        norms: the array to record the norms in, one row per step; without rows if they are not recorded.
    """
    number = optimizer.values.dtype.type
    size = optimizer.values.size
    if rule.record_gradients or rule.clip_norm < math.inf:
        norm = _norm(step, rule, g, width, squares, norms)
        coefficient = rule.clip_norm / (norm + CLIP_EPSILON)
        if coefficient < 1.0:
            _scale(size, (number(coefficient),), (optimizer.gradients,), (0,))
    lr = rule.lr * lr_factor
    decay = number(rule.weight_decay)
    if rule.optimizer == ADAM:
        step_size = number(lr / (1 - BETA_1 ** (step + 1)))
        inverse_root = number(1 / math.sqrt(1 - BETA_2 ** (step + 1)))
        arrays = (optimizer.values, optimizer.first_moments, optimizer.second_moments, optimizer.gradients)
        _adam_step(size, (step_size, inverse_root, decay), arrays, (0, 0, 0, 0))
    elif rule.optimizer == SGD:
        _descend(size, (number(lr), decay), (optimizer.values, optimizer.gradients), (0, 0))
