"""What the figures show."""

from pathlib import Path

import pytest

from digitsum_cli.core.tasks import DIGIT_SUM
from digitsum_cli.figures.accuracy import AccuracyPoint, AccuracySeries, SpanMark, draw_accuracy
from digitsum_cli.figures.loss_curves import MAXIMUM_PANELS, LossCurve, draw_loss_curves
from digitsum_cli.figures.style import save_figure


def curve(length: int, height: float = 3.0) -> LossCurve:
    return LossCurve(length, train=[(37, height), (75, 1.0)], eval=[(75, 1.5)])


def test_each_length_has_a_panel_with_its_train_and_eval_loss() -> None:
    figure = draw_loss_curves([curve(10), curve(5)], "two lengths", DIGIT_SUM.guess_loss)
    assert [panel.get_title() for panel in figure.axes] == ["length 5", "length 10"]
    train, eval_ = figure.axes[0].get_lines()[1:]
    assert train.get_xydata().tolist() == [[37, 3.0], [75, 1.0]]  # type: ignore[union-attr]
    assert eval_.get_xydata().tolist() == [[75, 1.5]]  # type: ignore[union-attr]


def test_loss_axes_have_names_and_units() -> None:
    figure = draw_loss_curves([curve(length) for length in range(3, 10)], "seven lengths", DIGIT_SUM.guess_loss)
    assert [panel.get_ylabel() for panel in figure.axes] == [
        "cross-entropy (nats)" if column == 0 else "" for column in (0, 1, 2, 3, 0, 1, 2)
    ]
    assert [bool(panel.get_xlabel()) for panel in figure.axes] == [False] * 3 + [True] * 4


def test_loss_axis_ends_before_a_spike_flattens_the_rest() -> None:
    figure = draw_loss_curves([curve(5, height=100.0)], "a spike", DIGIT_SUM.guess_loss)
    assert figure.axes[0].get_ylim()[1] == pytest.approx(6.24)


def test_many_lengths_are_thinned_out_to_both_ends() -> None:
    figure = draw_loss_curves([curve(length) for length in range(3, 103)], "many", DIGIT_SUM.guess_loss)
    titles = [panel.get_title() for panel in figure.axes]
    assert len(titles) == MAXIMUM_PANELS
    assert (titles[0], titles[-1]) == ("length 3", "length 102")


def test_accuracy_shows_seeds_interval_splits_span_and_floor() -> None:
    points = [
        AccuracyPoint(10, accuracy=0.45, interval=(0.4, 0.5), seeds=(0.42, 0.48), test=0.4, eval=0.5, trained=2),
        AccuracyPoint(5, accuracy=0.85, interval=(0.8, 0.9), seeds=(0.81, 0.89), test=0.8, eval=0.9, trained=2),
    ]
    figure = draw_accuracy(
        [AccuracySeries("", "exact", points, SpanMark(0.5, 9.4, 9.1, 9.8))], "one setting", [DIGIT_SUM.floor]
    )
    (panel,) = figure.axes
    lines = {str(line.get_label()): line.get_xydata().tolist() for line in panel.get_lines()}  # type: ignore[union-attr]
    assert lines["exact, median over seeds"] == [[5, 0.85], [10, 0.45]]
    assert lines["each seed"] == [[5, 0.81], [5, 0.89], [10, 0.42], [10, 0.48]]
    assert lines["test rows"] == [[5, 0.8], [10, 0.4]]
    assert lines["eval rows"] == [[5, 0.9], [10, 0.5]]
    assert lines["memory span of the medians at 50 %"] == [[9.4, 0.5]]
    assert lines["floor: always answering 9 (10 %)"] == [[0, 0.1], [1, 0.1]]
    (band,) = panel.collections
    vertices = {tuple(vertex) for vertex in band.get_paths()[0].vertices.tolist()}  # type: ignore[union-attr]
    assert {(5, 0.8), (5, 0.9), (10, 0.4), (10, 0.5)} <= vertices
    assert panel.get_xlabel() == "sequence length (digits)"
    assert panel.get_ylabel() == "accuracy"
    assert panel.get_ylim() == (0, 1.02)


def test_two_groups_of_seeds_are_marked_with_their_numbers() -> None:
    seeds = (0.1, 0.12, 0.95, 0.96, 0.97)
    groups = ((2, 0.1, 0.12), (3, 0.95, 0.97))
    points = [
        AccuracyPoint(5, 0.95, None, seeds, 0.9, 0.9, trained=5, groups=groups),
        AccuracyPoint(10, 0.5, None, (0.4, 0.5, 0.5, 0.5, 0.6), 0.5, 0.5, trained=5),
    ]
    figure = draw_accuracy([AccuracySeries("", "exact", points, None)], "", [])
    (panel,) = figure.axes
    assert [text.get_text() for text in panel.texts] == ["2", "3"]
    label = "two groups of seeds and their sizes"
    assert [text.get_text() for text in figure.legends[0].get_texts()].count(label) == 1
    assert len([line for line in panel.get_lines() if line.get_label() == label]) == 2


def test_settings_are_told_apart_by_marker_as_well_as_colour() -> None:
    points = [AccuracyPoint(5, accuracy=0.9, interval=None, seeds=(0.9,), test=0.8, eval=0.8, trained=1)]
    figure = draw_accuracy(
        [AccuracySeries(f"lr {n}", "exact", points, None) for n in range(20)], "many", [DIGIT_SUM.floor]
    )
    lines = [line for line in figure.axes[0].get_lines() if str(line.get_label()).startswith("lr")]
    assert len({(line.get_marker(), line.get_color(), line.get_linestyle()) for line in lines}) == len(lines) == 14
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == [
        *(f"lr {n}" for n in range(14)),
        "exact, median over seeds",
        "test rows",
        "floor: always answering 9 (10 %)",
    ]
    assert "14 of 20 settings" in figure.get_suptitle()


def test_saved_figures_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        save_figure(draw_loss_curves([curve(5)], "one", DIGIT_SUM.guess_loss), tmp_path / folder, "loss")
    for name in ("loss.png", "loss.svg"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
