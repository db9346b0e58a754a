"""How many seeds reach an accuracy, against a number in which settings differ, such as the epochs."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter, StrMethodFormatter
from matplotlib.transforms import ScaledTranslation

from digitsum_cli.figures.length_colours import add_colour_key, length_colours
from digitsum_cli.figures.style import MARKERS, add_legend, new_figure, set_title, styled
from digitsum_cli.figures.ticks import apart
from digitsum_cli.table import short_percent

_ASIDE, _ALL_ASIDE = 0.07, 0.4
"""How far lines are drawn beside each other, and at most all of them, in inches, to tell equal shares apart."""

_MARGIN = 0.07
"""On either side, as a share of the axis."""

_LOGARITHMIC = 10
"""The axis is logarithmic if the largest number is at least this many times the smallest."""


@dataclass(frozen=True)
class ReachedCurve:
    """The share of seeds, 0 to 1, that reach an accuracy at one length.

    Arguments:
        length: digits per row.
        numbers: the numbers in which the settings differ, in ascending order.
        shares: the share at each of them.
        intervals: the 95 % interval of each; None with too few seeds.
    """

    length: int
    numbers: Sequence[float]
    shares: Sequence[float]
    intervals: Sequence[tuple[float, float] | None]


def draw_reached_share(curves: Sequence[ReachedCurve], number_name: str, threshold: float, subtitle: str) -> Figure:
    """Draws one line for each length, with the intervals as bars.

    Arguments:
        curves: one for each length, at least one.
        number_name: what the numbers are.
        threshold: the accuracy to reach, 0 to 1.
        subtitle: what the settings have in common.
    """
    curves = sorted(curves, key=lambda curve: curve.length)
    colours = length_colours(len(curves))
    numbers = sorted({number for curve in curves for number in curve.numbers})
    figure = new_figure(7.5, 4.8)
    legend: dict[str, Artist] = {}
    with styled():
        panel = figure.subplots()
        for index, (curve, colour) in enumerate(zip(curves, colours, strict=True)):
            marker = MARKERS[index % len(MARKERS)]
            places = index - (len(curves) - 1) / 2
            aside = ScaledTranslation(places * min(_ASIDE, _ALL_ASIDE / len(curves)), 0, figure.dpi_scale_trans)
            shifted = panel.transData + aside
            panel.plot(curve.numbers, curve.shares, color=colour, marker=marker, markersize=5, transform=shifted)
            for number, interval in zip(curve.numbers, curve.intervals, strict=True):
                if interval:
                    panel.vlines(number, *interval, color=colour, linewidth=4, alpha=0.35, transform=shifted, zorder=1)
        if numbers[0] > 0 and numbers[-1] >= _LOGARITHMIC * numbers[0]:
            panel.set_xscale("log")
            margin = (numbers[-1] / numbers[0]) ** _MARGIN
            panel.set_xlim(numbers[0] / margin, numbers[-1] * margin)
        else:
            margin = (numbers[-1] - numbers[0]) * _MARGIN
            panel.set_xlim(numbers[0] - margin, numbers[-1] + margin)
        panel.xaxis.set_major_locator(FixedLocator(apart(numbers, logarithmic=panel.get_xscale() == "log")))
        panel.xaxis.set_minor_locator(NullLocator())
        panel.xaxis.set_major_formatter(StrMethodFormatter("{x:,.10g}"))
        panel.set_xlabel(number_name)
        panel.set_ylabel(f"share of seeds with at least {short_percent(threshold)}")
        panel.set_ylim(-0.02, 1.02)
        panel.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
        if len(curves) > 1:
            add_colour_key(figure, [panel], [curve.length for curve in curves], colours)
        else:
            legend[f"length {curves[0].length}"] = Line2D([], [], color=colours[0], marker=MARKERS[0])
        if any(interval for curve in curves for interval in curve.intervals):
            legend["95 % interval"] = Line2D([], [], color=colours[0], linewidth=4, alpha=0.35)
        set_title(figure, f"How many trainings reach {short_percent(threshold)}", subtitle)
        if legend:
            add_legend(figure, legend.values(), legend)
    return figure
