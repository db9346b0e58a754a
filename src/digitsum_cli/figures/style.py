"""The style of all figures, and saving them."""

import io
import textwrap
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend

from digitsum_cli.core.atomic_write import atomic_write

# Colours that a page may replace, for example in dark mode: text and axes, background, grid, reference lines.
INK, PAPER, GRID, GUIDE_COLOUR = "#1A1A1A", "#FFFFFF", "#DDDDDD", "#5A5A5A"
# Okabe and Ito's colour-blind-safe palette without its yellow, which is too faint on white; and two more colours.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", INK, "#999933", "#8C6BB1")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
TRAIN_COLOUR, EVAL_COLOUR = COLOURS[0], COLOURS[1]

_CHARACTERS_PER_INCH = 12
"""The width of the text of a title or a legend."""

_KEY_WIDTH = 0.75
"""The width in inches of a key in a legend with the space around it."""

_LEGEND_SHARE = 0.97
"""The share of the figure's width that a legend may take: text is a little wider in other fonts."""

_STYLE: dict[Any, Any] = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.labelsize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GRID,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "savefig.dpi": 150,
    "svg.hashsalt": "digitsum",
    "svg.fonttype": "none",
}


def new_figure(width: float, height: float) -> Figure:
    """Creates an empty figure; sizes are in inches."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def set_title(figure: Figure, title: str, subtitle: str) -> None:
    """Sets the title, with the subtitle on the lines below."""
    lines = textwrap.fill(subtitle, round(_CHARACTERS_PER_INCH * figure.get_figwidth()), break_on_hyphens=False)
    with mpl.rc_context(_STYLE):
        figure.suptitle(f"{title}\n{lines}", fontsize=12)


def add_legend(figure: Figure, handles: Iterable[Any], labels: Iterable[str], **options: Any) -> Legend:
    """Adds a legend below the figure, in as many columns as fit, up to three; long labels are wrapped.

    Arguments:
        figure: the figure, which has its final width.
        handles: the artists.
        labels: their labels.
        options: those of ``figure.legend``.
    """
    characters = round(_CHARACTERS_PER_INCH * (figure.get_figwidth() - _KEY_WIDTH))
    entries = list(handles), [textwrap.fill(label, characters, break_on_hyphens=False) for label in labels]
    for columns in (3, 2, 1):
        legend = figure.legend(*entries, loc="outside lower center", ncols=columns, **options)
        if legend.get_window_extent().width <= _LEGEND_SHARE * figure.bbox.width:
            break
        if columns > 1:
            legend.remove()
    return legend


def figure_files(figure: Figure, folder: Path, name: str) -> dict[Path, bytes]:
    """The contents of ``folder/name.png`` and ``folder/name.svg``."""
    contents = {}
    for path, metadata in ((folder / f"{name}.png", {}), (folder / f"{name}.svg", {"Date": None})):
        content = io.BytesIO()
        with mpl.rc_context(_STYLE):
            figure.savefig(content, format=path.suffix[1:], metadata=metadata)
        contents[path] = content.getvalue()
        figure.set_layout_engine("none")  # the second format keeps the layout of the first
    return contents


def save_figure(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Writes ``folder/name.png`` and ``folder/name.svg`` atomically.

    Raises:
        DigitsumError: a file cannot be written.
    """
    contents = figure_files(figure, folder, name)
    for path, content in contents.items():
        atomic_write(path, content)
    return list(contents)


def styled() -> AbstractContextManager[None]:
    """A context in which Matplotlib uses the style; axes must be drawn within it."""
    return mpl.rc_context(_STYLE)
