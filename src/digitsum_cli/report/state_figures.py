"""The figures of the state dynamics: where the states go, and how far they move."""

from collections.abc import Mapping, Sequence

from digitsum_cli.core.tasks import Task
from digitsum_cli.core.tasks.two_digits import TwoDigitTask
from digitsum_cli.diagnostics.diagnosis import Diagnosis, known_dynamics
from digitsum_cli.diagnostics.state_dynamics import PROJECTED_STEPS, STEPS_AFTER_DISTRACTOR, StateDynamics
from digitsum_cli.figures.described import DescribedFigure
from digitsum_cli.figures.state_movement import StateMovement, draw_state_movement
from digitsum_cli.figures.states import ProjectedStates, draw_states
from digitsum_cli.report.averages import median_over_seeds
from digitsum_cli.table import number, percent, significant


def states_figure(by_length: Mapping[int, Diagnosis], subtitle: str, task: Task) -> DescribedFigure | None:
    """Draws the states of the network trained at the longest length.

    Arguments:
        by_length: the diagnoses of one seed, since the units of different trainings do not correspond.
        subtitle: what they have in common.
        task: the task, which defines the correct answers.

    Returns:
        The figure; None if there are no dynamics.
    """
    length = max(by_length)
    dynamics = by_length[length].dynamics
    if dynamics is None or not isinstance(task, TwoDigitTask):
        return None
    panels = [
        ProjectedStates(step, components.tolist())
        for step, components in zip(PROJECTED_STEPS, dynamics.projections, strict=True)
    ]
    return DescribedFigure(
        "states",
        draw_states(panels, task.labels_by_pair.ravel().tolist(), f"{subtitle}; length {length}", task.label_name),
        "What is left of the first two digits while only zeros follow: the state after each pair, as "
        f"their first two principal components ({percent(dynamics.explained)} of the variance), coloured by the "
        f"correct {task.label_name}. A network that forgets brings all states together; one that remembers keeps a "
        f"place for each {task.label_name}.",
        f"Different states after {PROJECTED_STEPS[-1]:,} digits: {number(dynamics.groups, 0)}.",
    )


def movement_figure(by_length: Mapping[int, Sequence[Diagnosis]], subtitle: str, _: Task) -> DescribedFigure | None:
    """Draws how far the states move per step, and how far a distractor moves them: medians over seeds.

    Returns:
        The figure; None if there are no dynamics.
    """
    dynamics = {length: known_dynamics(diagnoses) for length, diagnoses in by_length.items()}
    if not all(dynamics.values()):
        return None
    curves = [
        StateMovement(
            length,
            _median([each.movement for each in of_length]),
            _median([each.displacement for each in of_length]),
            median_over_seeds(each.answer_distance for each in of_length),
        )
        for length, of_length in dynamics.items()
    ]
    values = "; ".join(
        f"length {length}: {_median_number(of_length, 'last_movement')} per step at the end; a distractor moves a "
        f"state by {_median_number(of_length, 'first_displacement')}, of which "
        f"{_median_number(of_length, 'last_displacement')} is left {STEPS_AFTER_DISTRACTOR} zeros later"
        for length, of_length in dynamics.items()
    )
    return DescribedFigure(
        "state-movement",
        draw_state_movement(curves, subtitle),
        "Left: the distance between consecutive states while only zeros follow. It falls exponentially where the "
        "states approach attractors, and slowly where they drift. Right: the distance between the states with and "
        "without a distractor in the middle of a row, beside the distance to the nearest state of another answer. "
        "Means over the pairs of first digits and the distractors, medians over seeds.",
        f"{values}.",
    )


def _median_number(dynamics: Sequence[StateDynamics], name: str) -> str:
    return significant(median_over_seeds(getattr(each, name) for each in dynamics), 2)


def _median(distances: Sequence[Mapping[int, float]]) -> dict[int, float]:
    return {step: median_over_seeds(each[step] for each in distances) for step in distances[0]}
