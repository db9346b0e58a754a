"""What the figure of gradient norms shows."""

import numpy as np

from digitsum_cli.figures.gradient_norms import MATRICES, GradientNorms, draw_gradient_norms, percent_clipped
from digitsum_cli.figures.style import INK


def norms(length: int, *totals: float) -> GradientNorms:
    """All of it in U."""
    return GradientNorms(length, {matrix: np.array(totals, float) * (matrix == "U") for matrix in MATRICES})


def test_gradient_norms_are_drawn_on_a_logarithmic_scale_with_the_share_that_is_clipped() -> None:
    figure = draw_gradient_norms([norms(20, 1, 10, 100, 3), norms(20, 2, 4, 6)], 5.0, "two seeds")
    (panel,) = figure.axes
    assert panel.get_yscale() == "log"
    assert panel.get_title() == "length 20: 42.9 % of steps clipped"
    labelled = {line.get_label(): line for line in panel.get_lines()}
    assert np.asarray(labelled["clipped above 5"].get_ydata()).tolist() == [5, 5]
    together = labelled["all parameters (faint: each seed)"]
    assert np.asarray(together.get_ydata()).tolist() == [1.5, 7.0, 53.0, 3.0], "medians over those that came so far"
    assert np.isnan(np.asarray(labelled["W: input to state"].get_ydata(), dtype=float)).all()


def test_many_gradient_norms_are_thinned_to_the_largest_of_each_stretch() -> None:
    (panel,) = draw_gradient_norms([norms(5, *range(1, 1001))], None, "one").axes
    drawn = {line.get_label(): line for line in panel.get_lines()}["all parameters"]
    assert len(np.asarray(drawn.get_ydata())) == 500
    assert np.asarray(drawn.get_ydata())[-1] == 1000
    assert panel.get_title() == "length 5"


def test_total_norm_is_that_of_all_gradients_together() -> None:
    assert GradientNorms(5, {"W": np.array([3.0]), "U": np.array([4.0])}).total.tolist() == [5.0]


def test_norm_between_two_that_vanish_is_a_point() -> None:
    (panel,) = draw_gradient_norms([norms(5, 1, 0, 4, 0, 2, 3)], None, "one").axes
    (points,) = (line for line in panel.get_lines() if line.get_marker() == "." and line.get_color() == INK)
    assert np.asarray(points.get_xydata()).tolist() == [[0, 1], [2, 4]]


def test_all_steps_are_clipped_only_if_every_one_is() -> None:
    assert percent_clipped([norms(5, *[9] * 2000, 1)], 5.0) == "99.9 %"
    assert percent_clipped([norms(5, *[9] * 2000)], 5.0) == "100 %"
