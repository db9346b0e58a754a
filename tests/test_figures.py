"""What the figures show."""

from pathlib import Path

import pytest

from digitsum_cli.figures.accuracy import AccuracyPoint, draw_accuracy
from digitsum_cli.figures.loss_curves import MAXIMUM_PANELS, LossCurve, draw_loss_curves
from digitsum_cli.figures.style import save_figure


def curve(length: int, height: float = 3.0) -> LossCurve:
    return LossCurve(length, train=[(37, height), (75, 1.0)], eval=[(75, 1.5)])


def test_each_length_has_a_panel_with_its_train_and_eval_loss() -> None:
    figure = draw_loss_curves([curve(10), curve(5)], "two lengths")
    assert [panel.get_title() for panel in figure.axes] == ["length 5", "length 10"]
    train, eval_ = figure.axes[0].get_lines()[1:]
    assert train.get_xydata().tolist() == [[37, 3.0], [75, 1.0]]  # type: ignore[union-attr]
    assert eval_.get_xydata().tolist() == [[75, 1.5]]  # type: ignore[union-attr]


def test_loss_axes_have_names_and_units() -> None:
    figure = draw_loss_curves([curve(length) for length in range(3, 10)], "seven lengths")
    assert [panel.get_ylabel() for panel in figure.axes] == [
        "cross-entropy (nats)" if column == 0 else "" for column in (0, 1, 2, 3, 0, 1, 2)
    ]
    assert [bool(panel.get_xlabel()) for panel in figure.axes] == [False] * 3 + [True] * 4


def test_loss_axis_ends_before_a_spike_flattens_the_rest() -> None:
    figure = draw_loss_curves([curve(5, height=100.0)], "a spike")
    assert figure.axes[0].get_ylim()[1] == pytest.approx(6.24)


def test_many_lengths_are_thinned_out_to_both_ends() -> None:
    figure = draw_loss_curves([curve(length) for length in range(3, 103)], "many")
    titles = [panel.get_title() for panel in figure.axes]
    assert len(titles) == MAXIMUM_PANELS
    assert (titles[0], titles[-1]) == ("length 3", "length 102")


def test_accuracy_shows_both_splits_the_floor_and_the_range() -> None:
    points = [
        AccuracyPoint(10, eval=(0.5, 0.4, 0.6), test=(0.4, 0.3, 0.5)),
        AccuracyPoint(5, eval=(0.9, 0.9, 0.9), test=(0.8, 0.7, 0.9)),
    ]
    (panel,) = draw_accuracy([("", points)], "one setting").axes
    test, eval_, floor = panel.get_lines()
    assert test.get_xydata().tolist() == [[5, 0.8], [10, 0.4]]  # type: ignore[union-attr]
    assert eval_.get_xydata().tolist() == [[5, 0.9], [10, 0.5]]  # type: ignore[union-attr]
    assert floor.get_ydata() == [0.1, 0.1]
    assert len(panel.collections) == 1
    assert panel.get_xlabel() == "sequence length (digits)"
    assert panel.get_ylabel() == "accuracy"
    assert panel.get_ylim() == (0, 1.02)


def test_settings_are_told_apart_by_marker_as_well_as_colour() -> None:
    points = [AccuracyPoint(5, eval=(0.9, 0.9, 0.9), test=(0.8, 0.8, 0.8))]
    figure = draw_accuracy([(f"lr {n}", points) for n in range(20)], "many")
    lines = [line for line in figure.axes[0].get_lines() if str(line.get_label()).startswith("lr")]
    assert len({(line.get_marker(), line.get_color(), line.get_linestyle()) for line in lines}) == len(lines) == 28
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == [*(f"lr {n}" for n in range(14)), "test", "eval", "floor: always answering 9 (10 %)"]
    assert "14 of 20 settings" in figure.get_suptitle()


def test_saved_figures_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        save_figure(draw_loss_curves([curve(5)], "one"), tmp_path / folder, "loss")
    for name in ("loss.png", "loss.svg"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
