"""The own spans of networks as a table and as figures."""

from collections.abc import Iterator, Sequence

from digitsum_cli.analysis.own_spans import NetworkCurve, OwnSpanRow, own_spans
from digitsum_cli.evaluation.diagnosis import DiagnosedTrial
from digitsum_cli.evaluation.other_lengths import LengthAccuracy
from digitsum_cli.figures.described import DescribedFigure
from digitsum_cli.figures.own_span import OwnSpanPoint, draw_own_span
from digitsum_cli.report.names import name_with_label
from digitsum_cli.table import Table, short_percent
from digitsum_cli.trials.setting import Setting, shared_settings, value_in_words, varied_columns


def own_spans_of_lengths(accuracies: Sequence[LengthAccuracy], thresholds: Sequence[float]) -> list[OwnSpanRow]:
    """The own spans of checkpoints scored at some lengths; none if there is only one length."""
    by_checkpoint: dict[str, list[LengthAccuracy]] = {}
    for each in accuracies:
        by_checkpoint.setdefault(str(each.path), []).append(each)
    return _of_several_lengths(
        [
            NetworkCurve(group[0].setting, group[0].trial.length, {each.length: each.accuracy for each in group})
            for group in by_checkpoint.values()
        ],
        thresholds,
    )


def own_spans_of_diagnoses(diagnosed: Sequence[DiagnosedTrial], thresholds: Sequence[float]) -> list[OwnSpanRow]:
    """The own spans of diagnosed checkpoints, over the lengths of the run; none if there is only one."""
    return _of_several_lengths(
        [NetworkCurve(each.setting, each.trial.length, each.diagnosis.accuracy_by_length) for each in diagnosed],
        thresholds,
    )


def _of_several_lengths(curves: Sequence[NetworkCurve], thresholds: Sequence[float]) -> list[OwnSpanRow]:
    return own_spans(curves, thresholds) if all(len(curve.accuracies) > 1 for curve in curves) else []


def own_span_table(rows: Sequence[OwnSpanRow]) -> Table:
    """One row per training length and setting."""
    varied = varied_columns(row.setting for row in rows)
    thresholds = list(dict.fromkeys(row.threshold for row in rows))
    groups: dict[tuple[int, Setting], list[OwnSpanRow]] = {}
    for row in rows:
        groups.setdefault((row.train_length, row.setting), []).append(row)
    longest = max(row.lengths[-1] for row in rows)
    return Table(
        f"A network's own span: the length up to which one network remembers, from its training length to {longest}"
        + ("; median over seeds [95 %]" if _several_seeds(rows) else ""),
        (
            "trained at",
            *(name.replace("_", " ") for name in varied),
            "seeds",
            *(f"at least {short_percent(threshold)}" for threshold in thresholds),
        ),
        [
            [
                str(train_length),
                *(value_in_words(setting.columns[name]) for name in varied),
                str(len(group[0].spans)),
                *(str(row.median) for row in group),
            ]
            for (train_length, setting), group in groups.items()
        ],
    )


def own_span_figures(rows: Sequence[OwnSpanRow], name: str = "own-span") -> Iterator[DescribedFigure]:
    """Draws the own spans of each setting against the training length, if there are several.

    Arguments:
        rows: the own spans.
        name: the file name of the figures, to which the setting is added if there are several.
    """
    settings = list(dict.fromkeys(row.setting for row in rows))
    for setting in settings:
        of_setting = [row for row in rows if row.setting == setting]
        if len({row.train_length for row in of_setting}) < 2:
            continue
        points = [OwnSpanPoint(row.threshold, row.train_length, row.spans, row.median.median) for row in of_setting]
        label = of_setting[0].label
        values = "; ".join(
            f"trained at {row.train_length}: {row.median} at {short_percent(row.threshold)}" for row in of_setting
        )
        yield DescribedFigure(
            name_with_label(name, label),
            draw_own_span(points, ", ".join(filter(None, (shared_settings(settings), label)))),
            "A network's own span: the length at which one network, from its training length on, first falls below a "
            "threshold; each seed, and their median as a line where it is known.",
            f"Own spans. {values}.",
        )


def _several_seeds(rows: Sequence[OwnSpanRow]) -> bool:
    return any(len(row.spans) > 1 for row in rows)
