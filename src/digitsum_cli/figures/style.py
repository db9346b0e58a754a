"""The style of all figures, and saving them."""

import io
import textwrap
from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from digitsum_cli.core.atomic_write import atomic_write

# Colours that a page may replace, for example in dark mode: text and axes, background, grid, reference lines.
INK, PAPER, GRID, GUIDE_COLOUR = "#1A1A1A", "#FFFFFF", "#DDDDDD", "#5A5A5A"
# Okabe and Ito's colour-blind-safe palette without its yellow, which is too faint on white; and two more colours.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", INK, "#999933", "#8C6BB1")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
TRAIN_COLOUR, EVAL_COLOUR = COLOURS[0], COLOURS[1]

_CHARACTERS_PER_INCH = 12
"""The width of a title's text."""

_KEY_WIDTH, _LEGEND_CHARACTER = 0.6, 0.083
"""Widths in a legend, in inches: a key with the space around it, and an average character."""

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


def add_legend(figure: Figure, handles: Sequence[Any], labels: Sequence[str], **options: Any) -> None:
    """Adds a legend below the figure, in up to three columns; ``options`` are those of ``figure.legend``."""
    columns = next((many for many in (3, 2) if _legend_width(labels, many) <= figure.get_figwidth()), 1)
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, **options)


def _legend_width(labels: Sequence[str], columns: int) -> float:
    """The width in inches; the labels fill the first column, then the next; the first ones may have one more."""
    rows, longer = divmod(len(labels), columns)
    ends = list(accumulate(rows + (column < longer) for column in range(min(columns, len(labels)))))
    longest = (max(map(len, labels[start:end])) for start, end in pairwise([0, *ends]))
    return sum(_KEY_WIDTH + characters * _LEGEND_CHARACTER for characters in longest)


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
