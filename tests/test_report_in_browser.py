"""The page of a report in Chromium: on a phone and a desk, light, dark and printed.

``make test-browser`` runs these alone, and fails if there is no browser.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from playwright.sync_api import Page as Tab

from digitsum_cli.report.page import render_page
from tests.command_line import digitsum
from tests.test_report_page import sample_page

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Medium:
    """What the page is shown on: its size in CSS pixels, the colours asked for, screen or paper."""

    width: int
    height: int
    scheme: Literal["light", "dark"] = "light"
    kind: Literal["screen", "print"] = "screen"


MEDIA = {
    "phone": Medium(390, 844),
    "dark phone": Medium(390, 844, "dark"),
    "desk": Medium(1280, 900),
    "dark desk": Medium(1280, 900, "dark"),
    "paper": Medium(700, 1000, kind="print"),
    "paper from a dark desk": Medium(700, 1000, "dark", "print"),
}


@dataclass(frozen=True)
class Opened:
    """The page in a tab, with every request it made and everything the browser complained of."""

    tab: Tab
    medium: Medium
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module", params=["a sample of everything", "a run"])
def report_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report: of a sample that has every kind of block, and of a real run, made by the commands."""
    folder = tmp_path_factory.mktemp("report")
    path = folder / "report.html"
    if request.param == "a run":
        run = folder / "run"
        sizes = ("--lengths", "4,6,9", "--seeds", "0..5", "--impl", "fused", "--epochs", "12")
        assert digitsum("sweep", *sizes, "--out", run).code == 0
        assert digitsum("report", run, "--out", path).code == 0
    else:
        path.write_text(render_page(sample_page()), "utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    executable = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if executable is None:
        reason = "no Chromium found: run make test-browser after installing it"
        if os.environ.get("DIGITSUM_BROWSER") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


def open_report(browser: Browser, report_file: Path, medium: Medium) -> Opened:
    context = browser.new_context(viewport={"width": medium.width, "height": medium.height})
    opened = Opened(context.new_page(), medium)
    opened.tab.on("request", lambda request: opened.requests.append(request.url))
    opened.tab.on("requestfailed", lambda request: opened.complaints.append(request.url))
    opened.tab.on("console", lambda message: opened.complaints.append(message.text))
    opened.tab.on("pageerror", lambda error: opened.complaints.append(str(error)))
    opened.tab.emulate_media(media=medium.kind, color_scheme=medium.scheme)
    opened.tab.goto(report_file.as_uri())
    return opened


@pytest.fixture(scope="module", params=MEDIA)
def opened(request: pytest.FixtureRequest, browser: Browser, report_file: Path) -> Iterator[Opened]:
    """The page on each medium in turn, to look at."""
    opened = open_report(browser, report_file, MEDIA[request.param])
    yield opened
    opened.tab.context.close()


@pytest.fixture
def phone(browser: Browser, report_file: Path) -> Iterator[Tab]:
    """The page on a phone, to use."""
    tab = open_report(browser, report_file, MEDIA["phone"]).tab
    yield tab
    tab.context.close()


@pytest.fixture
def desk(browser: Browser, report_file: Path) -> Iterator[Tab]:
    """The page on a desk, to use."""
    tab = open_report(browser, report_file, MEDIA["desk"]).tab
    yield tab
    tab.context.close()


def test_opens_without_a_request_or_a_complaint(opened: Opened, report_file: Path) -> None:
    assert opened.requests == [report_file.as_uri()]
    assert opened.complaints == []


def test_page_itself_does_not_scroll_sideways(opened: Opened) -> None:
    if opened.medium.kind == "screen":  # on paper, the browser makes all smaller until it fits
        assert opened.tab.evaluate("document.documentElement.scrollWidth") <= opened.medium.width


@pytest.mark.parametrize("width", [320, 768, 1151, 1152, 2560])
def test_page_does_not_scroll_sideways_at_any_width(desk: Tab, width: int) -> None:
    desk.set_viewport_size({"width": width, "height": 800})
    assert desk.evaluate("document.documentElement.scrollWidth") <= width


def test_every_number_of_a_table_is_seen_as_text(opened: Opened) -> None:
    cells = opened.tab.locator("td").evaluate_all("all => all.map(td => [td.innerText.trim(), td.checkVisibility()])")
    assert cells
    assert all(text and visible for text, visible in cells)
    assert opened.tab.get_by_text(cells[0][0], exact=True).first.is_visible()


def test_every_figure_is_seen(opened: Opened) -> None:
    figures = opened.tab.locator("figure svg").all()
    assert figures
    for figure in figures:
        box = figure.bounding_box()
        assert figure.is_visible()
        assert box is not None
        assert box["width"] > 200
        assert box["height"] > 50


def test_figures_take_the_colours_of_the_page(opened: Opened) -> None:
    ink, paper = {
        ("light", "screen"): ("rgb(26, 26, 26)", "rgb(255, 255, 255)"),
        ("dark", "screen"): ("rgb(232, 230, 227)", "rgb(22, 24, 27)"),
        ("light", "print"): ("rgb(0, 0, 0)", "rgb(255, 255, 255)"),
        ("dark", "print"): ("rgb(0, 0, 0)", "rgb(255, 255, 255)"),
    }[opened.medium.scheme, opened.medium.kind]
    expect(opened.tab.locator("html")).to_have_css("background-color", paper)
    expect(opened.tab.locator("body")).to_have_css("color", ink)
    expect(opened.tab.locator("svg path").first).to_have_css("fill", paper)
    expect(opened.tab.locator("svg text").first).to_have_css("fill", ink)


def test_text_of_a_figure_is_large_enough_to_read_on_a_phone(phone: Tab) -> None:
    sizes = phone.locator("svg").evaluate_all("all => all.map(svg => 11 * svg.getScreenCTM().a)")
    assert min(sizes) >= 10


def test_skip_link_is_the_first_stop_and_leads_past_the_contents(phone: Tab) -> None:
    skip = phone.locator(".skip")
    expect(skip).not_to_be_in_viewport()
    phone.keyboard.press("Tab")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport(ratio=1)
    expect(skip).to_have_css("outline-style", "solid")
    phone.keyboard.press("Enter")
    phone.keyboard.press("Tab")
    assert phone.evaluate("document.querySelector('#sections').contains(document.activeElement)")


def test_keyboard_reaches_all_that_is_too_wide_and_scrolls_it(phone: Tab) -> None:
    phone.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")
    wide = "each => each.matches('.scroll') && each.scrollWidth > each.clientWidth"
    expected = phone.locator(".scroll").evaluate_all(f"all => all.filter({wide}).map(each => each.ariaLabel)")
    assert expected
    moved = []
    for _ in range(phone.locator("a, summary, .scroll").count()):
        phone.keyboard.press("Tab")
        focused = phone.locator(":focus")
        if focused.evaluate(wide):
            phone.keyboard.press("ArrowRight")
            expect(focused).not_to_have_js_property("scrollLeft", 0)
            moved.append(focused.get_attribute("aria-label"))
    assert moved == expected


def test_caption_and_row_headers_stay_in_view_while_their_table_moves(phone: Tab) -> None:
    region = phone.locator(".table").first
    places = {name: region.locator(name).first for name in (".held", "thead th", "tbody th")}
    before = {name: place.bounding_box() for name, place in places.items()}
    region.evaluate("region => region.scrollLeft = 150")
    assert {name: place.bounding_box() for name, place in places.items()} == before
    caption = before[".held"]
    assert caption is not None
    assert caption["x"] + caption["width"] <= phone.evaluate("innerWidth")


def test_screen_reader_is_told_what_everything_is(desk: Tab) -> None:
    expect(desk.get_by_role("main")).to_have_count(1)
    expect(desk.get_by_role("navigation", name="Contents")).to_have_count(1)
    expect(desk.get_by_role("heading", level=1)).to_have_count(1)
    for section in desk.locator("h2").all_inner_texts():
        expect(desk.get_by_role("region", name=section, exact=True)).to_have_count(1)
    for caption in desk.locator("caption").all_inner_texts():
        table = desk.get_by_role("table", name=caption, exact=True)
        expect(table).to_have_count(1)
        expect(table.get_by_role("columnheader")).to_have_count(table.locator("thead th").count())
        expect(table.get_by_role("rowheader")).to_have_count(table.locator("tbody tr").count())
    for figure in desk.locator("figure").all():
        picture = figure.get_by_role("img", name=figure.locator("title").text_content() or "nothing")
        expect(picture).to_have_count(1)


def test_folded_text_is_hidden_on_a_screen_until_asked_for(desk: Tab) -> None:
    folded = desk.locator("details:not([open])").first.element_handle()
    text = folded.query_selector("pre")
    summary = folded.query_selector("summary")
    assert text is not None
    assert summary is not None
    assert not text.is_visible()
    summary.click()
    assert text.is_visible()


def test_commands_to_get_it_again_are_seen_at_once(desk: Tab) -> None:
    expect(desk.get_by_role("region", name="Commands")).to_be_visible()


def test_print_shows_what_is_folded_and_leaves_out_what_is_for_screens(desk: Tab) -> None:
    desk.emulate_media(media="print")
    for text in desk.locator("details:not([open]) pre").all():
        assert text.evaluate("pre => pre.checkVisibility() && pre.clientHeight > 10")
    expect(desk.locator("nav")).to_be_hidden()
    expect(desk.locator(".skip")).to_be_hidden()
    expect(desk.locator("figure").first).to_have_css("break-inside", "avoid")
