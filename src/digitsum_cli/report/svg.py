"""A Matplotlib figure as a part of a page: it scales, takes the page's colours and font, and says what it shows."""

import io
import re
from xml.etree import ElementTree

from matplotlib.figure import Figure

from digitsum_cli.figures.style import GRID, GUIDE_COLOUR, INK, PAPER, styled

# And no others: black and white on a cell of a heat map have to stay what they are.
_PAGE_COLOURS = {
    INK.lower(): "currentColor",
    PAPER.lower(): "var(--paper)",
    GRID.lower(): "var(--grid)",
    GUIDE_COLOUR.lower(): "var(--guide)",
}
# A style sheet in a figure would hold for the whole page.
_LEFT_OUT = {"metadata", "style", "script"}
_LOST = """<svg viewBox="0 0 480 40" width="480pt">
<text x="4" y="24" fill="currentColor">This figure could not be read.</text>
</svg>"""


def figure_svg(figure: Figure) -> str:
    """The figure as a stand-alone SVG document, the same bytes each time, in which text is text."""
    content = io.StringIO()
    with styled():
        figure.savefig(content, format="svg", metadata={"Date": None})
    return content.getvalue()


def inline_svg(svg: str, prefix: str, title: str, description: str) -> str:
    """An SVG document as an ``<svg>`` element of an HTML page.

    It has no size of its own but fills the width it is given; ``--width`` is the width it was drawn for. The page
    defines ``--paper``, ``--grid`` and ``--guide``, and its text colour is the figure's ink.

    Arguments:
        svg: from Matplotlib. In place of what is not XML there is a line that says so.
        prefix: of every id; its own for each figure of a page, for Matplotlib gives all figures the same ids.
        title: what a screen reader calls the figure.
        description: what there is to see.
    """
    root = _parsed(svg)
    for element in list(root.iter()):
        element.tag = _local(element.tag)
        for child in list(element):
            if _local(child.tag) in _LEFT_OUT:
                element.remove(child)
        attributes = _for_page(element, prefix)
        element.attrib.clear()
        element.attrib.update(attributes)
    _let_scale(root)
    _describe(root, prefix, title, description)
    return ElementTree.tostring(root, encoding="unicode")


def _parsed(svg: str) -> ElementTree.Element:
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError:
        return ElementTree.fromstring(_LOST)
    return root if _local(root.tag) == "svg" else ElementTree.fromstring(_LOST)


def _local(name: str) -> str:
    """The name without its namespace: in HTML, ``svg`` and all in it need none."""
    return name.rpartition("}")[2]


def _for_page(element: ElementTree.Element, prefix: str) -> dict[str, str]:
    """The attributes, with ids and colours of the page, and without what reaches out of it."""
    attributes = {}
    for qualified, value in element.attrib.items():
        name = _local(qualified)
        if name == "id":
            attributes[name] = f"{prefix}-{value}"
        elif name == "href":
            if value.startswith("#"):
                attributes[name] = f"#{prefix}-{value[1:]}"
            elif value.startswith("data:image/"):
                attributes[name] = value
        elif not name.startswith("on"):
            attributes[name] = _value_for_page(value, prefix)
    return attributes


def _value_for_page(value: str, prefix: str) -> str:
    value = value.replace("url(#", f"url(#{prefix}-")
    value = re.sub(r"#[0-9A-Fa-f]{6}\b", lambda match: _PAGE_COLOURS.get(match[0].lower(), match[0]), value)
    value = re.sub(r"\bfont-family:[^;]*;?\s*", "", value)
    return re.sub(r"\b(font:[^;]*?\dpx) [^;]*", r"\1 var(--font)", value)  # as Matplotlib before 3.10 writes it


def _let_scale(root: ElementTree.Element) -> None:
    """Moves the size from the attributes, where it is fixed, to ``--width``, which the page makes use of."""
    width, height = root.attrib.pop("width", ""), root.attrib.pop("height", "")
    numbers = [re.match(r"[\d.]+", size) for size in (width, height)]
    if "viewBox" not in root.attrib and all(numbers):
        root.set("viewBox", " ".join(["0", "0", *(number[0] for number in numbers if number)]))
    if re.fullmatch(r"[\d.]+(pt|px|in|cm|mm)", width):
        root.set("style", f"--width: {width}")


def _describe(root: ElementTree.Element, prefix: str, title: str, description: str) -> None:
    # An underscore, since every id of the figure itself begins with the prefix and a hyphen.
    names = {"title": f"{prefix}_title", "desc": f"{prefix}_description"}
    root.set("role", "img")
    root.set("aria-labelledby", " ".join(names.values()))
    # What the style sheet that was left out said.
    root.attrib.update({"stroke-linejoin": "round", "stroke-linecap": "butt"})
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ElementTree.Element(tag, id=names[tag])
        element.text = text
        root.insert(place, element)
