"""The figures of a run: training curves and accuracy against length."""

import math
from collections.abc import Iterator, Sequence

from digitsum_cli.analysis.analysis import Analysis
from digitsum_cli.analysis.memory_spans import MemorySpanRow
from digitsum_cli.analysis.summary import SummaryRow
from digitsum_cli.core.accuracy_kind import distinct_kinds
from digitsum_cli.figures.accuracy import MANY_SETTINGS, AccuracyPoint, AccuracySeries, SpanMark, draw_accuracy
from digitsum_cli.figures.described import DescribedFigure
from digitsum_cli.figures.loss_curves import LossCurve, draw_loss_curves
from digitsum_cli.report.names import name_with_label
from digitsum_cli.report.training_curves import TrainingCurves, by_setting
from digitsum_cli.stats.memory_span import Bound
from digitsum_cli.table import percent
from digitsum_cli.trials.rows import TrialRow
from digitsum_cli.trials.setting import Setting, settings_and_seeds, varied_columns


def loss_figures(curves: Sequence[TrainingCurves]) -> Iterator[DescribedFigure]:
    """Draws the loss curves of each setting, including those of trials that ended early.

    Yields:
        One figure per setting.
    """
    trained = [each for each in curves if each.epoch_losses or each.evaluations or each.diverged_at]
    settings = [each.setting for each in trained]
    for label, of_setting in by_setting(trained):
        lengths = ", ".join(str(length) for length in sorted({each.trial.length for each in of_setting}))
        yield DescribedFigure(
            name_with_label("loss", label),
            draw_loss_curves(
                [_loss_curve(each) for each in of_setting],
                settings_and_seeds(settings, label, (each.trial.seed for each in of_setting)),
                of_setting[0].trial.task.guess_loss,
            ),
            "Training curves: the mean training loss of each epoch, and the eval loss of each evaluation. Dotted line: "
            "the loss of guessing by label frequency. The curve of a training that stopped early ends at its last "
            "step; a cross marks where one diverged. From there on, the median is over the others.",
            f"Training and eval loss against the training step, at lengths {lengths}.",
        )


def accuracy_figure(rows: Sequence[TrialRow], analysis: Analysis) -> DescribedFigure | None:
    """Draws accuracy against length; None if fewer than two trials are done.

    Arguments:
        rows: the finished trials.
        analysis: their analysis.
    """
    done = [row for row in rows if row.done]
    if len(done) < 2:
        return None
    by_setting: dict[Setting, list[SummaryRow]] = {}
    with_points = {row.setting for row in analysis.summary if row.seeds}
    for row in analysis.summary:
        if row.setting in with_points:
            by_setting.setdefault(row.setting, []).append(row)
    drawn = [row for row in rows if row.setting in by_setting]
    varied = varied_columns(by_setting)
    labels = {setting: setting.in_words(varied) for setting in by_setting}
    series = [
        AccuracySeries(
            labels[setting],
            summary[0].kind,
            _accuracy_points(summary, done),
            _span_mark(setting, analysis.memory_spans),
            [(row.length, row.lost) for row in summary if not row.seeds and row.lost],
        )
        for setting, summary in by_setting.items()
    ]
    values = "; ".join(
        f"{labels[setting] or summary[0].kind}: "
        + ", ".join(f"{percent(row.accuracy.median)} at length {row.length}" for row in summary)
        for setting, summary in by_setting.items()
    )
    kinds = " or ".join(kind.in_words for kind in distinct_kinds(row.kind for row in analysis.summary))
    lost = any(row.lost for row in analysis.summary)
    grouped = any(row.groups for row in analysis.summary)
    marked = len(series) <= MANY_SETTINGS and any(each.span for each in series)
    return DescribedFigure(
        "accuracy",
        draw_accuracy(
            series,
            settings_and_seeds([row.setting for row in drawn], "", (row.seed for row in drawn)),
            list(dict.fromkeys(row.setting.drawing.asked.floor for row in rows)),
        ),
        f"Accuracy against length: {kinds}, of each seed and as their median with its interval (from six seeds); and "
        "accuracy on the data sets, as medians."
        + (" Bars mark seeds that fall into two groups." if len(series) == 1 and grouped else "")
        + (" The diamond marks the memory span." if marked else "")
        + (" Numbers such as 1 of 4 say how many trainings neither diverged nor failed." if lost else ""),
        f"Median accuracy. {values}.",
    )


def _loss_curve(curves: TrainingCurves) -> LossCurve:
    steps_per_epoch = math.ceil(curves.train_rows / curves.trial.train.batch_size)
    return LossCurve(
        curves.trial.length,
        train=[(epoch * steps_per_epoch - 1, loss) for epoch, loss in enumerate(curves.epoch_losses, 1)],
        eval=[(evaluation.step, evaluation.eval_loss) for evaluation in curves.evaluations],
        diverged_at=curves.diverged_at,
    )


def _accuracy_points(summary: Sequence[SummaryRow], rows: Sequence[TrialRow]) -> list[AccuracyPoint]:
    points = []
    for each in summary:
        median = each.accuracy.median
        test, best_eval = each.spreads["test_accuracy"].median, each.spreads["best_eval_accuracy"].median
        of_setting = [row for row in rows if (row.length, row.setting) == (each.length, each.setting)]
        accuracies = [row.accuracy(each.kind) for row in of_setting]
        if median is not None and test is not None and best_eval is not None:
            seeds = tuple(accuracy for accuracy in accuracies if accuracy is not None)
            trained = len(each.seeds) + each.lost
            groups = each.groups or ()
            points.append(AccuracyPoint(each.length, median, each.interval, seeds, test, best_eval, trained, groups))
    return points


def _span_mark(setting: Setting, spans: Sequence[MemorySpanRow]) -> SpanMark | None:
    """The span at the first threshold; None if there is none, or if it is outside the measured lengths."""
    row = next((row for row in spans if row.setting == setting), None)
    if row is None or row.median is None or row.median.median.bound != Bound.KNOWN:
        return None
    low, high = (None if end is None else end.length for end in (row.median.low, row.median.high))
    return SpanMark(row.threshold, row.median.median.length, low, high)
