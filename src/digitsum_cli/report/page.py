"""The content of a report page, and its rendering as HTML.

>>> section = Section("Accuracy", ["Falls with length.", Table("By length", ["length", "exact"], [["5", "78 %"]])])
>>> html = render_page(Page("srn, ten seeds", ["It remembers 21 digits back."], [section]))
>>> "<p>It remembers 21 digits back.</p>" in html
True
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from digitsum_cli.report.svg import inline_svg
from digitsum_cli.table import Table

_LONGEST_NUMBER = 32


@dataclass(frozen=True)
class Figure:
    """A plot.

    Arguments:
        name: name for screen readers.
        svg: SVG from Matplotlib, with ``svg.fonttype: none``.
        caption: caption below the figure, without its number.
        description: text alternative for readers who cannot see the figure.
    """

    name: str
    svg: str
    caption: str
    description: str


@dataclass(frozen=True)
class Code:
    """Preformatted text such as commands or settings; it can be folded on a screen, and is always open in print."""

    title: str
    text: str
    folded: bool


Block = str | Table | Figure | Code
"""The building blocks of a section; a ``str`` is a paragraph."""


@dataclass(frozen=True)
class Section:
    """A section of the page with a heading and an entry in the table of contents."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Page:
    """The page.

    Arguments:
        title: what was measured.
        answer: the result in sentences; the first one is the headline.
        sections: the evidence.
    """

    title: str
    answer: Sequence[str]
    sections: Sequence[Section]


def render_page(page: Page) -> str:
    """Renders the page as one HTML document, to be written as UTF-8; the same page always gives the same bytes."""
    folder = files(__package__)
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.tests["table"] = lambda block: isinstance(block, Table)
    environment.tests["figure"] = lambda block: isinstance(block, Figure)
    environment.globals.update(inline_svg=inline_svg, text_columns=_text_columns)
    template = environment.from_string(folder.joinpath("page.html.j2").read_text("utf-8"))
    html = template.render(page=page, style=folder.joinpath("page.css").read_text("utf-8"))
    # File names in a command line may not be valid UTF-8: Python represents invalid bytes as lone surrogates.
    return html.encode("utf-8", "replace").decode("utf-8")


def _text_columns(table: Table) -> set[int]:
    """The left-aligned columns: those with words rather than numbers, or with text too long for one line."""
    columns = {index: [row[index] for row in table.rows] for index in range(1, len(table.columns))}
    return {
        index
        for index, cells in columns.items()
        if 2 * sum(cell[:1].isalpha() for cell in cells) > len(cells)
        or max(map(len, cells), default=0) > _LONGEST_NUMBER
    }
