"""How much of each of the two digits remains: in the answer, and in the last state."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from statistics import fmean

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from digitsum_cli.figures.style import COLOURS, GUIDE_COLOUR, INK, MARKERS, add_legend, new_figure, set_title, styled
from digitsum_cli.figures.ticks import at_lengths

_DIGITS = (("first", "first digit", COLOURS[0], "-"), ("second", "second digit", COLOURS[1], "-"))

_Series = tuple[str, str, str, str]
"""The name of a point's attribute, and the label, the colour and the style of the line."""


@dataclass(frozen=True)
class LostDigitPoint:
    """How much of both digits remains at one length, with one value per seed.

    Arguments:
        length: digits per row.
        first_slope, second_slope: how much the answer rises when the digit rises by one.
        first_probe, second_probe, label_probe: the share of each one's variance, 0 to 1, that a linear regression on
            the last state explains (R²).
        classifier_probe: the accuracy, 0 to 1, of a linear classifier of the label.
    """

    length: int
    first_slope: Sequence[float]
    second_slope: Sequence[float]
    first_probe: Sequence[float]
    second_probe: Sequence[float]
    label_probe: Sequence[float]
    classifier_probe: Sequence[float]


@dataclass(frozen=True)
class IdealNetwork:
    """The values of a network that always answers correctly and whose state holds only the correct label.

    Arguments:
        label_name: the name of a label, such as ``sum``.
        slopes: how much the label rises when each digit rises by one.
        digit_probes: the share of each digit's variance that a linear probe of the label explains. For the sum of two
            digits it is 0.5, since the best guess of a digit is half the sum.
    """

    label_name: str
    slopes: tuple[float, float]
    digit_probes: tuple[float, float]


def draw_lost_digit(points: Sequence[LostDigitPoint], subtitle: str, ideal: IdealNetwork) -> Figure:
    """Draws slopes and probe scores against length: the means as lines, and each seed as a faint point.

    Arguments:
        points: one for each length, at least one.
        subtitle: what they have in common.
        ideal: the reference values, drawn as horizontal lines.
    """
    points = sorted(points, key=lambda point: point.length)
    figure = new_figure(9.0, 4.9)
    with styled():
        slopes, probes = figure.subplots(1, 2)
        _draw(slopes, points, _DIGITS, "_slope")
        for slope in _distinct(ideal.slopes):
            label = f"full effect ({slope:.2g})"
            slopes.axhline(slope, color=GUIDE_COLOUR, linestyle=(0, (5, 3)), linewidth=1.2, label=label)
        slopes.axhline(0, color=GUIDE_COLOUR, linestyle=":", linewidth=1.5, label="no effect (0)")
        slopes.set_title("effect on the answer")
        slopes.set_ylabel("slope of the answer over the digit")
        of_label = (
            ("label", f"{ideal.label_name} (R²)", INK, "--"),
            ("classifier", f"{ideal.label_name}, linear classifier (accuracy)", COLOURS[2], "-"),
        )
        _draw(probes, points, (*_DIGITS, *of_label), "_probe")
        for share in _distinct(ideal.digit_probes):
            label = f"expected from the {ideal.label_name} alone ({share:.2g})"
            probes.axhline(share, color=GUIDE_COLOUR, linestyle="-.", linewidth=1.2, label=label)
        probes.set_title("information in the last state")
        probes.set_ylabel("R² or accuracy of a linear probe")
        probes.set_ylim(-0.02, 1.02)  # so that a marker at 0 is not cut off
        for panel in (slopes, probes):
            panel.set_xlabel("sequence length (digits)")
        set_title(figure, "Which digit is lost", subtitle)
        handles, labels = slopes.get_legend_handles_labels()
        more_handles, more_labels = probes.get_legend_handles_labels()
        add_legend(figure, [*handles, *more_handles[len(_DIGITS) :]], [*labels, *more_labels[len(_DIGITS) :]])
    return figure


def _draw(panel: Axes, points: Sequence[LostDigitPoint], series: Sequence[_Series], suffix: str) -> None:
    lengths = [point.length for point in points]
    offset = _seed_offset(lengths)
    for index, (name, label, colour, style) in enumerate(series):
        by_length: list[Sequence[float]] = [getattr(point, name + suffix) for point in points]
        if max(map(len, by_length)) > 1:
            aside = offset * (index - (len(series) - 1) / 2)
            x = [length + aside for length, seeds in zip(lengths, by_length, strict=True) for _ in seeds]
            panel.scatter(x, list(chain(*by_length)), s=12, color=colour, alpha=0.3, linewidths=0)
        means = [fmean(values) for values in by_length]
        panel.plot(lengths, means, style, color=colour, marker=MARKERS[index], markersize=6, label=label)
    margin = max(0.05 * (lengths[-1] - lengths[0]), 0.5)
    panel.set_xlim(lengths[0] - margin, lengths[-1] + margin)
    panel.xaxis.set_major_locator(at_lengths(lengths))


def _distinct(values: Sequence[float]) -> list[float]:
    """The values to draw as reference lines: each value once, to two digits, without 0."""
    return [value for value in dict.fromkeys(float(f"{value:.2g}") for value in values) if abs(value) >= 0.01]


def _seed_offset(lengths: Sequence[int]) -> float:
    """The horizontal offset of the seeds' points: enough to separate the series, but close to their length."""
    gaps = [after - before for before, after in pairwise(lengths)]
    return min(0.14 * min(gaps), 0.012 * (lengths[-1] - lengths[0])) if gaps else 0.012
