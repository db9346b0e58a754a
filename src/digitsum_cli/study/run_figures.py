"""The figures of a run, from its store."""

import re
from collections.abc import Iterable, Sequence

from matplotlib.figure import Figure

from digitsum_cli.figures.accuracy import AccuracyPoint, draw_accuracy
from digitsum_cli.figures.loss_curves import LossCurve, draw_loss_curves
from digitsum_cli.figures.style import save_figure
from digitsum_cli.study.outcome import Outcome
from digitsum_cli.study.results import Row, result_row, setting_label, summarise, varied_settings
from digitsum_cli.study.run_directory import RunDirectory
from digitsum_cli.study.store import Store
from digitsum_cli.study.trial import Trial

MAXIMUM_LOSS_FIGURES = 12


def draw_run_figures(trials: Sequence[Trial], store: Store, run: RunDirectory) -> None:
    """Draws the loss curves of each setting and, for several trials, accuracy against length, as PNG and SVG.

    Arguments:
        trials: those of the run; only those that are done are drawn.
        store: their outcomes.
        run: where to write. Of over 12 settings, the first 12 get loss curves.

    Raises:
        DigitsumError: a figure cannot be written.
    """
    done = [(trial, result_row(trial, outcome)) for trial, outcome in store.ended(trials) if outcome.status == "done"]
    if not done:
        return
    summary = summarise([row for _, row in done])
    varied = varied_settings(summary)
    labels = list(dict.fromkeys(setting_label(row, varied) for row in summary))
    network = _network(summary, varied)
    for label in labels[:MAXIMUM_LOSS_FIGURES]:
        trained = [trial for trial, row in done if setting_label(row, varied) == label]
        subtitle = ", ".join(part for part in (network, label) if part)
        name = f"loss-{re.sub('[^a-z0-9.]+', '-', label.lower())}" if label else "loss"
        save_figure(_loss_figure(store.ended(trained), subtitle), run.figures, name)
    if len(done) > 1:
        points = [(label, [_point(row) for row in summary if setting_label(row, varied) == label]) for label in labels]
        save_figure(draw_accuracy(points, network), run.figures, "accuracy")


def _network(summary: Sequence[Row], varied: Sequence[str]) -> str:
    """What all trials have in common, in words."""
    first = summary[0]
    parts = [first["cell"].upper()] if "cell" not in varied else []
    parts += [] if "impl" in varied else [f"impl {first['impl']}"]
    parts += [] if "hidden_size" in varied else [f"hidden size {first['hidden_size']}"]
    parts += [] if "epochs" in varied else [f"{first['epochs']} epochs"]
    seeds = max(row["trials"] for row in summary)
    return ", ".join([*parts, f"{seeds} seeds" if seeds > 1 else f"seed {first['seeds'][0]}"])


def _loss_figure(ended: Iterable[tuple[Trial, Outcome]], subtitle: str) -> Figure:
    return draw_loss_curves([_loss_curve(trial, outcome) for trial, outcome in ended], subtitle)


def _loss_curve(trial: Trial, outcome: Outcome) -> LossCurve:
    steps_per_epoch = outcome.steps // trial.epochs
    return LossCurve(
        trial.length,
        train=[(epoch * steps_per_epoch - 1, loss) for epoch, loss in enumerate(outcome.epoch_losses, 1)],
        eval=[(evaluation.step, evaluation.eval_loss) for evaluation in outcome.evaluations],
    )


def _point(row: Row) -> AccuracyPoint:
    best_eval, test = (
        (row[measure], row[f"{measure}_min"], row[f"{measure}_max"])
        for measure in ("best_eval_accuracy", "test_accuracy")
    )
    return AccuracyPoint(row["length"], best_eval, test)
