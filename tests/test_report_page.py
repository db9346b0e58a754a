"""The page of a report, without a browser: what is in it, and what must not be."""

import re
from collections import Counter
from html.parser import HTMLParser
from importlib.resources import files

import pytest
from matplotlib.figure import Figure as Plot

from digitsum_cli.figures.style import COLOURS, GUIDE_COLOUR, INK, PAPER, new_figure, set_title, styled
from digitsum_cli.report.page import Block, Code, Figure, Page, Section, render_page
from digitsum_cli.report.svg import figure_svg, inline_svg
from digitsum_cli.table import Table

HOSTILE = "<script>alert('x')</script> & \"quoted\" </style></title></pre>"
VOID = {"meta", "link", "br", "img"}


def plot(width: float = 7.5) -> Plot:
    """A figure with what figures have: a band, lines, markers, a guide, a legend."""
    figure = new_figure(width, 4.0)
    with styled():
        panel = figure.subplots()
        panel.fill_between([5, 35], [0.7, 0.1], [0.9, 0.3], color=COLOURS[0], alpha=0.15, label="interval")
        panel.plot([5, 35], [0.8, 0.2], color=COLOURS[0], marker="o", markerfacecolor=PAPER, label="exact")
        panel.axhline(0.1, color=GUIDE_COLOUR, linestyle=":", label="floor")
        panel.set_xlabel("sequence length (digits)")
        set_title(figure, "How far back it remembers", "ten seeds")
        figure.legend(loc="outside lower center", ncols=3)
    return figure


def heat_map() -> Plot:
    """A figure with an image in it."""
    figure = new_figure(5.0, 3.0)
    with styled():
        figure.subplots().imshow([[0.0, 0.5], [0.5, 1.0]])
    return figure


def figure(name: str, drawn: Plot) -> Figure:
    return Figure(name, figure_svg(drawn), f"{name}, ten seeds.", f"{name} falls from 80 % to 20 %.")


def sample_page() -> Page:
    """A page with everything that a page may have."""
    lengths = range(5, 36, 5)
    columns = ["length", *(f"measure {n} of the trials" for n in range(12))]
    return Page(
        "srn by hand, ten seeds",
        ["It remembers 21 digits back.", "The 95 % interval is 18 to 24."],
        [
            Section(
                "Accuracy",
                [
                    f"Exact, over every possible row of {'0' * 100}.",
                    figure("Accuracy against length", plot()),
                    Table(
                        "Accuracy by length: exact, over every possible row, with its spread over the seeds",
                        columns,
                        [[str(length), *(f"{90 - length - n}.{n} %" for n in range(12))] for length in lengths],
                    ),
                ],
            ),
            Section(
                "Memory span",
                [
                    Table("Memory span", ["threshold", "digits"], [["50 %", "21.4"], ["75 %", "9.1"]]),
                    figure("Loss while training", plot(24.0)),
                    figure("Where it looks", heat_map()),
                ],
            ),
            Section(
                "How it was made",
                [
                    Code("Commands", "digitsum sweep", folded=False),
                    Code("Settings", "train:\n  epochs: 500\n", folded=True),
                    Code("Provenance", "x" * 300, folded=True),
                ],
            ),
        ],
    )


class Outline(HTMLParser):
    """The elements of a page in their order: (tag, attributes, tags around it), and the text of each tag."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str], tuple[str, ...]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}, tuple(self._open)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}, tuple(self._open)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self._open[-1] if self._open else "", data.strip()))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes, _ in self.elements if name == tag]


@pytest.fixture(scope="module")
def html() -> str:
    return render_page(sample_page())


@pytest.fixture(scope="module")
def outline(html: str) -> Outline:
    return Outline(html)


def test_hostile_text_stays_text() -> None:
    blocks: list[Block] = [
        HOSTILE,
        Table(HOSTILE, [HOSTILE], [[HOSTILE]]),
        Figure(HOSTILE, figure_svg(plot()), HOSTILE, HOSTILE),
        Code(HOSTILE, HOSTILE, folded=True),
    ]
    outline = Outline(render_page(Page(HOSTILE, [HOSTILE], [Section(HOSTILE, blocks)])))
    assert "script" not in {tag for tag, _, _ in outline.elements}
    held = {tag for tag, text in outline.texts if HOSTILE in text}
    assert held >= {"title", "h1", "h2", "p", "th", "span", "figcaption", "desc", "summary", "code"}


def test_headings_are_in_order(outline: Outline) -> None:
    headings = [tag for tag, _, _ in outline.elements if re.fullmatch(r"h\d", tag)]
    assert headings == ["h1", "h2", "h2", "h2"]
    assert [text for tag, text in outline.texts if tag == "h2"] == ["Accuracy", "Memory span", "How it was made"]


def test_answer_comes_before_all_else(outline: Outline) -> None:
    seen = [text for tag, text in outline.texts if tag not in ("title", "style")]
    assert seen[:4] == [
        "Skip table of contents",
        "srn by hand, ten seeds",
        "It remembers 21 digits back.",
        "The 95 % interval is 18 to 24.",
    ]


def test_contents_lead_to_every_section(outline: Outline) -> None:
    links = [attributes["href"] for tag, attributes, around in outline.elements if tag == "a" and "nav" in around]
    assert links == ["#" + section["id"] for section in outline.all("section")]
    assert len(links) == 3


def test_ids_are_unique_and_references_lead_to_them(html: str, outline: Outline) -> None:
    ids = Counter(attributes["id"] for _, attributes, _ in outline.elements if "id" in attributes)
    assert [name for name, count in ids.items() if count > 1] == []
    references = re.findall(r"url\(#([^)]+)\)", html)
    for _, attributes, _ in outline.elements:
        references += [attributes["href"][1:]] if "href" in attributes and attributes["href"].startswith("#") else []
        references += attributes.get("aria-labelledby", "").split()
    assert len(references) > 100
    assert set(references) <= set(ids)


def test_page_refers_to_nothing_outside_itself(html: str, outline: Outline) -> None:
    assert "http:" not in html
    assert "https:" not in html
    assert "@import" not in html
    policy = next(meta["content"] for meta in outline.all("meta") if meta.get("http-equiv"))
    assert policy.startswith("default-src 'none';")
    assert not {"link", "script", "iframe", "object", "base", "form"} & {tag for tag, _, _ in outline.elements}
    assert not [name for _, attributes, _ in outline.elements for name in attributes if name.startswith("on")]


def test_tables_have_captions_and_scopes(outline: Outline) -> None:
    tables = [around for tag, _, around in outline.elements if tag == "caption"]
    assert len(tables) == len(outline.all("table")) == 2
    assert all(around[-1] == "table" for around in tables)
    assert [header["scope"] for header in outline.all("th")] == ["col"] * 13 + ["row"] * 7 + ["col"] * 2 + ["row"] * 2


def test_numbers_end_and_words_begin_at_the_edge_of_their_column() -> None:
    rows = [
        ["1", "–", "srn", "a short reason"],
        ["2", "78 % [70, 85]", "srn", "the loss was not a number at step 12, epoch 1"],
        ["3", "not reached", "srn", "3"],
    ]
    outline = Outline(render_page(Page("", [], [Section("", [Table("", ["trial", "exact", "cell", "reason"], rows)])])))
    assert [cell.get("class") for cell in outline.all("td")] == [None, "text", "text"] * 3


def test_figures_and_tables_are_numbered_through_the_page(outline: Outline) -> None:
    numbers = [text for tag, text in outline.texts if tag == "b"]
    assert numbers == ["Figure 1.", "Table 1.", "Table 2.", "Figure 2.", "Figure 3."]


def test_whatever_may_be_wide_scrolls_and_has_a_name(outline: Outline) -> None:
    regions = [attributes for _, attributes, _ in outline.elements if "scroll" in attributes.get("class", "").split()]
    assert all(region["role"] == "region" and region["tabindex"] == "0" for region in regions)
    names = [region["aria-label"] for region in regions]
    assert names == ["Figure 1", "Table 1", "Table 2", "Figure 2", "Figure 3", "Commands", "Settings", "Provenance"]


def test_same_page_gives_the_same_bytes(html: str) -> None:
    assert render_page(sample_page()) == html


def test_odd_bytes_of_a_file_name_do_not_keep_the_page_from_being_written() -> None:
    html = render_page(Page("run \udcff", [], []))
    assert b"run ?" in html.encode("utf-8")


def test_figure_scales_and_says_what_it_shows() -> None:
    (svg,) = Outline(inline_svg(figure_svg(plot()), "a", "Name", "What is seen")).all("svg")
    assert "width" not in svg
    assert "height" not in svg
    assert svg["viewbox"] == "0 0 540 288"
    assert svg["style"] == "--width: 540pt"
    assert (svg["role"], svg["aria-labelledby"]) == ("img", "a_title a_description")


def test_figure_text_is_text_in_the_font_of_the_page() -> None:
    svg = inline_svg(figure_svg(plot()), "a", "Name", "What is seen")
    texts = [text for tag, text in Outline(svg).texts if tag == "text"]
    assert {"sequence length (digits)", "ten seeds", "floor"} <= set(texts)
    assert "DejaVu" not in svg


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("fill: #1a1a1a", "fill: currentColor"),
        ("fill: #1A1A1A", "fill: currentColor"),
        ("fill: #000000; stroke: #fffffe", "fill: #000000; stroke: #fffffe"),
        ("fill: #ffffff", "fill: var(--paper)"),
        ("stroke: #dddddd; fill: none", "stroke: var(--grid); fill: none"),
        ("stroke: #5a5a5a", "stroke: var(--guide)"),
        ("fill: #0072b2", "fill: #0072b2"),
        ("font-size: 11px; font-family: 'DejaVu Sans', sans-serif; fill: red", "font-size: 11px; fill: red"),
        ("font: 700 11px 'DejaVu Sans', sans-serif; fill: red", "font: 700 11px var(--font); fill: red"),
        ("clip-path: url(#p1)", "clip-path: url(#a-p1)"),
    ],
)
def test_figure_takes_colours_font_and_ids_of_the_page(before: str, after: str) -> None:
    svg = inline_svg(f'<svg xmlns="http://www.w3.org/2000/svg"><g style="{before}"/></svg>', "a", "Name", "")
    assert f'<g style="{after}" />' in svg


def test_figures_drawn_in_the_style_leave_no_ink_behind() -> None:
    svg = inline_svg(figure_svg(plot()), "a", "Name", "").lower()
    assert not [colour for colour in (INK, PAPER, GUIDE_COLOUR) if colour.lower() in svg]


def test_figure_brings_no_style_sheet_script_or_link() -> None:
    svg = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">
        <metadata/><style>*{fill: red}</style><g onclick="x()"><script>x()</script></g>
        <a xlink:href="https://example.org"><text>here</text></a><image xlink:href="data:image/png;base64,AA"/></svg>"""
    outline = Outline(inline_svg(svg, "a", "Name", ""))
    assert [tag for tag, _, _ in outline.elements] == ["svg", "title", "desc", "g", "a", "text", "image"]
    assert (outline.all("g"), outline.all("a")) == ([{}], [{}])
    assert outline.all("image") == [{"href": "data:image/png;base64,AA"}]


def test_figure_without_a_view_box_gets_one() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="90pt" height="60.5pt"/>'
    assert Outline(inline_svg(svg, "a", "Name", "")).all("svg")[0]["viewbox"] == "0 0 90 60.5"


def colours_of_the_page() -> dict[str, dict[str, str]]:
    """The colours by name, of the light page, the dark page and the printed page."""
    css = files("digitsum_cli.report").joinpath("page.css").read_text("utf-8")
    roots = [dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", root)) for root in re.findall(r":root \{(.*?)\}", css, re.S)]
    light, dark, printed = (root for root in roots if root)
    return {"light": light, "dark": dark, "print": printed}


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("mode", ["light", "dark", "print"])
def test_text_has_contrast_enough(mode: str) -> None:
    colours = colours_of_the_page()[mode]
    for text in ("ink", "muted", "link", "guide"):
        for ground in ("paper", "wash"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)


def test_lines_of_a_figure_are_seen_on_the_dark_page() -> None:
    paper = colours_of_the_page()["dark"]["paper"]
    assert min(contrast(colour, paper) for colour in COLOURS if colour != INK) >= 3
