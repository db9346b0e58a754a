"""The recorded gradient norms of a run as figures."""

import re
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from digitsum_cli.figures.described import DescribedFigure
from digitsum_cli.figures.gradient_norms import (
    MAXIMUM_POINTS,
    OTHERS,
    GradientNorms,
    draw_gradient_norms,
    percent_clipped,
)
from digitsum_cli.report.names import name_with_label
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
    """Draws the recorded gradient norms of each setting, including those of diverged trials.

    Yields:
        One figure per setting with recorded gradients.
    """
    recorded = [each for each in curves if each.gradient_norms]
    settings = [each.setting for each in recorded]
    for label, of_setting in by_setting(recorded):
        trainings, clip_norm = [_by_matrix(each) for each in of_setting], of_setting[0].trial.train.clip_norm
        subtitle = settings_and_seeds(settings, label, (each.trial.seed for each in of_setting))
        yield DescribedFigure(
            name_with_label("gradients", label),
            draw_gradient_norms(trainings, clip_norm, subtitle),
            "The Euclidean norm of the gradient at every step, before clipping: over all parameters, and per matrix. "
            f"Beyond {MAXIMUM_POINTS} steps, the maximum of each interval is drawn. A gap means a norm of 0; the curve "
            "of a training that diverged or stopped early ends at its last step.",
            _description(trainings, clip_norm),
        )


def _by_matrix(curves: TrainingCurves) -> GradientNorms:
    """The norms per matrix, combined over its gates."""
    steps = len(next(iter(curves.gradient_norms.values())))
    squares: dict[str, npt.NDArray[np.float64]] = {}
    for parameter, norms in curves.gradient_norms.items():
        matching = (matrix for pattern, matrix in _MATRIX_OF_PARAMETER.items() if re.fullmatch(pattern, parameter))
        matrix = next(matching, OTHERS)
        squares[matrix] = squares.get(matrix, np.zeros(steps)) + np.square(norms)
    return GradientNorms(curves.trial.length, {matrix: np.sqrt(total) for matrix, total in squares.items()})


def _description(trainings: Sequence[GradientNorms], clip_norm: float | None) -> str:
    largest = max(float(training.total.max()) for training in trainings)
    clipped = "" if clip_norm is None else f"; {percent_clipped(trainings, clip_norm)} of the steps clipped"
    return f"The largest norm over all parameters is {significant(largest, 3)}{clipped}."
