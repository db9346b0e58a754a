"""Where the states go while only zeros are read, and after a distractor: whether a memory is an attractor or fades.

A recurrent network that reads the same vector at every step is a dynamical system. A memory can last for any number of
steps only if its states stop moving before those of different answers meet, and only if a state that a distractor has
moved away either comes back or does not change the answer.

Source: Sussillo and Barak 2013, *Opening the black box: low-dimensional dynamics in high-dimensional recurrent neural
networks*; the Jacobian: Pascanu, Mikolov and Bengio 2013, *On the difficulty of training recurrent neural networks*.
"""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import cdist
from torch import Tensor

from digitsum_cli.core.cells.recurrent_layer import RecurrentLayer
from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.tasks import DIGIT_SUM, Task
from digitsum_cli.core.tasks.draws import FIRST_DIGITS
from digitsum_cli.core.tasks.two_digits import TwoDigitTask

PROJECTED_STEPS = (2, 5, 20, 100, 1_000)
"""The numbers of digits read after which the states are projected; the last is how long zeros are read."""

STEPS_AFTER_DISTRACTOR = 200

_ROUNDING = 1e-14
"""Smaller distances are rounding errors of double precision, and count as 0."""

_SAME_STATE = 0.01
"""States that are closer than this share of the median norm count as one."""

_POINTS_PER_DECADE = 20
_DIGITS_OF_PROJECTIONS = 4
"""Significant digits of the largest; there are many values, and they are only plotted."""

_JACOBIAN_ENTRIES_AT_ONCE = 2**22

_EIGENVALUE_WORK, _LARGEST_STATE = 3e8, 2048
"""How many states are looked at: this many divided by the cube of the state's size, at least one up to a size."""

_Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class StateDynamics:
    """The states of the pairs of first digits, followed by zeros, and what a distractor does to them.

    A state is all that a cell passes on: of an LSTM, h and c together. Values are NaN where states become infinite.

    Arguments:
        projections: the first two principal components of the states, of shape ``(5, pairs, 2)``: after
            ``PROJECTED_STEPS`` digits, by pair (10 times the first digit plus the second).
        explained: the share of the variance of these states, 0 to 1, in the two components.
        movement: the mean distance between consecutive states ``||s_{t+1} - s_t||``, by ``t``, of which some are kept.
        groups: how many different states there are after the last zero; states count as the same if they are closer
            than 1 % of the median norm of a state, after two digits or then, whichever is larger.
        jacobian_radii: the largest absolute eigenvalue of the Jacobian ``d s_{t+1} / d s_t`` at each pair's last
            state, of shape ``(pairs,)``; below 1, small changes of the state fade. With a large state, NaN at most
            pairs, since eigenvalues take long.
        displacement: the mean distance between the state with and without a distractor in the middle of the row, by the
            number of zeros after it, of which some are kept.
        answer_distance: the median distance from a state to the nearest one of another answer, without a distractor,
            at the end of ``displacement``.
        returned: the share of the states with a distractor, 0 to 1, whose nearest state without one, at the end
            of ``displacement``, has the same answer; NaN if most answers share their state with another.
    """

    projections: _Array
    explained: float
    movement: dict[int, float]
    groups: float
    jacobian_radii: _Array
    displacement: dict[int, float]
    answer_distance: float
    returned: float

    @property
    def last_movement(self) -> float:
        """How far a state still moves at the last step."""
        return self.movement[max(self.movement)]

    @property
    def first_displacement(self) -> float:
        """How far a distractor moves a state at once."""
        return self.displacement[min(self.displacement)]

    @property
    def last_displacement(self) -> float:
        """How much of that is left at the end of ``displacement``."""
        return self.displacement[max(self.displacement)]

    @property
    def jacobian_radius(self) -> float:
        """The median over the pairs of those ``jacobian_radii`` that are known."""
        known = self.jacobian_radii[~np.isnan(self.jacobian_radii)]
        return float(np.median(known)) if len(known) else math.nan

    def to_dict(self) -> dict[str, Any]:
        """Converts to JSON types; steps become string keys."""
        return {
            "projections": self.projections.tolist(),
            "explained": self.explained,
            "movement": {str(step): distance for step, distance in self.movement.items()},
            "groups": None if math.isnan(self.groups) else int(self.groups),
            "jacobian_radii": self.jacobian_radii.tolist(),
            "displacement": {str(step): distance for step, distance in self.displacement.items()},
            "answer_distance": self.answer_distance,
            "returned": self.returned,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], task: Task = DIGIT_SUM) -> "StateDynamics":
        """Restores the values from ``to_dict``.

        Raises:
            KeyError: a key is missing.
            TypeError, ValueError, AttributeError: a value has the wrong type, or an array has the wrong shape.
        """
        pairs = task.symbols**FIRST_DIGITS

        def number(value: Any) -> float:
            return math.nan if value is None else float(value)

        def by_step(name: str) -> dict[int, float]:
            return {int(step): number(distance) for step, distance in values[name].items()}

        return cls(
            projections=np.asarray(values["projections"], np.float64).reshape(len(PROJECTED_STEPS), pairs, 2),
            explained=number(values["explained"]),
            movement=by_step("movement"),
            groups=number(values["groups"]),
            jacobian_radii=np.asarray(values["jacobian_radii"], np.float64).reshape(pairs),
            displacement=by_step("displacement"),
            answer_distance=number(values["answer_distance"]),
            returned=number(values["returned"]),
        )


def state_dynamics(model: DigitSumClassifier, length: int, task: TwoDigitTask = DIGIT_SUM) -> StateDynamics:
    """Follows the states of all pairs of first digits in double precision; the model is not changed.

    Arguments:
        model: the classifier.
        length: digits per row in training, at least 3; the distractor follows after half of them.
        task: the task that defines the answers.
    """
    model = copy.deepcopy(model).cpu().double()
    W = model.embedding.W.detach()
    layer, zero = model.rnn_model, W[:1]
    middle = min(max(FIRST_DIGITS, length // 2), PROJECTED_STEPS[-1])
    movement, kept = _follow_zeros(layer, W, {*PROJECTED_STEPS, middle})
    displacement, disturbed, undisturbed = _follow_distractor(layer, W, kept[middle])
    projections, explained = _principal_components(np.stack([kept[step].numpy() for step in PROJECTED_STEPS]))
    answer_distance, returned = _distances_to_answers(disturbed, undisturbed, task)
    last = kept[PROJECTED_STEPS[-1]]
    return StateDynamics(
        projections,
        explained,
        {FIRST_DIGITS + place: movement[place] for place in _log_spaced(len(movement))},
        _different(last.numpy(), kept[FIRST_DIGITS].numpy()),
        _jacobian_radii(layer, zero, last),
        {place: displacement[place] for place in _log_spaced(len(displacement))},
        answer_distance,
        returned,
    )


@torch.no_grad()
def _follow_zeros(layer: RecurrentLayer, W: Tensor, wanted: set[int]) -> tuple[list[float], dict[int, Tensor]]:
    """Runs all pairs of first digits, followed by zeros, to the last wanted step.

    Returns:
        The mean distances between consecutive states, from that after two digits on, and the states after the wanted
        numbers of digits, of shape ``(pairs, state_size)``.
    """
    symbols = len(W)
    state = layer.step(W.repeat_interleave(symbols, dim=0), layer.initial_state(symbols**FIRST_DIGITS))
    state = layer.step(W.repeat(symbols, 1), state)
    movement, kept = [], {FIRST_DIGITS: state}
    for digits in range(FIRST_DIGITS + 1, max(wanted) + 1):
        state, before = layer.step(W[:1], state), state
        movement.append(_mean_distance(state, before))
        if digits in wanted:
            kept[digits] = state
    return movement, kept


@torch.no_grad()
def _follow_distractor(layer: RecurrentLayer, W: Tensor, state: Tensor) -> tuple[list[float], _Array, _Array]:
    """Runs states ``(pairs, state_size)`` on, with each distractor and without, and then with zeros.

    Returns:
        The mean distances between the states with and without a distractor, by the number of zeros since; the last
        states with it, of shape ``(pairs, distractors, state_size)``, and without, of shape ``(pairs, state_size)``.
    """
    zero, values = W[:1], W[1:]
    disturbed = layer.step(values.repeat(len(state), 1), state.repeat_interleave(len(values), dim=0))
    undisturbed = layer.step(zero, state)
    distances = [_mean_distance(disturbed, undisturbed.repeat_interleave(len(values), dim=0))]
    for _ in range(STEPS_AFTER_DISTRACTOR):
        disturbed, undisturbed = layer.step(zero, disturbed), layer.step(zero, undisturbed)
        distances.append(_mean_distance(disturbed, undisturbed.repeat_interleave(len(values), dim=0)))
    return distances, disturbed.view(len(state), len(values), -1).numpy(), undisturbed.numpy()


def _mean_distance(states: Tensor, others: Tensor) -> float:
    """The mean over the rows; NaN or infinite if the states are."""
    distance = float(torch.linalg.vector_norm(states - others, dim=1).mean())
    return 0.0 if distance < _ROUNDING else distance


def _principal_components(states: _Array) -> tuple[_Array, float]:
    """The first two principal components of states ``(steps, pairs, state_size)``, and their share of the variance."""
    largest = np.abs(states).max()
    if not np.isfinite(largest) or not largest:
        return np.full((*states.shape[:2], 2), np.nan if largest else 0.0), math.nan
    flat = states.reshape(-1, states.shape[-1]) / largest  # so that squares do not overflow
    flat = flat - flat.mean(axis=0)
    _, singular, directions = np.linalg.svd(flat, full_matrices=False)
    components = np.zeros((len(flat), 2))
    components[:, : len(directions)] = flat @ directions[:2].T  # a state of one number has one component
    variance = np.square(singular)
    explained = float(variance[:2].sum() / variance.sum()) if variance.sum() else math.nan
    decimals = _DIGITS_OF_PROJECTIONS - math.ceil(math.log10(largest))
    return (largest * components).round(decimals).reshape(*states.shape[:2], 2), explained


def _different(last: _Array, first: _Array) -> float:
    """How many of the last states ``(pairs, state_size)`` differ; neighbours of neighbours count as the same.

    Arguments:
        last: the states.
        first: the states after the first two digits, since those of a memory that fades all come to lie close to 0.
    """
    largest = max(np.abs(last).max(), np.abs(first).max())
    if not np.isfinite(largest) or not largest:
        return math.nan if largest else 1.0
    last, first = last / largest, first / largest  # so that squares do not overflow
    norm = max(float(np.median(np.linalg.norm(states, axis=1))) for states in (last, first))
    return float(fcluster(linkage(last, "single"), _SAME_STATE * norm, "distance").max())


def _jacobian_radii(layer: RecurrentLayer, zero: Tensor, states: Tensor) -> _Array:
    """The spectral radius of the Jacobian of a step at each state ``(pairs, state_size)``."""
    size = states.shape[1]
    different, pairs = np.unique(states.numpy(), axis=0, return_inverse=True)
    number = min(len(different), max(1, int(_EIGENVALUE_WORK / size**3))) if size <= _LARGEST_STATE else 0
    looked_at = np.linspace(0, len(different) - 1, number).round().astype(int)
    at_once = max(1, _JACOBIAN_ENTRIES_AT_ONCE // size**2)
    radii = np.full(len(different), math.nan)
    for start in range(0, number, at_once):
        places = looked_at[start : start + at_once]
        radii[places] = _radii_at_once(layer, zero, torch.from_numpy(different[places])).numpy()
    by_pair: _Array = radii[pairs.ravel()]
    return by_pair


def _radii_at_once(layer: RecurrentLayer, zero: Tensor, states: Tensor) -> Tensor:
    count, size = states.shape
    # One copy of a state for each row of its Jacobian.
    repeated = states.repeat_interleave(size, dim=0).requires_grad_()
    (jacobians,) = torch.autograd.grad(layer.step(zero, repeated), repeated, torch.eye(size).double().repeat(count, 1))
    jacobians = jacobians.view(count, size, size)
    finite = jacobians.isfinite().all(dim=2).all(dim=1)
    radii = torch.full((count,), math.nan, dtype=torch.float64)
    radii[finite] = torch.linalg.eigvals(jacobians[finite]).abs().amax(dim=1)
    return radii


def _distances_to_answers(disturbed: _Array, undisturbed: _Array, task: TwoDigitTask) -> tuple[float, float]:
    """``StateDynamics.answer_distance`` and ``returned``, of states ``(pairs, distractors, …)`` and ``(pairs, …)``."""
    if not (np.isfinite(disturbed).all() and np.isfinite(undisturbed).all()):
        return math.nan, math.nan
    labels = task.labels_by_pair.ravel()
    between = cdist(undisturbed, undisturbed)
    between[labels[:, np.newaxis] == labels] = np.inf
    nearest = cdist(disturbed.reshape(-1, disturbed.shape[-1]), undisturbed).argmin(axis=1)
    expected = labels.repeat(disturbed.shape[1])
    distance = float(np.median(between.min(axis=1)))
    return (distance, float((labels[nearest] == expected).mean())) if distance >= _ROUNDING else (0.0, math.nan)


def _log_spaced(number: int) -> list[int]:
    """About 20 of the places ``0`` to ``number - 1`` per decade, from the first to the last."""
    points = max(2, math.ceil(_POINTS_PER_DECADE * math.log10(number)))
    return sorted({round(place) - 1 for place in np.geomspace(1, number, points)})
