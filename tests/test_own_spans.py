"""The own spans of networks: one network read at many lengths."""

import json
import math
from statistics import fmean

from digitsum_cli.analysis.own_spans import NetworkCurve, own_spans
from digitsum_cli.figures.own_span import OwnSpanPoint, draw_own_span
from digitsum_cli.report.own_spans import own_span_figures, own_span_table
from digitsum_cli.stats.memory_span import Bound, Span
from tests.trial_rows import setting_with

SETTING = setting_with()


def network(train_length: int, *accuracies: float, lr: float = 0.001) -> NetworkCurve:
    """A network read at 5, 10, 15, … digits."""
    read = {5 * place: accuracy for place, accuracy in enumerate(accuracies, 1)}
    return NetworkCurve(setting_with(lr=lr), train_length, read)


def test_the_own_span_is_where_one_network_first_fails() -> None:
    """The issue's example: trained at 5, right in 75.7 % there and in 4.5 % at 10."""
    (row,) = own_spans([network(5, 0.757, 0.045)], [0.5])
    assert (row.setting, row.train_length, row.lengths) == (SETTING, 5, (5, 10))
    (span,) = row.spans
    assert span.length == 5 + 5 * (0.757 - 0.5) / (0.757 - 0.045)
    assert str(row.median) == "6.8"


def test_lengths_shorter_than_the_training_length_do_not_count() -> None:
    (row,) = own_spans([network(10, 0.1, 0.8, 0.2)], [0.5])
    assert (row.lengths, str(row.median)) == ((10, 15), "12.5")
    (row,) = own_spans([network(15, 1.0, 1.0, 0.2)], [0.5])
    assert str(row.median) == "< 15"
    assert own_spans([network(20, 1.0, 1.0, 1.0)]) == [], "it has not read its training length or a longer one"


def test_networks_of_one_training_length_have_a_median_with_an_interval() -> None:
    curves = [network(5, 1.0, 0.9 - 0.1 * seed, 0.1) for seed in range(6)]
    (row,) = own_spans(curves, [0.5])
    lengths = sorted(span.length for span in row.spans)
    assert str(row.median) == f"{fmean(lengths[2:4]):.1f} [{lengths[0]:.1f}, {lengths[-1]:.1f}]"


def test_table_and_json_have_each_training_length_and_threshold() -> None:
    rows = own_spans([network(5, 0.8, 0.1), network(10, 0.9, 0.95), network(5, 0.8, 0.1, lr=0.1)], [0.5, 0.9])
    table = own_span_table(rows)
    assert table.columns == ("trained at", "lr", "seeds", "at least 50 %", "at least 90 %")
    assert table.rows == [
        ["5", "0.001", "1", "7.1", "< 5"],
        ["10", "0.001", "1", "≥ 10", "≥ 10"],
        ["5", "0.1", "1", "7.1", "< 5"],
    ]
    plain = [row.to_dict() for row in rows]
    assert json.loads(json.dumps(plain)) == plain
    assert plain[2]["median"] == {"length": 10.0, "bound": "beyond"}


def test_figure_has_every_network_against_its_training_length() -> None:
    points = [
        OwnSpanPoint(0.5, 5, [Span(7.0, Bound.KNOWN), Span(5.0, Bound.BELOW)], Span(6.0, Bound.KNOWN)),
        OwnSpanPoint(0.5, 10, [Span(20.0, Bound.BEYOND)] * 2, Span(20.0, Bound.BEYOND)),
    ]
    (panel,) = draw_own_span(points, "one").axes
    lines = {str(line.get_label()): line.get_xydata().tolist() for line in panel.get_lines()}  # type: ignore[union-attr]
    (known, beyond) = lines["at least 50 %, median"]
    assert known == [5, 6.0]
    assert math.isnan(beyond[1]), "a median beyond the lengths has no place on the line"
    assert {"below even at the training length", "beyond all lengths"} <= lines.keys()
    assert lines["the training length"] == [[5, 5], [10, 10]]
    drawn = {line.get_marker(): len(line.get_xydata()) for line in panel.get_lines()[:3]}  # type: ignore[arg-type]
    assert drawn == {"v": 1, "o": 1, "^": 2}


def test_a_single_training_length_has_a_table_and_no_figure() -> None:
    rows = own_spans([network(5, 0.8, 0.1)])
    assert len(own_span_table(rows).rows) == 1
    assert list(own_span_figures(rows)) == []
