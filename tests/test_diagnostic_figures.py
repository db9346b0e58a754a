"""What the figures that explain a network show."""

import math
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from digitsum_cli.core.tasks.task import Floor
from digitsum_cli.figures import style
from digitsum_cli.figures.confusion import Confusion, draw_confusion
from digitsum_cli.figures.distractor import DistractorAccuracy, draw_distractor
from digitsum_cli.figures.gates import OpenGates, draw_gates
from digitsum_cli.figures.gradient_by_lag import GradientCurve, draw_gradient_by_lag
from digitsum_cli.figures.heat_map import DIVERGING, ON_DARK, ON_LIGHT, SEQUENTIAL
from digitsum_cli.figures.lost_digit import IdealNetwork, LostDigitPoint, draw_lost_digit
from digitsum_cli.figures.spectral_radius import SpectralRadiusPoint, draw_spectral_radius
from digitsum_cli.figures.state_movement import StateMovement, draw_state_movement
from digitsum_cli.figures.states import ProjectedStates, draw_states
from digitsum_cli.figures.style import save_figure
from digitsum_cli.figures.transfer import TransferAccuracy, draw_transfer
from digitsum_cli.figures.walkthrough import draw_walkthrough
from tests.drawn import cells, corners, line_points, scattered, titles, values

RIGHT_SUMS = IdealNetwork("sum", slopes=(1, 1), digit_probes=(0.5, 0.5))
LENGTHS = {1: [10], 7: [3, 5, 8, 10, 15, 20, 40], 30: list(range(3, 33))}


def gradient_by_lag(lengths: list[int], seeds: int) -> Figure:
    norms = {length: [0.5 * 0.6**lag for lag in range(length)] for length in lengths}
    return draw_gradient_by_lag([GradientCurve(length, norms[length], norms[length]) for length in lengths], "s")


def distractor(lengths: list[int], seeds: int) -> Figure:
    panels = [DistractorAccuracy(length, [[value / 9 for value in range(10)]] * (length - 2)) for length in lengths]
    return draw_distractor(panels, "s")


def lost_digit(lengths: list[int], seeds: int) -> Figure:
    numbers = [seed / 20 for seed in range(seeds)]
    return draw_lost_digit([LostDigitPoint(length, *[numbers] * 6) for length in lengths], "s", RIGHT_SUMS)


def confusion(lengths: list[int], seeds: int) -> Figure:
    return draw_confusion([Confusion(length, np.eye(19).tolist()) for length in lengths], "s", "sum")


def spectral_radius(lengths: list[int], seeds: int) -> Figure:
    radii = [0.5 + seed / 20 for seed in range(seeds)]
    return draw_spectral_radius([SpectralRadiusPoint(length, radii, radii, radii) for length in lengths], "s")


def states(lengths: list[int], seeds: int) -> Figure:
    components = [[math.cos(place), place / 20] for place in range(100)]
    return draw_states(
        [ProjectedStates(digits, components) for digits in lengths[:5]],
        [place % 19 for place in range(100)],
        "s",
        "sum",
    )


def state_movement(lengths: list[int], seeds: int) -> Figure:
    distances = {step: 0.5**step for step in (0, 1, 5, 200)}
    return draw_state_movement([StateMovement(length, distances, distances, 2.0) for length in lengths], "s")


def transfer(lengths: list[int], seeds: int) -> Figure:
    return draw_transfer(
        [TransferAccuracy(train, test, 1 / test) for train in lengths for test in lengths], "s", Floor(9, 0.1)
    )


def walkthrough(lengths: list[int], seeds: int) -> Figure:
    length, hidden_size = lengths[-1], 3 * seeds
    digits = [6, 7, *[0] * (length - 3), 4]
    return draw_walkthrough(
        digits, [[0.5] * hidden_size] * length, [[1 / 19] * 19] * length, "s", label=9, label_name="sum"
    )


DRAWINGS = [
    gradient_by_lag,
    distractor,
    lost_digit,
    confusion,
    spectral_radius,
    states,
    state_movement,
    transfer,
    walkthrough,
]
every_drawing = pytest.mark.parametrize("draw", DRAWINGS, ids=lambda draw: draw.__name__)


@every_drawing
@pytest.mark.parametrize(("number", "seeds"), [(1, 1), (1, 20), (7, 1), (30, 20)])
@pytest.mark.slow
def test_figure_is_saved_whole_without_warning_and_without_embedded_picture(
    draw: Callable[[list[int], int], Figure], number: int, seeds: int, tmp_path: Path
) -> None:
    figure = draw(LENGTHS[number], seeds)
    png, svg = save_figure(figure, tmp_path, "figure")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert "<image" not in svg.read_text(encoding="utf-8")
    inches = figure.get_tightbbox()
    assert inches.x0 >= 0
    assert inches.y0 >= 0
    assert inches.x1 <= figure.get_figwidth()
    assert inches.y1 <= figure.get_figheight()


@every_drawing
def test_title_has_two_lines(draw: Callable[[list[int], int], Figure]) -> None:
    title, subtitle = draw(LENGTHS[7], 1).get_suptitle().split("\n")
    assert title
    assert subtitle.startswith("s")


@every_drawing
def test_every_axis_has_a_name(draw: Callable[[list[int], int], Figure]) -> None:
    figure = draw(LENGTHS[1], 1)
    for panel in figure.axes:
        assert panel.get_ylabel() or panel in panel.get_shared_y_axes().get_siblings(figure.axes[0])
    assert any(panel.get_xlabel() for panel in figure.axes)


@every_drawing
@pytest.mark.slow
def test_saved_figures_are_the_same_bytes_each_time(draw: Callable[[list[int], int], Figure], tmp_path: Path) -> None:
    for folder in ("a", "b"):
        save_figure(draw([5, 10], 3), tmp_path / folder, "figure")
    assert (tmp_path / "a" / "figure.svg").read_bytes() == (tmp_path / "b" / "figure.svg").read_bytes()


def test_no_cell_has_a_colour_that_a_page_replaces() -> None:
    maps = [mpl.colormaps[name] for name in (SEQUENTIAL, DIVERGING)]
    used = {to_hex(colours(level)).upper() for colours in maps for level in range(256)}
    assert not {style.INK, style.PAPER, style.GRID, style.GUIDE_COLOUR} & {*used, ON_DARK, ON_LIGHT}


def test_gradient_lines_are_the_norms_before_and_after_training() -> None:
    before, after = draw_gradient_by_lag([GradientCurve(3, [1.0, 0.1, 0.01], [2.0, 1.0, 0.5])], "one").axes
    assert line_points(before, 0) == [[0, 1.0], [1, 0.1], [2, 0.01]]
    assert line_points(after, 0) == [[0, 2.0], [1, 1.0], [2, 0.5]]
    assert line_points(after, 1) == [[2, 0.5]]  # the first digit
    assert before.get_yscale() == after.get_yscale() == "log"
    assert before.get_ylim() == after.get_ylim()


def test_gradient_line_breaks_off_where_it_vanishes() -> None:
    norms = [1.0, 1e-8, 0.0, 0.0]
    figure = draw_gradient_by_lag([GradientCurve(4, norms, [1.0] * 4)], "underflow")
    before, after = figure.axes
    assert np.isfinite(line_points(before, 0)).tolist() == [[True, True], [True, True], [True, False], [True, False]]
    assert line_points(before, 2) == [[2, 0.0]]  # the mark, at the bottom
    assert before.get_ylim()[0] > 1e-10
    assert len(after.get_lines()) == 2
    assert "0 from here on (underflow)" in [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.mark.parametrize("norms", [[0.0] * 3, [1.0] * 3, [1e-300, 5e-324, 0.0], [1.0, math.inf, math.nan]])
@pytest.mark.slow
def test_gradients_of_any_size_can_be_drawn(norms: list[float], tmp_path: Path) -> None:
    figure = draw_gradient_by_lag([GradientCurve(3, norms, norms)], "odd")
    assert all(path.stat().st_size > 1000 for path in save_figure(figure, tmp_path, "figure"))
    assert len(figure.axes) >= 2


def test_gradient_colours_are_keyed_by_length() -> None:
    curves = [GradientCurve(length, [1.0] * length, [1.0] * length) for length in (20, 5, 10)]
    before, _, key = draw_gradient_by_lag(curves, "three").axes
    assert [text.get_text() for text in key.get_yticklabels()] == ["5", "10", "20"]
    colours = {len(np.asarray(line.get_xydata())): line.get_color() for line in before.get_lines()[::2]}
    patches = cells(key)
    assert [to_hex(tuple(patches.to_rgba(np.array(place)))) for place in range(3)] == [
        colours[5],
        colours[10],
        colours[20],
    ]


def test_distractor_cell_is_at_its_position_and_value() -> None:
    accuracies = [[(10 * row + value) / 30 for value in range(10)] for row in range(3)]
    panel, bar = draw_distractor([DistractorAccuracy(5, accuracies)], "one").axes
    assert values(panel) == [list(by_position) for by_position in zip(*accuracies, strict=True)]
    assert corners(panel) == ([2.5, -0.5], [5.5, 9.5])
    assert cells(panel).get_clim() == (0, 1)
    assert bar.get_ylabel() == "accuracy"


def test_position_of_the_only_distractor_is_a_whole_number() -> None:
    figure = distractor([3], 1)
    panel = figure.axes[0]
    left, right = panel.get_xlim()
    assert [place for place in panel.get_xticks() if left <= place <= right] == [3]


@pytest.mark.parametrize("draw", [distractor, confusion], ids=["distractor", "confusion"])
def test_many_lengths_are_thinned_out_to_both_ends(draw: Callable[[list[int], int], Figure]) -> None:
    figure = draw(LENGTHS[30], 1)
    assert len(titles(figure)) == 8
    assert (titles(figure)[0], titles(figure)[-1]) == ("length 3", "length 32")
    assert "8 of 30 lengths" in figure.get_suptitle()


def test_lost_digit_shows_slopes_read_outs_seeds_and_guides() -> None:
    points = [
        LostDigitPoint(10, [0.5, 0.7], [0.1, 0.3], [0.2, 0.4], [0.8, 1.0], [0.1, 0.3], [0.5, 0.6]),
        LostDigitPoint(5, [1.0, 1.0], [0.9, 0.7], [0.9, 0.9], [1.0, 1.0], [0.9, 0.7], [0.75, 0.75]),
    ]
    figure = draw_lost_digit(points, "two", RIGHT_SUMS)
    slopes, read_outs = figure.axes
    assert line_points(slopes, 0) == [[5, 1.0], [10, pytest.approx(0.6)]]
    assert line_points(slopes, 1) == [[5, pytest.approx(0.8)], [10, pytest.approx(0.2)]]
    assert [line.get_ydata() for line in slopes.get_lines()[2:]] == [[1, 1], [0, 0]]
    assert line_points(read_outs, 0) == [[5, 0.9], [10, pytest.approx(0.3)]]
    assert line_points(read_outs, 1) == [[5, 1.0], [10, 0.9]]
    assert line_points(read_outs, 2) == [[5, pytest.approx(0.8)], [10, pytest.approx(0.2)]]
    assert line_points(read_outs, 3) == [[5, 0.75], [10, pytest.approx(0.55)]]
    assert [line.get_ydata() for line in read_outs.get_lines()[4:]] == [[0.5, 0.5]]
    assert [[y for _, y in series] for series in scattered(read_outs)] == [
        [0.9, 0.9, 0.2, 0.4],
        [1.0, 1.0, 0.8, 1.0],
        [0.9, 0.7, 0.1, 0.3],
        [0.75, 0.75, 0.5, 0.6],
    ]
    assert all(
        abs(x - length) < 0.1
        for panel in (slopes, read_outs)
        for series in scattered(panel)
        for (x, _), length in zip(series, (5, 5, 10, 10), strict=True)
    )
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "first digit",
        "second digit",
        "full effect (1)",
        "no effect (0)",
        "sum (R²)",
        "sum, linear classifier (accuracy)",
        "expected from the sum alone (0.5)",
    ]


def test_single_seed_of_lost_digit_is_drawn_once() -> None:
    assert all(scattered(panel) == [] for panel in lost_digit([5, 10], 1).axes)


def test_confusion_rows_are_shares_of_the_right_sum() -> None:
    counts = np.zeros((19, 19))
    counts[3, [3, 9]] = 30, 10
    panel = draw_confusion([Confusion(10, counts.tolist())], "one", "sum").axes[0]
    drawn = np.array(values(panel))
    assert drawn[3, [3, 9]].tolist() == [0.75, 0.25]
    assert drawn[3].sum() == 1
    assert np.isnan(drawn[4]).all()  # a sum that never was the right one
    assert panel.get_aspect() == 1
    assert panel.yaxis_inverted()
    assert corners(panel) == ([-0.5, -0.5], [18.5, 18.5])


def test_spectral_radii_are_beside_their_length() -> None:
    points = [
        SpectralRadiusPoint(50, start=[0.5, 0.7], best=[1.5, 1.7], jacobian=[0.9, math.nan]),
        SpectralRadiusPoint(5, start=[0.4, 0.4], best=[1.1, 1.3], jacobian=[0.2, 0.4]),
    ]
    (panel,) = draw_spectral_radius(points, "two").axes
    start, kept, jacobian = scattered(panel)
    assert [y for _, y in start] == [0.4, 0.4, 0.5, 0.7]
    assert [y for _, y in kept] == [1.1, 1.3, 1.5, 1.7]
    assert [round(x) for x, _ in start] == [round(x) for x, _ in kept] == [0, 0, 1, 1]
    assert max(x for x, _ in start[:2]) < min(x for x, _ in kept[:2])
    assert max(x for x, _ in kept[:2]) < min(x for x, _ in jacobian[:2])
    assert [text.get_text() for text in panel.get_xticklabels()] == ["5", "50"]
    means = [path.vertices[0][1] for drawn in panel.collections[1::2] for path in drawn.get_paths()]  # type: ignore[index]
    assert means == pytest.approx([0.4, 0.6, 1.2, 1.6, 0.3, 0.9])
    assert panel.get_lines()[0].get_ydata() == [1, 1]


def test_states_keep_their_place_and_the_colour_of_their_answer() -> None:
    components = [[[0.0, 1.0], [2.0, 3.0]], [[0.5, 1.0], [2.0, 2.5]]]
    panels = [ProjectedStates(digits, each) for digits, each in zip((2, 1_000), components, strict=True)]
    figure = draw_states(panels, [3, 18], "two", "sum")
    first, last, _ = figure.axes
    assert titles(figure) == ["after 2 digits", "after 1,000 digits"]
    assert [[list(point) for point in scattered(panel)[0]] for panel in (first, last)] == components
    assert all(np.asarray(panel.collections[0].get_array()).tolist() == [3, 18] for panel in (first, last))
    assert first.get_xlim() == last.get_xlim()


def test_distances_end_where_they_are_0() -> None:
    curve = StateMovement(5, {2: 1.0, 3: 1e-3, 999: 0.0}, {0: 0.5, 1: 0.25, 200: 0.0}, 2.0)
    left, right = draw_state_movement([curve], "one").axes
    assert line_points(left, 0)[:2] == [[2, 1.0], [3, 1e-3]]
    assert math.isnan(line_points(left, 0)[2][1])
    assert line_points(right, 0)[:2] == [[1, 0.5], [2, 0.25]]
    assert line_points(right, 1) == [[201, 2.0]]  # another answer
    assert left.get_yscale() == right.get_yscale() == "log"


def test_equal_radii_of_twenty_seeds_stay_apart() -> None:
    (panel,) = draw_spectral_radius([SpectralRadiusPoint(5, [1.0] * 20, [1.0] * 20, [1.0] * 20)], "one").axes
    across = sorted(x for series in scattered(panel) for x, _ in series)
    assert min(np.diff(across)) > 0.005


def test_transfer_table_has_train_lengths_as_rows() -> None:
    accuracies = [TransferAccuracy(5, 5, 0.98), TransferAccuracy(5, 10, 0.304), TransferAccuracy(10, 5, 0.1)]
    panel = draw_transfer(accuracies, "a hole", Floor(9, 0.1)).axes[0]
    assert values(panel) == [[0.98, 0.304], [0.1, pytest.approx(math.nan, nan_ok=True)]]
    assert [(text.get_position(), text.get_text()) for text in panel.texts] == [
        ((0, 0), "98"),
        ((1, 0), "30"),
        ((0, 1), "10"),
    ]
    assert [text.get_color() for text in panel.texts] == [ON_LIGHT, ON_DARK, ON_DARK]
    assert [text.get_text() for text in panel.get_yticklabels()] == ["5", "10"]
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("test length (digits)", "training length (digits)")
    assert panel.yaxis_inverted()


def test_transfer_to_the_same_length_is_outlined() -> None:
    panel = transfer([5, 10, 20], 1).axes[0]
    frames = [patch for patch in panel.patches if isinstance(patch, Rectangle)]
    assert [tuple(frame.get_center()) for frame in frames] == [(0, 0), (1, 1), (2, 2)]


def test_transfer_from_a_single_length_is_a_curve() -> None:
    accuracies = [TransferAccuracy(10, 20, 0.2), TransferAccuracy(10, 5, 0.7), TransferAccuracy(10, 10, 0.9)]
    (panel,) = draw_transfer(accuracies, "one", Floor(9, 0.1)).axes
    assert line_points(panel, 0) == [[5, 0.7], [10, 0.9], [20, 0.2]]
    assert panel.get_lines()[1].get_xdata() == [10, 10]
    assert panel.get_lines()[1].get_label() == "training length (10)"


def test_gates_have_a_row_each_and_a_column_for_each_length() -> None:
    panels = [
        OpenGates(length, {"reset gate": [[0.2, 0.4]] * length, "cell": [[-1.0, 2.0]] * length})
        for length in (10, 5, 15, 20, 25)
    ]
    figure = draw_gates(panels, "one")
    grid = np.array(figure.axes[:8]).reshape(2, 4)
    assert [axis.get_title() for axis in grid[0]] == ["length 5", "length 10", "length 20", "length 25"]
    assert values(grid[0, 0]) == [[0.2] * 5, [0.4] * 5]
    assert [cells(axis).get_clim() for axis in grid[:, 0]] == [(0, 1), (-5, 5)]
    assert "4 of 5 lengths" in figure.get_suptitle()
