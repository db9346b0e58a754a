"""What stands on a page, and the page as HTML.

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
        name: what a screen reader calls it.
        svg: from Matplotlib, with ``svg.fonttype: none``.
        caption: below the figure, without a number.
        description: what there is to see, for those who cannot.
    """

    name: str
    svg: str
    caption: str
    description: str


@dataclass(frozen=True)
class Code:
    """A text such as commands or settings; a long one may be folded away on a screen, and is open in print."""

    title: str
    text: str
    folded: bool


Block = str | Table | Figure | Code
"""What a section is made of; a ``str`` is a paragraph."""


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading and a place in the table of contents."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Page:
    """The page.

    Arguments:
        title: what was measured.
        answer: what came out, in sentences; the first is the headline.
        sections: the evidence.
    """

    title: str
    answer: Sequence[str]
    sections: Sequence[Section]


def render_page(page: Page) -> str:
    """The page as one HTML document, to be written as UTF-8; the same page gives the same bytes."""
    folder = files(__package__)
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.tests["table"] = lambda block: isinstance(block, Table)
    environment.tests["figure"] = lambda block: isinstance(block, Figure)
    environment.globals.update(inline_svg=inline_svg, text_columns=_text_columns)
    template = environment.from_string(folder.joinpath("page.html.j2").read_text("utf-8"))
    html = template.render(page=page, style=folder.joinpath("page.css").read_text("utf-8"))
    # File names in a command line need not be UTF-8: Python hands their odd bytes over as lone surrogates.
    return html.encode("utf-8", "replace").decode("utf-8")


def _text_columns(table: Table) -> set[int]:
    """The columns that read from the left, in lines: of words rather than numbers, or too long for one line."""
    columns = {index: [row[index] for row in table.rows] for index in range(1, len(table.columns))}
    return {
        index
        for index, cells in columns.items()
        if 2 * sum(cell[:1].isalpha() for cell in cells) > len(cells)
        or max(map(len, cells), default=0) > _LONGEST_NUMBER
    }
