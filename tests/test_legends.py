"""No legend is cut off at the edge of its figure."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from digitsum_cli import figures
from digitsum_cli.core.tasks.task import Floor
from digitsum_cli.figures.accuracy import AccuracyPoint, AccuracySeries, SpanMark, draw_accuracy
from digitsum_cli.figures.gradient_by_lag import GradientCurve, draw_gradient_by_lag
from digitsum_cli.figures.gradient_norms import MATRICES, GradientNorms, draw_gradient_norms
from digitsum_cli.figures.loss_curves import LossCurve, draw_loss_curves
from digitsum_cli.figures.lost_digit import IdealNetwork, LostDigitPoint, draw_lost_digit
from digitsum_cli.figures.own_span import OwnSpanPoint, draw_own_span
from digitsum_cli.figures.reached_share import ReachedCurve, draw_reached_share
from digitsum_cli.figures.spectral_radius import SpectralRadiusPoint, draw_spectral_radius
from digitsum_cli.figures.state_movement import StateMovement, draw_state_movement
from digitsum_cli.figures.style import figure_files
from digitsum_cli.figures.transfer import TransferAccuracy, draw_transfer
from digitsum_cli.stats.memory_span import Bound, Span
from tests.drawn import legend_fits

FLOOR = Floor(9, 0.1)
TWO_GROUPS = [(2, 0.1, 0.12), (3, 0.95, 0.97)]
LONG = "distractors all, activation relu, init orthogonal, optimizer adam, lr schedule cosine, curriculum growing"


def setting(label: str, number: int = 5) -> AccuracySeries:
    seeds = (0.1, 0.12, 0.95, 0.96, 0.97)[:number]
    points = [
        AccuracyPoint(length, 0.95, (0.1, 0.97), seeds, 0.9, 0.9, trained=6, groups=TWO_GROUPS) for length in (5, 10)
    ]
    return AccuracySeries(label, "sampled", points, SpanMark(0.995, 9.4, 5, 10), [(15, 6)])


def accuracy(*labels: str) -> Figure:
    return draw_accuracy([setting(label) for label in labels], "s", [FLOOR, Floor(0, 0.1025)])


def own_span(*thresholds: float) -> Figure:
    spans = [Span(5.0, Bound.BELOW), Span(7.0, Bound.KNOWN), Span(20.0, Bound.BEYOND)]
    points = [OwnSpanPoint(each, n, spans, spans[1]) for each in thresholds for n in (5, 10)]
    return draw_own_span(points, "s")


def gradient_by_lag() -> Figure:
    return draw_gradient_by_lag([GradientCurve(4, [1.0, 1e-8, 0.0, 0.0], [1.0] * 4)], "s")


def gradient_norms() -> Figure:
    norms = GradientNorms(5, {matrix: np.ones(9) for matrix in MATRICES})
    return draw_gradient_norms([norms, norms], 5.0, "s")


def loss_curves() -> Figure:
    curve = LossCurve(5, [(0, 2.0), (1, 1.0)], [(1, 1.0)], diverged_at=(2, 3.0))
    return draw_loss_curves([curve, curve], "s", 2.8)


def lost_digit() -> Figure:
    ideal = IdealNetwork("remainder", slopes=(0.25, 0.75), digit_probes=(0.25, 0.75))
    return draw_lost_digit([LostDigitPoint(length, *[[0.1, 0.2]] * 6) for length in (5, 10)], "s", ideal)


def reached_share() -> Figure:
    return draw_reached_share([ReachedCurve(5, [100, 200], [0.5, 1.0], [(0.3, 0.7), None])], "epochs", 0.99, "s")


def spectral_radius() -> Figure:
    return draw_spectral_radius([SpectralRadiusPoint(5, [1.0, 1.1], [1.0, 1.1], [1.0, 1.1])], "s")


def state_movement() -> Figure:
    return draw_state_movement([StateMovement(5, {2: 1.0, 3: 0.5}, {0: 1.0, 1: 0.5}, 2.0)], "s")


def transfer() -> Figure:
    return draw_transfer([TransferAccuracy(10_000, test, 0.5) for test in (5, 10_000)], "s", FLOOR)


DRAWINGS: dict[str, Callable[[], Figure]] = {
    "accuracy of one setting": lambda: accuracy(""),
    "accuracy of two settings": lambda: accuracy("lr 0.001", "lr 0.003"),
    "accuracy of two settings with long names": lambda: accuracy(f"{LONG}, lr 0.001", f"{LONG}, lr 0.003"),
    "accuracy of many settings": lambda: accuracy(*(f"cell lstm, init normal, lr {rate}" for rate in range(20))),
    "accuracy of many settings with long names": lambda: accuracy(*(f"{LONG}, lr {rate}" for rate in range(20))),
    "own_span": lambda: own_span(0.5, 0.9),
    "own_span at many thresholds": lambda: own_span(*(0.1 + 0.05 * index for index in range(12))),
    "gradient_by_lag": gradient_by_lag,
    "gradient_norms": gradient_norms,
    "loss_curves": loss_curves,
    "lost_digit": lost_digit,
    "reached_share": reached_share,
    "spectral_radius": spectral_radius,
    "state_movement": state_movement,
    "transfer": transfer,
}


def test_every_figure_with_a_legend_is_checked() -> None:
    (folder,) = figures.__path__
    modules = [path for path in sorted(Path(folder).glob("*.py")) if path.stem != "style"]
    with_legend = {path.stem for path in modules if "legend(" in path.read_text("utf-8")}
    assert {name.split()[0] for name in DRAWINGS} == with_legend


@pytest.mark.parametrize("name", DRAWINGS)
def test_legend_is_whole(name: str) -> None:
    figure = DRAWINGS[name]()
    assert figure.legends
    assert legend_fits(figure)
    figure_files(figure, Path(), "figure")
    assert legend_fits(figure), "as it is saved"


def test_legend_takes_no_space_from_the_panel() -> None:
    heights = []
    for figure in (accuracy("lr 0.001", "lr 0.003"), accuracy(*(f"{LONG}, lr {rate}" for rate in range(14)))):
        figure.draw_without_rendering()
        heights.append(figure.axes[0].get_position().height * figure.get_figheight())
    assert heights[1] > 0.9 * heights[0]
