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
from digitsum_cli.report.run_figures import MAXIMUM_LOSS_FIGURES, name_with_label
from digitsum_cli.rundir.store import Store
from digitsum_cli.table import significant
from digitsum_cli.trials.outcome import Outcome
from digitsum_cli.trials.setting_columns import setting_label, setting_row, settings_and_seeds, varied_settings
from digitsum_cli.trials.trial import Trial

_MATRIX_OF_PARAMETER = {
    r"embedding\.W": "E",
    r"rnn_model\.(W(_.)?|rnn\.weight_ih_l0)": "W",
    r"rnn_model\.(U(_.)?|rnn\.weight_hh_l0)": "U",
    r"rnn_model\.(b(_.)?|rnn\.bias_.h_l0)": "b",
    r"linear\.weight": "V",
    r"linear\.bias": "c",
}


def gradient_figures(trials: Sequence[Trial], store: Store) -> Iterator[DescribedFigure]:
    """Draws the gradients' norms of each setting, of trials that diverged as well; none where they were not recorded.

    Arguments:
        trials: those of the run.
        store: their outcomes.

    Yields:
        A figure for each setting; of over 12, for the first 12.
    """
    rows = {trial: setting_row(trial) for trial in trials if trial.record_gradients}
    varied = varied_settings(rows.values())
    for label in list(dict.fromkeys(setting_label(row, varied) for row in rows.values()))[:MAXIMUM_LOSS_FIGURES]:
        mine = [trial for trial, row in rows.items() if setting_label(row, varied) == label]
        norms = {trial: _by_matrix(trial, outcome) for trial, outcome in store.ended(mine) if outcome.gradient_norms}
        if not norms:
            continue
        trainings, clip_norm = list(norms.values()), mine[0].clip_norm
        subtitle = settings_and_seeds(list(rows.values()), label, (trial.seed for trial in norms))
        yield DescribedFigure(
            name_with_label("gradients", label),
            draw_gradient_norms(trainings, clip_norm, subtitle),
            "The Euclidean norm of the gradients at every step, before they are clipped: of all parameters together, "
            f"and of each matrix. Of over {MAXIMUM_POINTS} steps, the largest of each stretch is drawn. A gap is a "
            "norm of 0; a training that diverged or was stopped ends where it did.",
            _in_words(trainings, clip_norm),
        )


def _by_matrix(trial: Trial, outcome: Outcome) -> GradientNorms:
    """The norms of each matrix, its gates together."""
    squares = {matrix: np.zeros(outcome.steps) for matrix in MATRICES}
    for parameter, norms in outcome.gradient_norms.items():
        matrix = next(matrix for pattern, matrix in _MATRIX_OF_PARAMETER.items() if re.fullmatch(pattern, parameter))
        squares[matrix] += np.square(norms)
    return GradientNorms(trial.length, {matrix: np.sqrt(of_matrix) for matrix, of_matrix in squares.items()})


def _in_words(trainings: Sequence[GradientNorms], clip_norm: float | None) -> str:
    largest = max(float(training.total.max()) for training in trainings)
    clipped = "" if clip_norm is None else f"; {percent_clipped(trainings, clip_norm)} of the steps clipped"
    return f"The largest norm of all gradients together is {significant(largest, 3)}{clipped}."
