"""Accuracy at any length, as a table and as figures."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from digitsum_cli.analysis.own_spans import OwnSpanRow
from digitsum_cli.core.accuracy_kind import distinct_kinds
from digitsum_cli.evaluation.other_lengths import LengthAccuracy
from digitsum_cli.figures.described import DescribedFigure
from digitsum_cli.figures.style import figure_files
from digitsum_cli.figures.transfer import TransferAccuracy, draw_transfer
from digitsum_cli.report.names import name_with_label
from digitsum_cli.report.own_spans import own_span_figures
from digitsum_cli.report.reached_share import reached_at_lengths_figure
from digitsum_cli.stats.intervals import median_interval
from digitsum_cli.table import Table, in_brackets, percent, percent_range, short_percent
from digitsum_cli.trials.setting import Setting, settings_and_seeds, value_in_words, varied_columns


def other_lengths_table(accuracies: Sequence[LengthAccuracy], thresholds: Sequence[float]) -> Table:
    """One row per training length, setting and test length: the median over seeds, and how many reach a threshold."""
    varied = varied_columns(each.setting for each in accuracies)
    groups: dict[tuple[int, Setting, int], list[LengthAccuracy]] = {}
    for each in accuracies:
        groups.setdefault((each.trial.length, each.setting, each.length), []).append(each)
    kinds = " or ".join(distinct_kinds(each.kind for each in accuracies))
    return Table(
        f"Accuracy at other lengths ({kinds}), best checkpoints",
        (
            *(
                "trained at",
                *(name.replace("_", " ") for name in varied),
                "tested at",
                "seeds",
                "median [95 %]",
                "range",
            ),
            *(f"at least {short_percent(threshold)}" for threshold in thresholds),
        ),
        [
            [
                str(train_length),
                *(value_in_words(setting.columns[name]) for name in varied),
                str(length),
                str(len(group)),
                *_spread(group, several_kinds="or" in kinds),
                *(str(sum(each.accuracy >= threshold for each in group)) for threshold in thresholds),
            ]
            for (train_length, setting, length), group in groups.items()
        ],
    )


def _spread(group: Sequence[LengthAccuracy], *, several_kinds: bool) -> list[str]:
    values = [each.accuracy for each in group]
    interval = median_interval(values) if len(group) > 1 else group[0].interval
    brackets = f" {in_brackets(interval)}" if interval or len(group) > 1 else ""
    text = f"{percent(median(values))}{brackets}"
    return [f"{text} {group[0].kind}" if several_kinds else text, percent_range(min(values), max(values))]


def other_lengths_figure_files(
    accuracies: Sequence[LengthAccuracy], thresholds: Sequence[float], spans: Sequence[OwnSpanRow], folder: Path
) -> dict[Path, bytes]:
    """Draws the figures of each setting: their contents in a folder, as PNG and SVG.

    Arguments:
        accuracies: the accuracies.
        thresholds: accuracies that count as remembered.
        spans: the own spans of the networks.
        folder: where the files will be.
    """
    reached = reached_at_lengths_figure(accuracies, thresholds)
    return {
        path: content
        for drawn in (
            *_figures(accuracies),
            *own_span_figures(spans, "lengths-own-span"),
            *([reached] if reached else []),
        )
        for path, content in figure_files(drawn.figure, folder, drawn.name).items()
    }


def _figures(accuracies: Sequence[LengthAccuracy]) -> Iterator[DescribedFigure]:
    settings = [each.setting for each in accuracies]
    varied = varied_columns(settings)
    for setting in dict.fromkeys(settings):
        label = setting.in_words(varied)
        group = [each for each in accuracies if each.setting == setting]
        by_lengths: dict[tuple[int, int], list[float]] = {}
        for each in group:
            by_lengths.setdefault((each.trial.length, each.length), []).append(each.accuracy)
        cells = [TransferAccuracy(*lengths, median(values)) for lengths, values in by_lengths.items()]
        subtitle = settings_and_seeds(settings, label, (each.trial.seed for each in group))
        yield DescribedFigure(
            name_with_label("lengths", label),
            draw_transfer(cells, subtitle, group[0].trial.task.floor),
            "Accuracy at other lengths than the training length, as a median over seeds.",
            "; ".join(f"trained at {c.train_length}, tested at {c.test_length}: {c.accuracy:.3f}" for c in cells),
        )
