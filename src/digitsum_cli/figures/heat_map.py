"""Heat maps as vector graphics, without embedded images."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import QuadMesh
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

SEQUENTIAL, DIVERGING = "viridis", "RdBu_r"
"""Colour maps: perceptually uniform from low to high; and diverging around 0."""

ON_DARK, ON_LIGHT = "#FFFFFE", "#000000"
"""Colours for marks on a cell. They differ from PAPER and INK, since cells keep their colours in dark mode."""

_EQUAL_CONTRAST = 0.179
"""The luminance L where black and white have equal contrast: (1 + 0.05) / (L + 0.05) = (L + 0.05) / 0.05 (WCAG 2)."""

_BAR_WIDTH = 0.16
"""The width of a colour bar, in inches."""


def draw_cells(
    panel: Axes,
    values: Sequence[Sequence[float]],
    *,
    first_column: int = 0,
    limits: tuple[float, float] = (0.0, 1.0),
    colour_map: str = SEQUENTIAL,
) -> QuadMesh:
    """Draws one cell for each value, centred on integer coordinates.

    Arguments:
        panel: the axes to draw on.
        values: of shape ``(rows, columns)``; NaN leaves its cell empty.
        first_column: the x of the first column; the y of the first row is 0.
        limits: the values at the two ends of the colour map.
        colour_map: its name in Matplotlib.
    """
    array = np.asarray(values, dtype=float)
    rows, columns = array.shape
    panel.grid(False)
    # The edges cover the hairlines that viewers of vector graphics leave between cells.
    return panel.pcolormesh(
        np.arange(columns + 1) + (first_column - 0.5),
        np.arange(rows + 1) - 0.5,
        np.ma.masked_invalid(array),
        vmin=limits[0],
        vmax=limits[1],
        cmap=colour_map,
        edgecolors="face",
        linewidth=0.6,
    )


def add_colour_bar(
    figure: Figure, coloured: ScalarMappable, panels: Sequence[Axes], label: str, height: float
) -> Colorbar:
    """Adds a colour bar to the right of panels.

    Arguments:
        figure: the figure.
        coloured: the cells of one panel; the others have the same limits and colours.
        panels: the panels to take the space from.
        label: the quantity shown.
        height: the approximate height of the panels together, in inches.
    """
    share = 4 * _BAR_WIDTH / figure.get_figwidth()
    bar = figure.colorbar(coloured, ax=panels, label=label, fraction=share, aspect=height / _BAR_WIDTH, pad=0.02)
    for patches in bar.ax.findobj(QuadMesh):
        patches.set(rasterized=False, edgecolor="face")
    bar.outline.set_visible(False)
    return bar


def add_percent_bar(
    figure: Figure, coloured: ScalarMappable, panels: Sequence[Axes], label: str, height: float
) -> None:
    """Adds a colour bar of values from 0 to 1, labelled in per cent; arguments as for ``add_colour_bar``."""
    bar = add_colour_bar(figure, coloured, panels, label, height)
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))


def outline_cell(panel: Axes, x: float, y: float, colour: str) -> None:
    """Draws an outline just inside the cell centred on ``x, y``."""
    panel.add_patch(Rectangle((x - 0.46, y - 0.46), 0.92, 0.92, fill=False, edgecolor=colour, linewidth=1.5))


def contrasting_colour(cells: ScalarMappable, value: float) -> str:
    """Black or white, whichever has more contrast with a cell of this value."""
    red, green, blue, _ = cells.to_rgba(np.array(value))
    luminance = 0.2126 * _linear(red) + 0.7152 * _linear(green) + 0.0722 * _linear(blue)
    return ON_LIGHT if luminance > _EQUAL_CONTRAST else ON_DARK


def _linear(channel: float) -> float:
    """Converts an sRGB channel, 0 to 1, to linear light (IEC 61966-2-1)."""
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
