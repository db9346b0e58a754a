"""The figure of how many seeds reach an accuracy, where settings differ in one number."""

from collections.abc import Sequence

from digitsum_cli.analysis.summary import Reached, SummaryRow
from digitsum_cli.evaluation.other_lengths import LengthAccuracy
from digitsum_cli.figures.described import DescribedFigure
from digitsum_cli.figures.reached_share import ReachedCurve, draw_reached_share
from digitsum_cli.table import percent, short_percent
from digitsum_cli.trials.setting import Setting, settings_and_seeds, varied_columns

_MINIMUM_NUMBERS = 3
"""Fewer are read better from a table."""

_NO_NUMBERS = {"data_seed"}
"""Columns whose numbers mean nothing by their size."""


def reached_figure(summary: Sequence[SummaryRow]) -> DescribedFigure | None:
    """Draws a sweep over one number, such as the epochs: the share of seeds that reach the highest threshold.

    Arguments:
        summary: the trials by length and setting.

    Returns:
        The figure; None unless the settings differ in one number with at least three values.
    """
    reached = {
        (row.setting, row.length): highest
        for row in summary
        if row.reached and (highest := max(row.reached, key=lambda each: each.threshold)).seeds
    }
    seeds = [seed for row in summary for seed in row.seeds or (row.first_seed,)]
    return _figure("reached", reached, seeds, "seeds")


def reached_at_lengths_figure(
    accuracies: Sequence[LengthAccuracy], thresholds: Sequence[float]
) -> DescribedFigure | None:
    """Draws the same for networks that were trained at one length and scored at others.

    Arguments:
        accuracies: the accuracies; a training without a checkpoint has none, and does not count.
        thresholds: accuracies that count as remembered; the highest is drawn.
    """
    if len({each.trial.length for each in accuracies}) > 1:
        return None
    groups: dict[tuple[Setting, int], list[float]] = {}
    for each in accuracies:
        groups.setdefault((each.setting, each.length), []).append(each.accuracy)
    highest = max(thresholds)
    reached = {
        group: Reached(highest, sum(each >= highest for each in values), len(values))
        for group, values in groups.items()
    }
    return _figure("lengths-reached", reached, [each.trial.seed for each in accuracies], "seeds that have a checkpoint")


def _figure(
    name: str, reached: dict[tuple[Setting, int], Reached], seeds: Sequence[int], of_which: str
) -> DescribedFigure | None:
    settings = [setting for setting, _ in reached]
    varied = varied_columns(settings)
    if len(varied) != 1 or varied[0] in _NO_NUMBERS:
        return None
    values = {setting: setting.columns[varied[0]] for setting in settings}
    numbers = {setting: value for setting, value in values.items() if isinstance(value, int | float)}
    if len(numbers) < max(_MINIMUM_NUMBERS, len(values)):
        return None
    threshold = next(iter(reached.values())).threshold
    curves = []
    for length in sorted({length for _, length in reached}):
        of_length = sorted((numbers[setting], each) for (setting, at), each in reached.items() if at == length)
        curves.append(
            ReachedCurve(
                length,
                [number for number, _ in of_length],
                [each.count / each.seeds for _, each in of_length],
                [each.interval for _, each in of_length],
            )
        )
    column = varied[0].replace("_", " ")
    description = "; ".join(
        f"length {curve.length}: "
        + ", ".join(
            f"{percent(share)} at {number:g}" for number, share in zip(curve.numbers, curve.shares, strict=True)
        )
        for curve in curves
    )
    return DescribedFigure(
        name,
        draw_reached_share(curves, column, threshold, settings_and_seeds(settings, "", seeds)),
        f"The share of {of_which} that reach {short_percent(threshold)}, against the {column}, with its 95 % interval "
        "from five seeds on.",
        f"{description}.",
    )
