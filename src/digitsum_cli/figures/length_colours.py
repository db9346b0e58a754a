"""Colours of lines by sequence length, and their key."""

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap, to_hex
from matplotlib.figure import Figure

from digitsum_cli.figures.heat_map import SEQUENTIAL, add_colour_bar
from digitsum_cli.figures.ticks import every_nth

MAXIMUM_KEYS = 12
"""With more lengths than this, only some are labelled in the colour key."""

_DARKEST, _LIGHTEST = 0.12, 0.86
"""The range of the colour map in which a thin line contrasts with both white and black."""


def length_colours(number: int) -> list[str]:
    """The colours of this many lengths in ascending order."""
    step = (_LIGHTEST - _DARKEST) / max(number - 1, 1)
    return [to_hex(mpl.colormaps[SEQUENTIAL](_DARKEST + step * index)) for index in range(number)]


def add_colour_key(figure: Figure, panels: Sequence[Axes], lengths: Sequence[int], colours: Sequence[str]) -> None:
    """Adds a patch of colour for each length, with the shortest at the bottom."""
    patches = BoundaryNorm([index - 0.5 for index in range(len(lengths) + 1)], len(lengths))
    coloured = ScalarMappable(patches, ListedColormap(colours))
    bar = add_colour_bar(figure, coloured, panels, "sequence length (digits)", height=3.0)
    labelled = every_nth(len(lengths), MAXIMUM_KEYS)
    bar.set_ticks(labelled, labels=[str(lengths[index]) for index in labelled])
    bar.minorticks_off()
    bar.ax.tick_params(length=0)
