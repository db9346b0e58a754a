"""Differences of each setting from the first one, paired by seed, and which of many are more than chance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from digitsum_cli.core.accuracy_kind import AccuracyKind
from digitsum_cli.stats.paired import PairedComparison, compare_paired, holm_adjusted
from digitsum_cli.trials.rows import TrialRow, common_kinds
from digitsum_cli.trials.setting import Setting, varied_columns

_FIGURES = (
    *("median", "mean", "lowest", "highest", "improved", "tied"),
    *("probability_of_improvement", "p_value"),
)
_ON_TEST_ROWS = (AccuracyKind.TEST, AccuracyKind.TEST)


@dataclass(frozen=True)
class DifferenceRow:
    """The difference of a setting from the first one, in one measure at one length.

    Arguments:
        length: digits in a row.
        measure: a column with an accuracy; ``accuracy`` if it is of another kind for each.
        setting, reference: the setting, and the one it is compared with.
        label, reference_label: both as text.
        seeds: seeds that are done in both.
        lost: number of seeds that ended in both, but failed or diverged in one or both.
        comparison: the comparison over these seeds; None if there are none.
        adjusted_p_value: that of the comparison, adjusted for all comparisons in this measure (Holm); None without one.
    """

    length: int
    measure: str
    setting: Setting
    reference: Setting
    label: str
    reference_label: str
    seeds: tuple[int, ...]
    lost: int
    comparison: PairedComparison | None
    adjusted_p_value: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """One flat row for JSON."""
        compared = self.comparison
        intervals = {
            "median": compared and compared.interval,
            "improved": compared and compared.improved_interval,
        }
        low, high = (compared and compared.mean_bound) or (None, None)
        return {
            "length": self.length,
            "measure": self.measure,
            **self.setting.columns,
            "setting": self.label,
            "reference": self.reference_label,
            "seeds": list(self.seeds),
            "lost": self.lost,
            "low": low,
            "high": high,
            **{name: getattr(compared, name) if compared else None for name in _FIGURES},
            **{
                f"{name}_{end}": None if interval is None else getattr(interval, end)
                for name, interval in intervals.items()
                for end in ("low", "high")
            },
            "adjusted_p_value": self.adjusted_p_value,
        }


def paired_differences(rows: Sequence[TrialRow]) -> list[DifferenceRow]:
    """Compares every setting with the first one at each length, over the trials that are done.

    Compared are the accuracies that describe the settings, and those on the test rows.
    """
    settings = list(dict.fromkeys(row.setting for row in rows))
    varied = varied_columns(settings)
    lengths = list(dict.fromkeys(row.length for row in rows))
    ended: dict[tuple[int, Setting], dict[int, TrialRow]] = {}
    for row in rows:
        ended.setdefault((row.length, row.setting), {})[row.seed] = row
    kinds = common_kinds(rows)
    differences = [
        _difference(
            length,
            pair,
            setting,
            settings[0],
            varied,
            ended.get((length, setting), {}),
            ended.get((length, settings[0]), {}),
        )
        for length in lengths
        for setting in settings[1:]
        for pair in dict.fromkeys([(kinds[setting], kinds[settings[0]]), _ON_TEST_ROWS])
    ]
    return _adjusted(differences)


def _adjusted(differences: Sequence[DifferenceRow]) -> list[DifferenceRow]:
    """The same with p-values adjusted for all comparisons in the same measure."""
    p_values: dict[str, list[float]] = {}
    for row in differences:
        if row.comparison:
            p_values.setdefault(row.measure, []).append(row.comparison.p_value)
    adjusted = {measure: iter(holm_adjusted(values)) for measure, values in p_values.items()}
    return [
        replace(row, adjusted_p_value=next(adjusted[row.measure])) if row.comparison else row for row in differences
    ]


def _difference(
    length: int,
    kinds: tuple[AccuracyKind, AccuracyKind],
    setting: Setting,
    reference: Setting,
    varied: Sequence[str],
    by_seed: Mapping[int, TrialRow],
    reference_by_seed: Mapping[int, TrialRow],
) -> DifferenceRow:
    both = [seed for seed in by_seed if seed in reference_by_seed]
    seeds = tuple(seed for seed in both if by_seed[seed].done and reference_by_seed[seed].done)
    values, reference_values = (
        [rows[seed].columns[kind.column] for seed in seeds]
        for kind, rows in zip(kinds, (by_seed, reference_by_seed), strict=True)
    )
    return DifferenceRow(
        length,
        kinds[0].column if kinds[0] is kinds[1] else "accuracy",
        setting,
        reference,
        setting.in_words(varied),
        reference.in_words(varied),
        seeds,
        len(both) - len(seeds),
        compare_paired(values, reference_values) if seeds else None,
    )
