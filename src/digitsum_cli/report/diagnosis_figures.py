"""The figures of the diagnosis: one set per setting, covering its lengths and seeds."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean

import numpy as np

from digitsum_cli.analysis.own_spans import OwnSpanRow
from digitsum_cli.core.accuracy_kind import AccuracyKind, distinct_kinds
from digitsum_cli.core.tasks import Task
from digitsum_cli.core.tasks.two_digits import TwoDigitTask
from digitsum_cli.diagnostics.answers import digit_slopes
from digitsum_cli.diagnostics.diagnosis import Diagnosis
from digitsum_cli.diagnostics.gradient_by_lag import reach
from digitsum_cli.diagnostics.linear_probe import linear_probe
from digitsum_cli.evaluation.diagnosis import DiagnosedTrial
from digitsum_cli.figures.confusion import Confusion, draw_confusion
from digitsum_cli.figures.described import DescribedFigure
from digitsum_cli.figures.distractor import DistractorAccuracy, draw_distractor
from digitsum_cli.figures.gates import OpenGates, draw_gates
from digitsum_cli.figures.gradient_by_lag import GradientCurve, draw_gradient_by_lag
from digitsum_cli.figures.lost_digit import IdealNetwork, LostDigitPoint, draw_lost_digit
from digitsum_cli.figures.spectral_radius import SpectralRadiusPoint, draw_spectral_radius
from digitsum_cli.figures.style import figure_files
from digitsum_cli.figures.transfer import TransferAccuracy, draw_transfer
from digitsum_cli.report.averages import mean_over_seeds, median_over_seeds
from digitsum_cli.report.names import name_with_label
from digitsum_cli.report.own_spans import own_span_figures
from digitsum_cli.report.state_figures import movement_figure, states_figure
from digitsum_cli.table import number, percent, significant
from digitsum_cli.trials.setting import settings_and_seeds, varied_columns

MAXIMUM_SETTINGS = 6

ByLength = dict[int, list[Diagnosis]]


def diagnosis_figures(trials: Sequence[DiagnosedTrial]) -> Iterator[tuple[str, list[DescribedFigure]]]:
    """Draws the diagnoses, averaged over seeds.

    Arguments:
        trials: one or more diagnosed trials.

    Yields:
        For each of the first 6 settings: its label, which tells what distinguishes it, and its figures.
    """
    settings = [each.setting for each in trials]
    varied = varied_columns(settings)
    for setting in list(dict.fromkeys(settings))[:MAXIMUM_SETTINGS]:
        label = setting.in_words(varied)
        group = [each for each in trials if each.setting == setting]
        by_length: ByLength = {}
        for each in group:
            by_length.setdefault(each.trial.length, []).append(each.diagnosis)
        subtitle = settings_and_seeds(settings, label, (each.trial.seed for each in group))
        task = group[0].trial.task
        figures = [draw(by_length, subtitle, task) for draw in _FIGURES]
        seed = Counter(each.trial.seed for each in group).most_common(1)[0][0]
        by_length_of_one_seed = {each.trial.length: each.diagnosis for each in group if each.trial.seed == seed}
        subtitle_of_one_seed = settings_and_seeds(settings, label, [seed])
        figures.append(states_figure(by_length_of_one_seed, subtitle_of_one_seed, task))
        if group[0].diagnosis.gates:
            figures.append(_gates(by_length_of_one_seed, subtitle_of_one_seed))
        yield label, [_with_label(drawn, label) for drawn in figures if drawn]


def diagnosis_figure_files(
    trials: Sequence[DiagnosedTrial], spans: Sequence[OwnSpanRow], folder: Path
) -> dict[Path, bytes]:
    """Draws the diagnoses: the contents of the figures in a folder, as PNG and SVG.

    Arguments:
        trials: the diagnosed trials.
        spans: the own spans of their networks.
        folder: where the files will be.
    """
    return {
        path: content
        for figures in (*(figures for _, figures in diagnosis_figures(trials)), own_span_figures(spans))
        for drawn in figures
        for path, content in figure_files(drawn.figure, folder, drawn.name).items()
    }


def _with_label(drawn: DescribedFigure, label: str) -> DescribedFigure:
    return DescribedFigure(name_with_label(drawn.name, label), drawn.figure, drawn.caption, drawn.description)


def _gradient_by_lag(by_length: ByLength, subtitle: str, _: Task) -> DescribedFigure:
    curves = [
        GradientCurve(
            length,
            mean_over_seeds([each.gradient_by_lag_start for each in diagnoses]).tolist(),
            mean_over_seeds([each.gradient_by_lag_kept for each in diagnoses]).tolist(),
        )
        for length, diagnoses in by_length.items()
    ]
    values = "; ".join(
        f"length {curve.length}: {significant(reach(curve.start), 2)} before training, "
        f"{significant(reach(curve.best), 2)} with the best checkpoint"
        for curve in curves
    )
    return DescribedFigure(
        "gradient-by-lag",
        draw_gradient_by_lag(curves, subtitle),
        "How far back gradients reach: the norm of the gradient of the loss with respect to each earlier state (of an "
        f"LSTM, h and c together), averaged over {_rows(by_length)} and over seeds, before training and with the best "
        "checkpoint. Where it decays exponentially, the first digits have almost no influence on what is learned.",
        f"Gradient norm at the first state relative to that at the last. {values}.",
    )


def _lost_digit(by_length: ByLength, subtitle: str, task: Task) -> DescribedFigure | None:
    if not isinstance(task, TwoDigitTask):
        return None
    points = [
        LostDigitPoint(
            length,
            [each.first_digit_slope for each in diagnoses],
            [each.second_digit_slope for each in diagnoses],
            [each.first_digit_probe for each in diagnoses],
            [each.second_digit_probe for each in diagnoses],
            [each.label_probe for each in diagnoses],
            [each.label_probe_accuracy for each in diagnoses],
        )
        for length, diagnoses in by_length.items()
    ]
    labels = task.labels_by_pair
    label_probe = linear_probe(labels[..., np.newaxis].astype(np.float64), task)
    alone = (label_probe.first_digit, label_probe.second_digit)
    values = "; ".join(
        f"length {point.length}: slope {fmean(point.first_slope):.2f} for the first digit and "
        f"{fmean(point.second_slope):.2f} for the second, R² {fmean(point.first_probe):.2f}, "
        f"{fmean(point.second_probe):.2f} and {fmean(point.label_probe):.2f} for the {task.label_name}, which a linear "
        f"classifier finds in {percent(fmean(point.classifier_probe))}"
        for point in points
    )
    return DescribedFigure(
        "lost-digit",
        draw_lost_digit(points, subtitle, IdealNetwork(task.label_name, digit_slopes(labels), alone)),
        "Left: how much the answer rises when a digit rises by 1. Right: what linear probes read from the last state, "
        "fitted on other pairs of digits: the R² of a linear regression of each digit and of the "
        f"{task.label_name}, and the accuracy of a linear classifier of the {task.label_name}. A correct answer "
        f"requires only the {task.label_name}, from which alone the R² is {alone[0]:.2g} for the first digit and "
        f"{alone[1]:.2g} for the second. The states of a network that answers well need not arrange the "
        f"{task.label_name} in a line: then its R² is low, and the classifier still finds it.",
        f"Means over seeds. {values}.",
    )


def _distractor(by_length: ByLength, subtitle: str, task: Task) -> DescribedFigure | None:
    if not isinstance(task, TwoDigitTask):
        return None
    panels = [
        DistractorAccuracy(length, mean_over_seeds([each.accuracy_by_distractor for each in diagnoses]).tolist())
        for length, diagnoses in by_length.items()
    ]
    values = "; ".join(
        f"length {panel.length}: {percent(_mean(panel.accuracies[0]))} with a distractor at the third digit, "
        f"{percent(_mean(panel.accuracies[-1]))} at the last"
        for panel in panels
    )
    return DescribedFigure(
        "distractor",
        draw_distractor(panels, subtitle),
        "What interferes with memory: accuracy by position and value of a distractor. A value of 0 means that there is "
        "none at that position.",
        f"Mean accuracy. {values}.",
    )


def _mean(accuracies: Sequence[float]) -> float | None:
    """The mean of those that are known."""
    known = [accuracy for accuracy in accuracies if not math.isnan(accuracy)]
    return fmean(known) if known else None


def _confusion(by_length: ByLength, subtitle: str, task: Task) -> DescribedFigure:
    panels = [
        Confusion(length, np.sum([each.confusion for each in diagnoses], axis=0).tolist())
        for length, diagnoses in by_length.items()
    ]
    values = "; ".join(f"length {panel.length}: {percent(_share_within_one(panel))}" for panel in panels)
    return DescribedFigure(
        "confusion",
        draw_confusion(panels, subtitle, task.label_name),
        f"Answers by correct {task.label_name}, over {_rows(by_length)}: each row of the matrix is one correct "
        f"{task.label_name}.",
        f"Share of answers that are correct or off by one. {values}.",
    )


def _spectral_radius(by_length: ByLength, subtitle: str, _: Task) -> DescribedFigure:
    points = [
        SpectralRadiusPoint(
            length,
            [each.spectral_radius_start for each in diagnoses],
            [each.spectral_radius_kept for each in diagnoses],
            [each.dynamics.jacobian_radius if each.dynamics else math.nan for each in diagnoses],
        )
        for length, diagnoses in by_length.items()
    ]
    values = "; ".join(
        f"length {point.length}: {fmean(point.start):.2f} before training, "
        f"{fmean(point.best):.2f} with the best checkpoint, Jacobian {number(median_over_seeds(point.jacobian), 2)}"
        for point in points
    )
    return DescribedFigure(
        "spectral-radius",
        draw_spectral_radius(points, subtitle),
        "Whether a state can persist: the spectral radius of the recurrent weights U, and that of the Jacobian of a "
        "step at the states after 1,000 digits (median over the pairs of first digits). U describes small states only: "
        "with its radius well below 1, every memory fades; above 1, states grow until the activation saturates. The "
        "Jacobian describes the states that are reached: where its radius is below 1, small disturbances fade.",
        f"Mean spectral radius. {values}.",
    )


def _transfer(by_length: ByLength, subtitle: str, task: Task) -> DescribedFigure:
    accuracies = [
        TransferAccuracy(length, other, fmean(each.accuracy_by_length[other] for each in diagnoses))
        for length, diagnoses in by_length.items()
        for other in diagnoses[0].accuracy_by_length
    ]
    values = "; ".join(
        f"trained at {cell.train_length}, tested at {cell.test_length}: {percent(cell.accuracy)}"
        for cell in accuracies
        if cell.test_length in (min(c.test_length for c in accuracies), max(c.test_length for c in accuracies))
    )
    return DescribedFigure(
        "transfer",
        draw_transfer(accuracies, subtitle, task.floor),
        f"Accuracy over {_rows(by_length)} at lengths other than the training length: a network that learned the rule "
        "would generalise.",
        f"Mean accuracy at the shortest and the longest test length. {values}.",
    )


def _gates(by_length: Mapping[int, Diagnosis], subtitle: str) -> DescribedFigure:
    """The gates of one seed, since the units of different trainings do not correspond."""
    panels = [
        OpenGates(length, {name: values.tolist() for name, values in diagnosis.gates.items()})
        for length, diagnosis in by_length.items()
    ]
    exact = all(diagnosis.accuracy_kind is AccuracyKind.EXACT for diagnosis in by_length.values())
    rows = (
        "the 100 pairs of first digits without a distractor"
        if exact
        else _rows({length: [diagnosis] for length, diagnosis in by_length.items()})
    )
    values = "; ".join(
        f"{name}: "
        + ", ".join(f"{np.mean(diagnosis.gates[name][-1]):.2f} at length {n}" for n, diagnosis in by_length.items())
        for name in panels[0].values
    )
    return DescribedFigure(
        "gates",
        draw_gates(panels, subtitle),
        "Gates of each unit at each step, from closed (0) to open (1), and the cell state of an LSTM: means over "
        f"{rows}, for one seed.",
        f"Mean over units at the last step. {values}.",
    )


_FIGURES: tuple[Callable[[ByLength, str, Task], DescribedFigure | None], ...] = (
    _gradient_by_lag,
    _lost_digit,
    _distractor,
    _confusion,
    _spectral_radius,
    _transfer,
    movement_figure,
)


def _rows(by_length: ByLength) -> str:
    """The rows that the diagnoses were computed on."""
    kinds = distinct_kinds(each.accuracy_kind for diagnoses in by_length.values() for each in diagnoses)
    return " or ".join(kind.rows for kind in kinds)


def _share_within_one(panel: Confusion) -> float:
    counts = np.asarray(panel.counts)
    near = sum(np.trace(counts, offset) for offset in (-1, 0, 1))
    return float(near / counts.sum())
