"""The figures of a run: loss while training, accuracy against length."""

import math
import re
from collections.abc import Iterator, Sequence

from digitsum_cli.analysis.analysis import Analysis
from digitsum_cli.figures.accuracy import MANY_SETTINGS, AccuracyPoint, AccuracySeries, SpanMark, draw_accuracy
from digitsum_cli.figures.described import DescribedFigure
from digitsum_cli.figures.loss_curves import LossCurve, draw_loss_curves
from digitsum_cli.rundir.store import Store
from digitsum_cli.settings.task import task_of
from digitsum_cli.stats.memory_span import Bound
from digitsum_cli.table import percent
from digitsum_cli.trials.outcome import Outcome
from digitsum_cli.trials.results import result_row
from digitsum_cli.trials.setting_columns import Row, setting_label, setting_of, settings_and_seeds, varied_settings
from digitsum_cli.trials.trial import Trial

MAXIMUM_LOSS_FIGURES = 12


def loss_figures(trials: Sequence[Trial], store: Store) -> Iterator[DescribedFigure]:
    """Draws the loss curves of each setting, of trials that ended early as well.

    Arguments:
        trials: those of the run.
        store: their outcomes.

    Yields:
        A figure for each setting; of over 12, for the first 12.
    """
    trained_rows = [
        (trial, row)
        for trial, row in _with_status(trials, store, "done", "diverged")
        if row["final_train_loss"] is not None or row["best_step"] is not None
    ]
    rows = [row for _, row in trained_rows]
    varied = varied_settings(rows)
    train_rows = {digest: audit.train_rows for digest, audit in store.audits().items()}
    for label in list(dict.fromkeys(setting_label(row, varied) for row in rows))[:MAXIMUM_LOSS_FIGURES]:
        trained = [trial for trial, row in trained_rows if setting_label(row, varied) == label]
        curves = [_loss_curve(trial, outcome, train_rows[trial.data_digest]) for trial, outcome in store.ended(trained)]
        lengths = ", ".join(str(length) for length in sorted({trial.length for trial in trained}))
        yield DescribedFigure(
            name_with_label("loss", label),
            draw_loss_curves(
                curves,
                settings_and_seeds(rows, label, (trial.seed for trial in trained)),
                task_of(trained[0]).guess_loss,
            ),
            "Loss while training: the mean of each epoch on the train rows, and at each evaluation on the eval rows. "
            "Dotted: the loss of guessing by the labels' frequencies. A training that diverged or was stopped ends "
            "where it did.",
            f"Train and eval loss against the training step at the lengths {lengths}.",
        )


def accuracy_figure(trials: Sequence[Trial], store: Store, analysis: Analysis) -> DescribedFigure | None:
    """Draws accuracy against length; None where fewer than two trials are done.

    Arguments:
        trials: those of the run.
        store: their outcomes.
        analysis: what they say together.
    """
    rows = [row for _, row in _with_status(trials, store, "done")]
    if len(rows) < 2:
        return None
    summary = [row for row in analysis.summary if row["trials"]]
    varied = varied_settings(summary)
    labels = list(dict.fromkeys(setting_label(row, varied) for row in summary))
    by_label = {label: [row for row in summary if setting_label(row, varied) == label] for label in labels}
    series = [_accuracy_series(label, of_label, rows, analysis) for label, of_label in by_label.items()]
    seen = "; ".join(
        f"{label or 'exact'}: "
        + ", ".join(f"{percent(row['exact_accuracy'])} at length {row['length']}" for row in of_label)
        for label, of_label in by_label.items()
    )
    return DescribedFigure(
        "accuracy",
        draw_accuracy(
            series,
            settings_and_seeds(rows, "", (row["seed"] for row in rows)),
            list(dict.fromkeys(task_of(trial).floor for trial in trials)),
        ),
        "Exact accuracy over every possible row against length, with each seed and the interval of the mean, and the "
        "accuracy on the sampled rows."
        + (
            " The diamond is the memory span."
            if len(series) <= MANY_SETTINGS and any(each.span for each in series)
            else ""
        ),
        f"Mean exact accuracy. {seen}.",
    )


def name_with_label(name: str, label: str) -> str:
    """What the files of a setting's figure are called."""
    return f"{name}-{re.sub('[^a-z0-9.]+', '-', label.lower())}" if label else name


def _with_status(trials: Sequence[Trial], store: Store, *statuses: str) -> list[tuple[Trial, Row]]:
    ended = store.ended(trials, losses=False)
    return [(trial, result_row(trial, outcome)) for trial, outcome in ended if outcome.status in statuses]


def _loss_curve(trial: Trial, outcome: Outcome, train_rows: int) -> LossCurve:
    steps_per_epoch = math.ceil(train_rows / trial.batch_size)
    return LossCurve(
        trial.length,
        train=[(epoch * steps_per_epoch - 1, loss) for epoch, loss in enumerate(outcome.epoch_losses, 1)],
        eval=[(evaluation.step, evaluation.eval_loss) for evaluation in outcome.evaluations],
    )


def _accuracy_series(label: str, summary: Sequence[Row], rows: Sequence[Row], analysis: Analysis) -> AccuracySeries:
    """One setting's rows of the summary, with its seeds and its memory span at the first threshold."""
    setting = setting_of(summary[0])
    spans = [_span_mark(row) for row in analysis.memory_spans if setting_of(row) == setting]
    accuracies: dict[int, list[float]] = {}
    for row in rows:
        if setting_of(row) == setting:
            accuracies.setdefault(row["length"], []).append(row["exact_accuracy"])
    points = [_accuracy_point(row, accuracies[row["length"]]) for row in summary]
    return AccuracySeries(label, points, spans[0] if spans else None)


def _accuracy_point(row: Row, seeds: Sequence[float]) -> AccuracyPoint:
    low, high = row["exact_accuracy_low"], row["exact_accuracy_high"]
    return AccuracyPoint(
        row["length"],
        row["exact_accuracy"],
        None if low is None else (low, high),
        tuple(seeds),
        row["test_accuracy"],
        row["best_eval_accuracy"],
    )


def _span_mark(row: Row) -> SpanMark | None:
    """The span as a mark; None if it lies below or beyond the lengths."""
    if row["median"] is None or row["median"]["bound"] != Bound.KNOWN:
        return None
    low, high = (None if row[end] is None else row[end]["length"] for end in ("low", "high"))
    return SpanMark(row["threshold"], row["median"]["length"], low, high)
