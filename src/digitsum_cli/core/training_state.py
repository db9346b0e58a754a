"""Where a training stands between two steps: all that is needed to go on as if it had never stopped."""

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
    """A training after some steps.

    Arguments:
        step_losses: the mean loss of every step's batch; as many as steps were made.
        evaluations: so far, in order.
        gradient_norms: by parameter, one a step; empty if they are not recorded.
        weights: after the last step, by parameter name.
        kept: those of the best evaluation; empty if there was none.
        optimizer: what the optimizer carries from step to step, by any names.
    """

    step_losses: Array
    evaluations: tuple[Evaluation, ...]
    gradient_norms: Mapping[str, Array]
    weights: Weights
    kept: Weights
    optimizer: Mapping[str, Array]

    @property
    def step(self) -> int:
        """How many steps were made."""
        return len(self.step_losses)


class IncompatibleStateError(InputError):
    """A state is of another training than the one that is to go on from it."""


def check_compatible_state(
    state: TrainingState,
    *,
    steps: int,
    eval_every: int,
    parameters: Shapes,
    optimizer: Shapes,
    recorded: Collection[str],
) -> None:
    """Checks that a training can go on from a state.

    Arguments:
        state: where it is to start.
        steps: that the training makes in all; some must be left.
        eval_every: steps between evaluations; every one before the state must be in it.
        parameters: of the model.
        optimizer: of what the optimizer holds after a step.
        recorded: the parameters whose gradient norms are recorded.

    Raises:
        IncompatibleStateError: it cannot.
    """
    made = ((state.step,), "float64")
    try:
        require_shapes(state.weights, parameters, "what it holds")
        require_shapes(state.kept, parameters if state.evaluations else {}, "what it kept")
        require_shapes(state.optimizer, optimizer, "what its optimizer held")
        require_shapes({"the losses": state.step_losses}, {"the losses": made}, "what it lost")
        require_shapes(state.gradient_norms, dict.fromkeys(recorded, made), "what it recorded of gradients")
    except InputError as error:
        raise IncompatibleStateError(f"the state to start from does not fit the training: {error}") from error
    evaluated = [evaluation.step for evaluation in state.evaluations]
    if state.step >= steps or evaluated != list(range(eval_every, state.step, eval_every)):
        raise IncompatibleStateError(
            f"the state to start from does not fit the training: {state.step} of {steps} steps with evaluations "
            f"after {evaluated[:3]} …"
        )


def write_training_state(path: Path, state: TrainingState, settings: Mapping[str, Any]) -> None:
    """Writes a state with the settings of its training; the file is either whole or not there.

    Raises:
        DigitsumError: the file cannot be written.
    """
    evaluations = np.array([list(vars(each).values()) for each in state.evaluations], np.float64).reshape(-1, 5)
    parts = {"gradient_norms": state.gradient_norms, "weights": state.weights, "kept": state.kept}
    arrays = {f"{part}/{name}": array for part, named in parts.items() for name, array in named.items()}
    arrays |= {f"optimizer/{name}": array for name, array in state.optimizer.items()}
    write_checkpoint(path, {"step_losses": state.step_losses, "evaluations": evaluations, **arrays}, settings)


def read_training_state(path: Path, maximum_bytes: int = MAXIMUM_BYTES) -> tuple[TrainingState, dict[str, Any]]:
    """Reads a state and the settings of its training.

    Arguments:
        path: the file.
        maximum_bytes: how large it may be.

    Raises:
        InputError: the file is missing, damaged, or not a training's state.
    """
    checkpoint = read_checkpoint(path, maximum_bytes, require_finite=False)
    arrays = dict(checkpoint.weights)
    try:
        step_losses, evaluations = arrays.pop("step_losses"), arrays.pop("evaluations")
        parts: dict[str, dict[str, Array]] = {part: {} for part in ("gradient_norms", "weights", "kept", "optimizer")}
        for key, array in arrays.items():
            part, _, name = key.partition("/")
            parts[part][name] = array
        made = tuple(
            Evaluation(int(step), int(epoch), *map(float, measures)) for step, epoch, *measures in evaluations.tolist()
        )
        return TrainingState(step_losses, made, **parts), checkpoint.settings
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        raise InputError(f"{path} does not hold where a training stands") from error
