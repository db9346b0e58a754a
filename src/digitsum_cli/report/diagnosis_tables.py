"""The diagnoses of a run in one table."""

from collections.abc import Sequence
from statistics import fmean

from digitsum_cli.diagnostics.diagnosis import Diagnosis
from digitsum_cli.diagnostics.gradient_by_lag import reach
from digitsum_cli.evaluation.diagnosis import DiagnosedTrial
from digitsum_cli.report.averages import mean_over_seeds
from digitsum_cli.table import Table, number, percent, significant
from digitsum_cli.trials.setting_columns import setting_of, value_in_words, varied_settings


def diagnosis_table(trials: Sequence[DiagnosedTrial]) -> Table:
    """One row for each length and setting: means over the seeds."""
    rows = [each.row for each in trials]
    varied = varied_settings(rows)
    groups: dict[tuple[object, ...], list[DiagnosedTrial]] = {}
    for each in trials:
        groups.setdefault((each.trial.length, setting_of(each.row)), []).append(each)
    return Table(
        "Why it forgot: slope of the answer over each digit; R² of a linear read-out of the last state; gradient at "
        "the first state as a share of that at the last; spectral radius. Means over seeds",
        (
            *("length", *(name.replace("_", " ") for name in varied), "seeds"),
            *("exact", "slope, first digit", "slope, second", "R², first digit", "R², second", "R², sum"),
            *("gradient, start", "gradient, kept", "radius, start", "radius, kept"),
        ),
        [
            [
                *(value_in_words(group[0].row[name]) for name in ("length", *varied)),
                str(len(group)),
                *_cells([each.diagnosis for each in group]),
            ]
            for group in groups.values()
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
            for target in ("first_digit", "second_digit", "sum")
        ),
        significant(reach(mean_over_seeds([each.gradient_by_lag_start for each in diagnoses])), 2),
        significant(reach(mean_over_seeds([each.gradient_by_lag_kept for each in diagnoses])), 2),
        significant(fmean(each.spectral_radius_start for each in diagnoses), 3),
        significant(fmean(each.spectral_radius_kept for each in diagnoses), 3),
    ]
