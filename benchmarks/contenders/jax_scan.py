"""``jax``: one compiled call for all epochs. ``lax.scan`` over batches and, inside, over time; ``vmap`` over trials.

This was the fastest of the variants that a JAX user would write (jax 0.10, one core): the embedding table times W plus
b is computed once per batch and indexed inside the scan over time; that scan is fully unrolled for an ensemble and not
at all for a single trial. One-hot products, indexing the table before the scan, other degrees of unrolling and XLA's
flags (vector width, oneDNN, its threads, its scheduler) were slower or made no difference.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from benchmarks.contenders import BATCH_SIZE, ENSEMBLE, LEARNING_RATE, MOST_EPOCHS, STEPS_PER_EPOCH, Losses, Task
from digitsum_cli.core import build_classifier

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


class Parameters(NamedTuple):
    """Parameters, named by the symbols of the experiment; for an ensemble, the first dimension is the trial."""

    E: Array
    W: Array
    U: Array
    b: Array
    V: Array
    c: Array


class State(NamedTuple):
    """The state of a training; all trials share ``steps``."""

    parameters: Parameters
    first_moments: Parameters
    second_moments: Parameters
    steps: Array


class Batches(NamedTuple):
    """Digits of shape ``(batches, batch, length)`` and labels of shape ``(batches, batch)``."""

    digits: Array
    labels: Array


_OF_ONE_TRIAL = State(0, 0, 0, None)  # type: ignore[arg-type]
"""Which dimension of each part of a state is the trial."""


def _loss(p: Parameters, batch: Batches, unroll: int) -> Array:
    T = p.E @ p.W + p.b

    def cell(h: Array, digit: Array) -> tuple[Array, None]:
        return jnp.tanh(T[digit] + h @ p.U), None

    h = jnp.zeros((len(batch.labels), len(p.U)))
    h, _ = lax.scan(cell, h, batch.digits.T, unroll=unroll)
    z = h @ p.V.T + p.c
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), batch.labels[:, None], axis=1))


def _train_step(state: State, batch: Batches, unroll: int) -> tuple[State, Array]:
    p, m, v, steps = state
    steps = steps + 1
    loss, gradients = jax.value_and_grad(_loss)(p, batch, unroll)
    m = jax.tree.map(lambda m, g: m + (1 - BETA_1) * (g - m), m, gradients)
    v = jax.tree.map(lambda v, g: BETA_2 * v + (1 - BETA_2) * g * g, v, gradients)
    step_size = LEARNING_RATE / (1 - BETA_1**steps)
    root = jnp.sqrt(1 - BETA_2**steps)
    p = jax.tree.map(lambda p, m, v: p - step_size * m / (jnp.sqrt(v) / root + EPSILON), p, m, v)
    return State(p, m, v, steps), loss


@partial(jax.jit, static_argnames=("ensemble", "unroll"))
def _train(
    state: State, full: Batches, short: Batches, epochs: int, ensemble: bool, unroll: int
) -> tuple[State, Array]:
    """Trains; also returns the losses, of shape ``(MOST_EPOCHS, STEPS_PER_EPOCH, …)``."""
    step = partial(_train_step, unroll=unroll)
    if ensemble:
        step = jax.vmap(step, in_axes=(_OF_ONE_TRIAL, None), out_axes=(_OF_ONE_TRIAL, 0))

    def epoch(number: Array, carry: tuple[State, Array]) -> tuple[State, Array]:
        state, losses = carry
        state, of_full = lax.scan(step, state, full)
        state, of_short = step(state, Batches(short.digits[0], short.labels[0]))
        return state, losses.at[number].set(jnp.concatenate([of_full, of_short[None]]))

    trials = state.parameters.E.shape[:-2]
    result: tuple[State, Array] = lax.fori_loop(
        0, epochs, epoch, (state, jnp.zeros((MOST_EPOCHS, STEPS_PER_EPOCH, *trials)))
    )
    return result


class Single:
    """One trial."""

    trials = 1

    def __init__(self, task: Task) -> None:
        p = _initial_parameters(task, self.trials)
        if self.trials == 1:
            p = Parameters(*(stacked[0] for stacked in p))
        zeros = jax.tree.map(jnp.zeros_like, p)
        self.state = State(p, zeros, zeros, jnp.zeros(()))
        self.unroll = 1 if self.trials == 1 else task.length
        rows = task.rows
        digits, labels = jnp.array(rows.digits, jnp.int32), jnp.array(rows.labels, jnp.int32)
        in_full = len(rows) // BATCH_SIZE * BATCH_SIZE
        self.full = Batches(
            digits[:in_full].reshape(-1, BATCH_SIZE, task.length), labels[:in_full].reshape(-1, BATCH_SIZE)
        )
        self.short = Batches(digits[None, in_full:], labels[None, in_full:])
        self.step_losses: list[Losses] = []

    def run(self, epochs: int) -> None:
        """Trains for more epochs."""
        ensemble = self.trials > 1
        self.state, losses = _train(self.state, self.full, self.short, epochs, ensemble, self.unroll)
        self.step_losses.append(np.asarray(losses)[:epochs].reshape(-1, self.trials))  # waits for the result

    def losses(self) -> Losses:
        """Returns the loss of every step so far."""
        return np.concatenate(self.step_losses)


class Ensemble(Single):
    """Eight trials at once."""

    trials = ENSEMBLE


def _initial_parameters(task: Task, trials: int) -> Parameters:
    """Returns the initial parameters of all trials, stacked."""
    models = (build_classifier("srn", "manual", task.hidden, task.hidden, seed=seed) for seed in range(trials))
    weights = [model.state_dict() for model in models]
    names = ("embedding.W", "rnn_model.W", "rnn_model.U", "rnn_model.b", "linear.weight", "linear.bias")
    return Parameters(*(jnp.array(np.stack([of_trial[name].numpy() for of_trial in weights])) for name in names))
