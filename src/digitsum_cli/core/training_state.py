"""The state of a training between two steps: everything needed to resume it exactly."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.checkpoint import MAXIMUM_BYTES, Weights, read_checkpoint, write_checkpoint
from digitsum_cli.core.record import Evaluation
from digitsum_cli.core.shapes import Shapes, require_shapes
from digitsum_cli.errors import InputError

Array = npt.NDArray[np.floating]


@dataclass(frozen=True)
class TrainingState:
    """The state of a training after some steps.

    Arguments:
        step_losses: the mean loss of every step's batch so far.
        evaluations: all evaluations so far, in order.
        gradient_norms: by parameter, one norm per step; empty if they are not recorded.
        weights: the weights after the last step, by parameter name.
        best_weights: the weights of the best evaluation; empty if there was none.
        optimizer: the optimizer's state, by arbitrary names.
    """

    step_losses: Array
    evaluations: tuple[Evaluation, ...]
    gradient_norms: Mapping[str, Array]
    weights: Weights
    best_weights: Weights
    optimizer: Mapping[str, Array]

    @property
    def step(self) -> int:
        """The number of steps so far."""
        return len(self.step_losses)


class IncompatibleStateError(InputError):
    """A state belongs to another training than the one that is to resume from it."""


def check_compatible_state(
    state: TrainingState,
    *,
    steps: int,
    eval_every: int,
    parameters: Shapes,
    optimizer: Shapes,
    recorded: Collection[str],
) -> None:
    """Checks that a training can resume from a state.

    Arguments:
        state: the state to resume from.
        steps: the total number of steps; at least one must remain.
        eval_every: steps between evaluations; the state must contain every evaluation that was due.
        parameters: the shapes of the model's parameters.
        optimizer: the shapes of the optimizer's state after a step.
        recorded: the parameters whose gradient norms are recorded.

    Raises:
        IncompatibleStateError: it cannot resume.
    """
    per_step = ((state.step,), "float64")
    losses, gradient_norms = {"step_losses": per_step}, dict.fromkeys(recorded, per_step)
    best_parameters = parameters if state.evaluations else {}
    try:
        require_shapes(state.weights, parameters, "its weights do not match the model")
        require_shapes(state.best_weights, best_parameters, "its best checkpoint does not match the model")
        require_shapes(state.optimizer, optimizer, "its optimizer state does not match the optimizer")
        require_shapes({"step_losses": state.step_losses}, losses, "its recorded losses do not match")
        require_shapes(state.gradient_norms, gradient_norms, "its recorded gradient norms do not match")
    except InputError as error:
        raise IncompatibleStateError(f"cannot resume from the state of another training: {error}") from error
    evaluated = [evaluation.step for evaluation in state.evaluations]
    if state.step >= steps or evaluated != list(range(eval_every, state.step, eval_every)):
        raise IncompatibleStateError(
            f"cannot resume from the state of another training: {state.step} of {steps} steps with "
            f"evaluations after {evaluated[:3]} …"
        )


def write_training_state(path: Path, state: TrainingState, settings: Mapping[str, Any]) -> None:
    """Writes a state and the settings of its training atomically.

    Raises:
        DigitsumError: the file cannot be written.
    """
    evaluations = np.array([list(vars(each).values()) for each in state.evaluations], np.float64).reshape(-1, 5)
    parts = {"gradient_norms": state.gradient_norms, "weights": state.weights, "kept": state.best_weights}
    arrays = {f"{part}/{name}": array for part, named in parts.items() for name, array in named.items()}
    arrays |= {f"optimizer/{name}": array for name, array in state.optimizer.items()}
    write_checkpoint(path, {"step_losses": state.step_losses, "evaluations": evaluations, **arrays}, settings)


def read_training_state(path: Path, maximum_bytes: int = MAXIMUM_BYTES) -> tuple[TrainingState, dict[str, Any]]:
    """Reads a state and the settings of its training.

    Arguments:
        path: the file.
        maximum_bytes: the largest size allowed.

    Raises:
        InputError: the file is missing, damaged, or not a training state.
    """
    checkpoint = read_checkpoint(path, maximum_bytes, require_finite=False)
    arrays = dict(checkpoint.weights)
    try:
        step_losses, evaluations = arrays.pop("step_losses"), arrays.pop("evaluations")
        parts: dict[str, dict[str, Array]] = {part: {} for part in ("gradient_norms", "weights", "kept", "optimizer")}
        for key, array in arrays.items():
            part, _, name = key.partition("/")
            parts[part][name] = array
        evaluated = tuple(
            Evaluation(int(step), int(epoch), *map(float, measures)) for step, epoch, *measures in evaluations.tolist()
        )
        best_weights = parts.pop("kept")
        return TrainingState(step_losses, evaluated, best_weights=best_weights, **parts), checkpoint.settings
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        raise InputError(f"{path} is not a training state") from error
