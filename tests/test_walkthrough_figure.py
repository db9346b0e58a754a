"""What the figure of one sequence shows."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from digitsum_cli.figures.style import save_figure
from digitsum_cli.figures.walkthrough import draw_walkthrough
from tests.drawn import cells, corners, values


def draw_sums(digits: list[int], *arguments: Any, **options: Any) -> Figure:
    return draw_walkthrough(digits, *arguments, label=sum(digits[:2]), label_name="sum", **options)


def test_walkthrough_aligns_digits_states_and_probabilities() -> None:
    digits, states = [6, 7, 4], [[0.1, -0.2], [0.3, -0.4], [0.5, -0.6]]
    probabilities = [[(step + answer) / 21 for answer in range(19)] for step in range(3)]
    figure = draw_sums(digits, states, probabilities, "6 + 7")
    figure.canvas.draw()
    upper, lower = figure.axes[:2]
    assert values(upper) == [[0.1, 0.3, 0.5], [-0.2, -0.4, -0.6]]
    assert np.array(values(lower)).T.tolist() == probabilities
    assert cells(upper).get_clim() == (-1, 1)
    assert cells(lower).get_clim() == (0, 1)
    assert corners(upper) == ([0.5, -0.5], [3.5, 1.5])
    assert corners(lower) == ([0.5, -0.5], [3.5, 18.5])
    assert upper.get_position().x0 == lower.get_position().x0
    assert upper.get_position().x1 == lower.get_position().x1


def of_zeros(length: int) -> Figure:
    """6 and 7, zeros, and a 4 at the end."""
    digits = [6, 7, *[0] * (length - 3), 4]
    return draw_sums(digits, [[0.5] * 3] * length, [[1 / 19] * 19] * length, "s")


def written_digits(figure: Figure) -> dict[float, str]:
    """The digit above each step."""
    (above,) = figure.axes[0].child_axes
    labels = [text.get_text() for text in above.get_xticklabels()]
    return dict(zip(np.asarray(above.get_xticks()).tolist(), labels, strict=True))


def test_walkthrough_shows_gates_from_0_to_1_and_the_cell_from_minus_5_to_5() -> None:
    digits, states = [6, 7, 4], [[0.1, -0.2], [0.3, -0.4], [0.5, -0.6]]
    gates = {"forget gate": [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]}
    cell = [[-6.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    figure = draw_sums(digits, states, [[0.0] * 19] * 3, "6 + 7", gates=gates, cell=cell)
    _, forget, of_cell, lower = figure.axes[:4]
    assert values(forget) == [[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]]
    assert values(of_cell) == [[-6.0, 2.0, 4.0], [1.0, 3.0, 5.0]]
    assert cells(forget).get_clim() == (0, 1)
    assert cells(of_cell).get_clim() == (-5, 5)
    assert lower.get_ylabel() == "sum"
    assert [axis.get_ylabel() for axis in figure.axes[4:]] == ["state", "forget gate", "cell", "probability"]


def test_walkthrough_of_states_above_1_starts_at_0() -> None:
    figure = draw_sums([6, 7, 4], [[0.0, 3.0]] * 3, [[0.0] * 19] * 3, "relu")
    assert cells(figure.axes[0]).get_clim() == (0, 3)


def test_walkthrough_writes_every_digit_of_a_short_sequence() -> None:
    assert written_digits(of_zeros(6)) == {1: "6", 2: "7", 3: "0", 4: "0", 5: "0", 6: "4"}


def test_walkthrough_leaves_the_zeros_of_a_long_sequence_out() -> None:
    assert written_digits(of_zeros(100)) == {1: "6", 2: "7", 100: "4"}
    digits = [0, 0, *[0] * 98]
    figure = draw_sums(digits, [[0.0]] * 100, [[0.0] * 19] * 100, "zeros")
    assert written_digits(figure) == {1: "0", 2: "0"}


def test_walkthrough_marks_the_right_sum_at_the_last_step() -> None:
    lower = draw_sums([6, 7, 4], [[0.0]] * 3, [[0.0] * 19] * 3, "a distractor").axes[1]
    (frame,) = (patch for patch in lower.patches if isinstance(patch, Rectangle))
    assert frame.get_center() == pytest.approx((3, 13))
    assert [text.get_text() for text in lower.texts] == ["◂ 13"]


def test_walkthrough_names_the_units_it_draws() -> None:
    states = [[unit / 256 for unit in range(256)]] * 4
    figure = draw_sums([1, 2, 3, 0], states, [[0.0] * 19] * 4, "wide")
    upper = figure.axes[0]
    drawn = [row[0] for row in values(upper)]
    assert (len(drawn), drawn[0], drawn[-1]) == (64, 0, 255 / 256)
    places = np.asarray(upper.get_yticks()).tolist()
    named = [int(text.get_text()) - 1 for text in upper.get_yticklabels()]
    assert [drawn[round(place)] for place in places] == [unit / 256 for unit in named]
    assert "64 of 256 units" in figure.get_suptitle()


@pytest.mark.parametrize("length", [2, 100])
@pytest.mark.parametrize("hidden_size", [1, 256])
@pytest.mark.slow
def test_walkthrough_of_any_size_can_be_drawn(length: int, hidden_size: int, tmp_path: Path) -> None:
    digits = [9] * length
    figure = draw_sums(digits, [[0.0] * hidden_size] * length, [[1 / 19] * 19] * length, "extremes")
    _, svg = save_figure(figure, tmp_path, "figure")
    assert "<image" not in svg.read_text(encoding="utf-8")
