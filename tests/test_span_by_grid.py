"""The table of memory spans read at every n-th length."""

from pathlib import Path

import pytest

from tests.command_line import digitsum
from tests.span_by_grid import STEPS, main, spans_by_step, table
from tests.trial_rows import trial_row


def accuracy_of(length: int, seed: int) -> float:
    """Falls by 2 points per digit, but for a dip of the first of three seeds at 8."""
    return 0.05 if (length, seed) == (8, 0) else 1 - 0.02 * (length - 5)


ROWS = [trial_row(seed, accuracy_of(length, seed), length=length) for length in range(5, 46) for seed in range(3)]


def test_span_is_read_at_every_nth_length_from_the_first_on() -> None:
    by_step = spans_by_step(ROWS, [0.5])
    assert [by_step[step][0].lengths for step in (6, 10)] == [(5, 11, 17, 23, 29, 35, 41), (5, 15, 25, 35, 45)]
    assert by_step.keys() == set(STEPS)
    assert [str(rows[0].median.median) for rows in by_step.values() if rows[0].median] == ["30"] * 7


def test_dips_of_single_seeds_end_their_own_span_where_they_are_read() -> None:
    lines = list(table(ROWS, [0.5, 0.995]))
    assert lines[0] == "| at 50 %: every | 1 | 2 | 3 | 4 | 5 | 6 | 10 |"
    assert lines[3] == f"| span of the medians |{' 30 |' * 7}"
    assert [row.spans[0].length < 9 for (row, *_) in spans_by_step(ROWS, [0.5]).values()] == [
        step in (1, 3) for step in STEPS
    ]
    assert lines[5].startswith("| at 99.5 %: every |")


def test_run_without_every_length_is_refused() -> None:
    with pytest.raises(ValueError, match="does not have every length from 5 to 45"):
        spans_by_step([row for row in ROWS if row.length != 20], [0.5])


@pytest.mark.usefixtures("in_an_empty_folder")
def test_run_is_read_at_its_thresholds(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--lengths", "4..6..1", "--seeds", "0", "--epochs", "1", "--impl", "fused", "--threshold", "0.3")
    assert digitsum("sweep", *options, "--out", "run").code == 0
    capsys.readouterr()
    main(Path("run"))
    out = capsys.readouterr().out
    assert out.startswith("| at 30 %: every | 1 |")
    assert out.count("\n") == 5
