"""The share of seeds that reach an accuracy, where settings differ in one number."""

from pathlib import Path

import numpy as np
import pytest

from digitsum_cli.figures.reached_share import ReachedCurve, draw_reached_share
from digitsum_cli.figures.style import save_figure
from tests.command_line import digitsum
from tests.drawn import line_points

SWEEP = ("sweep", "--seeds", "0..5", "--epochs", "1", "--set", "model.impl=fused")


def test_each_length_is_a_line_of_shares_with_their_intervals(tmp_path: Path) -> None:
    curves = [
        ReachedCurve(50, [25, 100, 400], [0.0, 0.5, 1.0], [None, (0.2, 0.8), (0.7, 1.0)]),
        ReachedCurve(35, [25, 400], [0.25, 1.0], [None, None]),
    ]
    figure = draw_reached_share(curves, "epochs", 0.99, "two")
    panel, key = figure.axes
    assert line_points(panel, 0) == [[25, 0.25], [400, 1.0]]
    assert line_points(panel, 1) == [[25, 0.0], [100, 0.5], [400, 1.0]]
    assert [np.asarray(path.vertices).tolist() for drawn in panel.collections for path in drawn.get_paths()] == [
        [[100, 0.2], [100, 0.8]],
        [[400, 0.7], [400, 1.0]],
    ]
    assert panel.get_xscale() == "log"
    assert panel.get_xlim()[0] < 25 < 400 < panel.get_xlim()[1]
    assert panel.get_xlabel() == "epochs"
    assert panel.get_ylabel() == "share of seeds with at least 99 %"
    assert [text.get_text() for text in key.get_yticklabels()] == ["35", "50"]
    assert all(path.stat().st_size > 1000 for path in save_figure(figure, tmp_path, "figure"))


def test_many_lines_and_numbers_keep_apart() -> None:
    numbers = [50.0, 51, 52, 90]
    curves = [ReachedCurve(length, numbers, [0.5] * 4, [None] * 4) for length in range(20)]
    figure = draw_reached_share(curves, "hidden size", 0.5, "s")
    panel = figure.axes[0]
    assert panel.get_xticks().tolist() == [50, 52, 90]
    shifts = [
        line.get_transform().transform((50, 0))[0] - panel.transData.transform((50, 0))[0] for line in panel.lines
    ]
    assert max(shifts) - min(shifts) < 0.5 * panel.figure.dpi


def test_small_numbers_are_on_a_linear_axis() -> None:
    (panel,) = draw_reached_share([ReachedCurve(5, [0.0, 1, 2], [0, 0, 1], [None] * 3)], "weight decay", 0.5, "s").axes
    assert panel.get_xscale() == "linear"
    assert panel.get_xlim()[0] < 0 < 2 < panel.get_xlim()[1]


@pytest.mark.parametrize(
    ("axes", "drawn"),
    [
        (["sweep.train.lr=0.001,0.01,0.1"], True),
        (["sweep.train.lr=0.001,0.01"], False),
        (["sweep.model.init=book,torch,orthogonal"], False),
        (["sweep.train.lr=0.001,0.01,0.1", "sweep.model.hidden_size=4,8,16"], False),
        ([], False),
    ],
)
@pytest.mark.slow
def test_a_sweep_over_one_number_draws_it(
    axes: list[str], drawn: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert (
        digitsum(*SWEEP, "--lengths", "3,4", *(part for axis in axes for part in ("--set", axis)), "--out", "run").code
        == 0
    )
    assert Path("run/figures/reached.png").exists() == drawn
    assert digitsum("evaluate", "run", "--lengths", "3,5").code == 0
    assert not list(Path("run").rglob("lengths-reached.png"))  # trained at two lengths


@pytest.mark.slow
def test_networks_of_one_length_are_drawn_at_the_lengths_that_they_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sweep = [*SWEEP, "--lengths", "4", "--set", "sweep.train.lr=0.001,0.01,0.1", "--out", "run", "--threshold", "0.01"]
    assert digitsum(*sweep).code == 0
    scored = digitsum("evaluate", "run", "--lengths", "3,5")
    assert scored.code == 0, scored.err
    assert list(Path("run").rglob("lengths-reached.png"))
    assert "at least 1 %" in " ".join(scored.out.split())
