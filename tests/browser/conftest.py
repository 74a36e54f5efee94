"""Pages in a real browser: headless Chromium, driven by Playwright.  Skipped where one of them is missing, never in CI.

Fixtures (a test that asks for one of the first three is marked `browser` by itself):

    browser                     a Playwright `Browser`, one for each file of tests.  Not for the session: while
                                Playwright's loop is up, no other test of this thread could call asyncio.run().
    open_page(path, **options)  -> Opened.  Opens a file (a Path) or an address (a str) in a context of its own and
                                waits until it is loaded.  Options are Playwright's for a context: viewport=
                                {"width": 600, "height": 800} (1280x720), color_scheme="dark", reduced_motion=
                                "reduce", device_scale_factor=2, ...  All is closed when the test ends.
    report_page(html, **options)-> Opened.  The same for a text, which becomes the file page.html.
    show(*names, **options)     -> Opened.  The page of made runs (reports.py), drawn.
    serve(folder, headers=None) -> str.  The address of a folder, without a slash at its end, on loopback, readable
                                from any origin; until the test ends.

`Opened` (opened.py): what the page did beside being there.
    .page .context              Playwright's `Page` and `BrowserContext`
    .url .requests .inline      its address; every request, its own first; blob: addresses stand apart
    .messages .errors           texts of console messages ("log: hello") and of exceptions that nobody caught
    .nothing_else()             asserts: one request, no message, no exception
    .drawn()                    waits for performance.mark("tracedemo:drawn") -> milliseconds since navigation began
    .frame()                    waits until what has changed is drawn
    .press(*keys)               keys, one after the other ("ArrowRight", "Shift+?")
    .sideways()                 pixels that a reader would have to scroll sideways: 0 is good
    .measures(name)             -> [milliseconds] of performance.measure(name)

Helpers, to be imported (`from tests.browser.looks import seen_as`); all take Playwright's `Page`:
    axe.axe(page)               -> Audit(findings, unsure) by axe-core: wcag2a/aa, wcag21a/aa, best-practice.
                                A Finding is (rule, impact, help, targets), and reads well in an assert.
    looks.seen_as(page, kind, where=None)
                                -> bytes, a PNG as somebody sees it: "none", "deuteranopia", "protanopia",
                                "tritanopia", "achromatopsia" (grey). `where`: a CSS selector, or a part of the screen
                                {"x": 0, "y": 0, "width": 9, "height": 9}: small, since decoding is slow
    looks.Picture.decode(png)   -> Picture(width, height, pixels); .at(x, y), .cut(x, y, width, height)
    looks.apart(a, b)           -> how far two patches lie apart, by colour or by pattern: 0 the same, 100 black and
                                white. Ask for 5 or more.  Where a pattern begins does not matter (it may make 3).
    paper.printed(page, **options)
                                -> bytes, the PDF (page.pdf with backgrounds; format="A4", landscape=True, ...)
    paper.sheets(pdf)           -> [(width, height)] in points, one for each page
    memory.resident(page)       -> Memory(heap, renderer): bytes, after a garbage collection
    big.big_trace(connections=20_000, kernel=False, flow=False, seed=1)
                                -> Trace: ten calls for each connection, as of a selector loop (200,000)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.browser import serving
from tests.browser.chromium import launched
from tests.browser.opened import Opened, opened
from tests.browser.reports import html


def pytest_itemcollected(item: pytest.Item) -> None:
    """No test may use a browser and not say so."""
    if "browser" in getattr(item, "fixturenames", ()):
        item.add_marker("browser")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as running:
        yield running


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Opened]]:
    with ExitStack() as stack:
        yield lambda path, **options: stack.enter_context(opened(browser, path, **options))


@pytest.fixture
def report_page(open_page: Callable[..., Opened], tmp_path: Path) -> Callable[..., Opened]:
    def write_and_open(html: str, **options: Any) -> Opened:
        path = tmp_path / "page.html"
        path.write_text(html, encoding="utf-8")
        return open_page(path, **options)

    return write_and_open


@pytest.fixture
def show(report_page: Callable[..., Opened]) -> Callable[..., Opened]:
    def opened(*names: str, **options: Any) -> Opened:
        shown = report_page(html(*names), **options)
        shown.drawn()
        return shown

    return opened


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    with ExitStack() as stack:
        yield lambda folder, headers=None: stack.enter_context(serving.serving(folder, headers))
