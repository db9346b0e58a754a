"""The recorded gradients of a run as figures."""

import math
import re
from collections.abc import Iterator, Sequence

from digitsum_cli.figures.described import DescribedFigure
from digitsum_cli.figures.gradient_norms import MATRICES, GradientNorms, draw_gradient_norms, share_clipped
from digitsum_cli.study.outcome import Outcome
from digitsum_cli.study.run_figures import MAXIMUM_LOSS_FIGURES, name_with_label
from digitsum_cli.study.setting_columns import setting_label, setting_row, settings_and_seeds, varied_settings
from digitsum_cli.study.store import Store
from digitsum_cli.study.trial import Trial
from digitsum_cli.table import percent, significant

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
        ended = [(trial, outcome) for trial, outcome in store.ended(mine) if outcome.gradient_norms]
        if not ended:
            continue
        norms = [_by_matrix(trial, outcome) for trial, outcome in ended]
        clip_norm = mine[0].clip_norm
        subtitle = settings_and_seeds(list(rows.values()), label, (trial.seed for trial, _ in ended))
        yield DescribedFigure(
            name_with_label("gradients", label),
            draw_gradient_norms(norms, clip_norm, subtitle),
            "The Euclidean norm of the gradients at every step, before they are clipped: of all parameters together, "
            "and of each matrix. A training that diverged ends where it did.",
            _in_words(norms, clip_norm),
        )


def _by_matrix(trial: Trial, outcome: Outcome) -> GradientNorms:
    """The norms of each matrix, its gates together."""
    parts: dict[str, list[tuple[float, ...]]] = {matrix: [] for matrix in MATRICES}
    for parameter, norms in outcome.gradient_norms.items():
        matrix = next(matrix for pattern, matrix in _MATRIX_OF_PARAMETER.items() if re.fullmatch(pattern, parameter))
        parts[matrix].append(norms)
    return GradientNorms(
        trial.length,
        {
            matrix: [math.hypot(*at_step) for at_step in zip(*of_matrix, strict=True)]
            for matrix, of_matrix in parts.items()
        },
    )


def _in_words(trainings: Sequence[GradientNorms], clip_norm: float | None) -> str:
    largest = max(norm for training in trainings for norm in training.total)
    clipped = "" if clip_norm is None else f"; {percent(share_clipped(trainings, clip_norm))} of the steps clipped"
    return f"The largest norm of all gradients together is {significant(largest, 3)}{clipped}."
