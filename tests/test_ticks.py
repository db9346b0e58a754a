"""Where the ticks of an axis are."""

import pytest
from matplotlib.ticker import MaxNLocator

from digitsum_cli.figures.ticks import at_lengths


@pytest.mark.parametrize(
    ("lengths", "ticks"),
    [
        ([5, 10, 15, 20, 25, 30, 35], [5, 10, 15, 20, 25, 30, 35]),
        ([10, 5, 5], [5, 10]),
        ([7], [7]),
        ([35, 50, 100, 300, 1000], [50, 100, 300, 1000]),
        ([5, 995, 1000], [5, 1000]),
        (list(range(5, 17)), list(range(5, 17))),
    ],
)
def test_each_length_has_a_tick_unless_it_would_touch_the_next(lengths: list[int], ticks: list[int]) -> None:
    assert at_lengths(lengths)() == pytest.approx(ticks)


def test_many_lengths_have_round_ticks() -> None:
    assert isinstance(at_lengths(range(5, 18)), MaxNLocator)
