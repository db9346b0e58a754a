"""Embeds a Matplotlib figure in a page: scalable, in the page's colours and font, with a text alternative."""

import io
import re
from xml.etree import ElementTree

from matplotlib.figure import Figure

from digitsum_cli.figures.style import GRID, GUIDE_COLOUR, INK, PAPER, styled

# No other colours: black and white text on the cells of a heat map must not change.
_PAGE_COLOURS = {
    INK.lower(): "currentColor",
    PAPER.lower(): "var(--paper)",
    GRID.lower(): "var(--grid)",
    GUIDE_COLOUR.lower(): "var(--guide)",
}
# A style sheet in a figure would apply to the whole page.
_REMOVED_TAGS = {"metadata", "style", "script"}


def figure_svg(figure: Figure) -> str:
    """The figure as a stand-alone SVG document with real text; the same figure always gives the same bytes."""
    content = io.StringIO()
    with styled():
        figure.savefig(content, format="svg", metadata={"Date": None})
    return content.getvalue()


def inline_svg(svg: str, prefix: str, title: str, description: str) -> str:
    """An SVG document as an ``<svg>`` element of an HTML page.

    It has no fixed size and fills the available width; ``--width`` is the width it was drawn for. The page defines
    ``--paper``, ``--grid`` and ``--guide``; the figure is drawn in the page's text colour.

    Arguments:
        svg: SVG from Matplotlib.
        prefix: prefix of every id; unique per figure, since Matplotlib gives all figures the same ids.
        title: name for screen readers.
        description: text alternative.
    """
    root = ElementTree.fromstring(svg)
    for element in list(root.iter()):
        element.tag = _local(element.tag)
        for child in list(element):
            if _local(child.tag) in _REMOVED_TAGS:
                element.remove(child)
        attributes = _for_page(element, prefix)
        element.attrib.clear()
        element.attrib.update(attributes)
    _make_scalable(root)
    _describe(root, prefix, title, description)
    return ElementTree.tostring(root, encoding="unicode")


def _local(name: str) -> str:
    """The name without its namespace: in HTML, ``svg`` and its content need none."""
    return name.rpartition("}")[2]


def _for_page(element: ElementTree.Element, prefix: str) -> dict[str, str]:
    """The attributes with the ids and colours of the page, without event handlers and external references."""
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
    return re.sub(r"\b(font:[^;]*?\dpx) [^;]*", r"\1 var(--font)", value)  # the form written by Matplotlib before 3.10


def _make_scalable(root: ElementTree.Element) -> None:
    """Replaces the fixed size in the attributes by ``--width``, which the page's style sheet uses."""
    width, height = root.attrib.pop("width", ""), root.attrib.pop("height", "")
    numbers = [re.match(r"[\d.]+", size) for size in (width, height)]
    if "viewBox" not in root.attrib and all(numbers):
        root.set("viewBox", " ".join(["0", "0", *(number[0] for number in numbers if number)]))
    if re.fullmatch(r"[\d.]+(pt|px|in|cm|mm)", width):
        root.set("style", f"--width: {width}")


def _describe(root: ElementTree.Element, prefix: str, title: str, description: str) -> None:
    # An underscore, because the ids of the figure itself start with the prefix and a hyphen.
    names = {"title": f"{prefix}_title", "desc": f"{prefix}_description"}
    root.set("role", "img")
    root.set("aria-labelledby", " ".join(names.values()))
    # From the removed style sheet.
    root.attrib.update({"stroke-linejoin": "round", "stroke-linecap": "butt"})
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ElementTree.Element(tag, id=names[tag])
        element.text = text
        root.insert(place, element)
