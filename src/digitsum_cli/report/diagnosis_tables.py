"""The diagnoses of a run as tables."""

from collections.abc import Callable, Sequence
from statistics import fmean

from digitsum_cli.core.accuracy_kind import distinct_kinds
from digitsum_cli.diagnostics.diagnosis import Diagnosis, known_dynamics
from digitsum_cli.diagnostics.gradient_by_lag import reach
from digitsum_cli.diagnostics.state_dynamics import PROJECTED_STEPS, STEPS_AFTER_DISTRACTOR
from digitsum_cli.evaluation.diagnosis import DiagnosedTrial
from digitsum_cli.report.averages import mean_over_seeds, median_over_seeds
from digitsum_cli.table import Table, number, percent, significant
from digitsum_cli.trials.setting import Setting, value_in_words, varied_columns


def diagnosis_table(trials: Sequence[DiagnosedTrial]) -> Table:
    """One row per length and setting: means over seeds."""
    return _by_length_and_setting(
        "Why it forgets or remembers: slope of the answer over each digit; what linear probes read from the last "
        "state, on pairs of first digits that they were not fitted on (R² of a regression, accuracy of a classifier); "
        "gradient at the first digit relative to that at the last; spectral radius. Means over seeds",
        (
            " or ".join(distinct_kinds(each.diagnosis.accuracy_kind for each in trials)),
            "slope, first digit",
            "slope, second",
            "R², first digit",
            "R², second",
            "R², correct answer",
            "classifier",
            *("gradient, initial", "gradient, best", "radius, initial", "radius, best"),
        ),
        trials,
        _cells,
    )


def dynamics_tables(trials: Sequence[DiagnosedTrial]) -> list[Table]:
    """One row per length and setting: what the states of the pairs of first digits do; medians over seeds.

    Returns:
        One table; none if the labels do not depend on the first two digits alone.
    """
    with_dynamics = [each for each in trials if each.diagnosis.dynamics]
    table = _by_length_and_setting(
        "Where the states go while only zeros follow: how many different states the pairs of first digits have after "
        f"{PROJECTED_STEPS[-1]:,} digits, how far a state still moves per step, and the spectral radius of the "
        f"Jacobian there. How far a distractor moves a state, at once and {STEPS_AFTER_DISTRACTOR} zeros later; the "
        "distance to the nearest state of another answer; and how many of the moved states are then nearest to a state "
        "of their own answer. Medians over seeds",
        (
            *("different states", "movement per step", "Jacobian radius"),
            *("moved at once", f"{STEPS_AFTER_DISTRACTOR} zeros later", "nearest other answer", "returned"),
        ),
        with_dynamics,
        _dynamics_cells,
    )
    return [table] if with_dynamics else []


def _by_length_and_setting(
    caption: str,
    columns: Sequence[str],
    trials: Sequence[DiagnosedTrial],
    cells: Callable[[Sequence[Diagnosis]], list[str]],
) -> Table:
    varied = varied_columns(each.setting for each in trials)
    groups: dict[tuple[int, Setting], list[DiagnosedTrial]] = {}
    for each in trials:
        groups.setdefault((each.trial.length, each.setting), []).append(each)
    return Table(
        caption,
        ("length", *(name.replace("_", " ") for name in varied), "seeds", *columns),
        [
            [
                str(length),
                *(value_in_words(setting.columns[name]) for name in varied),
                str(len(group)),
                *cells([each.diagnosis for each in group]),
            ]
            for (length, setting), group in groups.items()
        ],
    )


def _cells(diagnoses: Sequence[Diagnosis]) -> list[str]:
    length = diagnoses[0].length
    return [
        percent(fmean(each.accuracy_by_length[length] for each in diagnoses)),
        number(fmean(each.first_digit_slope for each in diagnoses), 2),
        number(fmean(each.second_digit_slope for each in diagnoses), 2),
        *(
            number(fmean(getattr(each, f"{target}_probe") for each in diagnoses), 2)
            for target in ("first_digit", "second_digit", "label")
        ),
        percent(fmean(each.label_probe_accuracy for each in diagnoses)),
        significant(reach(mean_over_seeds([each.digit_gradient_by_lag_start for each in diagnoses])), 2),
        significant(reach(mean_over_seeds([each.digit_gradient_by_lag_kept for each in diagnoses])), 2),
        significant(fmean(each.spectral_radius_start for each in diagnoses), 3),
        significant(fmean(each.spectral_radius_kept for each in diagnoses), 3),
    ]


def _dynamics_cells(diagnoses: Sequence[Diagnosis]) -> list[str]:
    dynamics = known_dynamics(diagnoses)
    return [
        number(median_over_seeds(each.groups for each in dynamics), 0),
        significant(median_over_seeds(each.last_movement for each in dynamics), 2),
        significant(median_over_seeds(each.jacobian_radius for each in dynamics), 3),
        significant(median_over_seeds(each.first_displacement for each in dynamics), 2),
        significant(median_over_seeds(each.last_displacement for each in dynamics), 2),
        significant(median_over_seeds(each.answer_distance for each in dynamics), 2),
        percent(median_over_seeds(each.returned for each in dynamics)),
    ]
