"""The recorded gradients of a run as figures."""

import re
from collections.abc import Iterator, Sequence

import numpy as np

from digitsum_cli.figures.described import DescribedFigure
from digitsum_cli.figures.gradient_norms import (
    MATRICES,
    MAXIMUM_POINTS,
    GradientNorms,
    draw_gradient_norms,
    percent_clipped,
)
from digitsum_cli.report.run_figures import name_with_label
from digitsum_cli.report.training_curves import TrainingCurves, by_setting
from digitsum_cli.table import significant
from digitsum_cli.trials.setting import settings_and_seeds

_MATRIX_OF_PARAMETER = {
    r"embedding\.W": "E",
    r"rnn_model\.(W(_.)?|rnn\.weight_ih_l0)": "W",
    r"rnn_model\.(U(_.)?|rnn\.weight_hh_l0)": "U",
    r"rnn_model\.(b(_.)?|rnn\.bias_.h_l0)": "b",
    r"linear\.weight": "V",
    r"linear\.bias": "c",
}


def gradient_figures(curves: Sequence[TrainingCurves]) -> Iterator[DescribedFigure]:
    """Draws the gradient norms of each setting, of trials that diverged as well; none where they were not recorded.

    Yields:
        A figure for each setting.
    """
    recorded = [each for each in curves if each.gradient_norms]
    settings = [each.setting for each in recorded]
    for label, of_setting in by_setting(recorded):
        trainings, clip_norm = [_by_matrix(each) for each in of_setting], of_setting[0].trial.train.clip_norm
        subtitle = settings_and_seeds(settings, label, (each.trial.seed for each in of_setting))
        yield DescribedFigure(
            name_with_label("gradients", label),
            draw_gradient_norms(trainings, clip_norm, subtitle),
            "The Euclidean norm of the gradients at every step, before clipping: of all parameters together, and of "
            f"each matrix. Beyond {MAXIMUM_POINTS} steps, the largest of each stretch is drawn. A gap is a norm of 0; "
            "a training that diverged or was stopped ends where it did.",
            _in_words(trainings, clip_norm),
        )


def _by_matrix(curves: TrainingCurves) -> GradientNorms:
    """The norms of each matrix, its gates together."""
    steps = len(next(iter(curves.gradient_norms.values())))
    squares = {matrix: np.zeros(steps) for matrix in MATRICES}
    for parameter, norms in curves.gradient_norms.items():
        matrix = next(matrix for pattern, matrix in _MATRIX_OF_PARAMETER.items() if re.fullmatch(pattern, parameter))
        squares[matrix] += np.square(norms)
    return GradientNorms(curves.trial.length, {matrix: np.sqrt(of_matrix) for matrix, of_matrix in squares.items()})


def _in_words(trainings: Sequence[GradientNorms], clip_norm: float | None) -> str:
    largest = max(float(training.total.max()) for training in trainings)
    clipped = "" if clip_norm is None else f"; {percent_clipped(trainings, clip_norm)} of the steps clipped"
    return f"The largest norm of all gradients together is {significant(largest, 3)}{clipped}."
