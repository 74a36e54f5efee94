"""The instruments that look at pages, held against pages whose faults are known."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.axe import axe
from tests.browser.looks import Picture, apart, seen_as
from tests.browser.memory import pss, renderer, resident
from tests.browser.opened import Opened
from tests.browser.paper import printed, sheets

MB = 1 << 20

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A page</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline';
 style-src 'unsafe-inline'; img-src data:; connect-src http:">
<style>%s</style></head><body><main><h1>A page</h1>%s</main></body></html>
"""
"""Strict about what it may do, as a report is: our instruments must work in spite of that."""

OpenReport = Callable[..., Opened]


def html(body: str = "<p>Quiet.</p>", style: str = "") -> str:
    return PAGE % (style, body)


def script(text: str) -> str:
    return html(f"<script>{text}</script>")


# -- What a page does beside being there.


def test_quiet_page(report_page: OpenReport) -> None:
    """A page that is one file and says nothing has nothing else to tell; what it holds itself is no request."""
    picture = '<img alt="" src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'
    blob = "<script>fetch(URL.createObjectURL(new Blob(['x'])))</script>"
    opened = report_page(html(picture + blob).replace("connect-src http:", "connect-src blob:"))

    opened.nothing_else()
    assert ["blob:"] == [url[:5] for url in opened.inline]


@pytest.mark.parametrize(
    "body",
    [
        '<script>fetch("http://127.0.0.1:9/").catch(() => 0)</script>',
        '<script>new WebSocket("ws://127.0.0.1:9/")</script>',
        '<script>requestAnimationFrame(() => { new Image().src = "other.png" })</script>',
        '<iframe src="other.html" title="other"></iframe>',
        '<script>console.log("hello")</script>',
        "<script>nobody.knows()</script>",
        '<script>Promise.reject(new Error("unheard"))</script>',
        '<script>open("other.html")</script>',
    ],
    ids=["fetch", "WebSocket", "image", "frame", "console", "exception", "rejection", "window"],
)  # fmt: skip
def test_restless_page_is_caught(body: str, report_page: OpenReport) -> None:
    """A page that asks for something, says something or fails is caught at it."""
    opened = report_page(html(body).replace("default-src 'none'", "default-src *"))

    with pytest.raises(AssertionError):
        opened.nothing_else()


def test_each_thing_is_told(report_page: OpenReport) -> None:
    """What was asked for, said and raised is kept, word for word."""
    opened = report_page(
        script("console.warn('careful', 3); fetch('http://127.0.0.1:9/x').catch(() => 0); throw Error('so')")
    )

    with pytest.raises(AssertionError):
        opened.nothing_else()
    assert [opened.url, "http://127.0.0.1:9/x"] == opened.requests
    assert "warning: careful 3" == opened.messages[0]
    assert ["so"] == [error.splitlines()[0].removeprefix("Error: ") for error in opened.errors]


def test_nothing_leaves_the_machine(report_page: OpenReport) -> None:
    """A page that asks for another machine is told that there is none: the name is never looked up."""
    opened = report_page(html())

    told = opened.page.evaluate(
        "() => fetch('http://example.org/').then(it => it.status, error => String(error))"
    )
    assert "TypeError: Failed to fetch" == told
    assert "ERR_NAME_NOT_RESOLVED" in " ".join(opened.messages)


def test_pages_know_nothing_of_each_other(report_page: OpenReport) -> None:
    """Each page is opened in a context of its own, with the options that were asked for."""
    dark = report_page(html(), color_scheme="dark", viewport={"width": 600, "height": 400})
    light = report_page(html())
    ask = "() => [matchMedia('(prefers-color-scheme: dark)').matches, innerWidth]"

    assert [True, 600] == dark.page.evaluate(ask)
    assert [False, 1280] == light.page.evaluate(ask)


def test_drawn_and_measured(report_page: OpenReport) -> None:
    """The marks that a page sets are waited for, and its measures are read."""
    opened = report_page(
        script(
            "setTimeout(() => { performance.mark('tracedemo:drawn'); "
            "performance.measure('tracedemo:step', {start: 5, duration: 7}) }, 30)"
        )
    )

    assert opened.drawn() >= 30
    assert [7] == opened.measures("tracedemo:step")
    assert [] == opened.measures("another")


def test_keys_arrive(report_page: OpenReport) -> None:
    """Keys are pressed in their order, with those that are held down meanwhile."""
    opened = report_page(
        script("window.keys = []; addEventListener('keydown', it => keys.push(it.key + it.shiftKey))")
    )

    opened.press("ArrowRight", "Shift+ArrowLeft", "s")
    heard = [key for key in opened.page.evaluate("() => keys") if not key.startswith("Shift")]
    assert ["ArrowRightfalse", "ArrowLefttrue", "sfalse"] == heard


@pytest.mark.parametrize(("width", "sideways"), [("auto", 0), ("700px", 100)])
def test_sideways(width: str, sideways: int, report_page: OpenReport) -> None:
    """What is wider than the window is measured."""
    opened = report_page(
        html(style=f"body {{ margin: 0; width: {width} }}"), viewport={"width": 600, "height": 400}
    )

    assert sideways == opened.sideways()


# -- Accessibility.


def test_axe_is_recent(report_page: OpenReport) -> None:
    """The axe-core that looks is of the fourth series, and not an old one of it."""
    opened = report_page(html())
    axe(opened.page)

    major, minor, *_ = map(int, opened.page.evaluate("() => axe.version").split("."))
    assert 4 == major
    assert minor >= 12


def test_axe_finds_nothing_in_a_good_page(report_page: OpenReport) -> None:
    """A page without fault has no finding, and asking left no trace in it."""
    opened = report_page(html())

    assert ((), ()) == axe(opened.page)
    opened.nothing_else()


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ('<img src="data:,">', "image-alt"),
        ('<p style="color: #999; background: #fff">Pale.</p>', "color-contrast"),
        ("<button></button>", "button-name"),
        ("<h4>Deep</h4>", "heading-order"),
    ],
)
def test_axe_finds_a_fault(body: str, rule: str, report_page: OpenReport) -> None:
    """A fault is found, named, and shown."""
    findings, _ = axe(report_page(html(body)).page)

    assert [rule] == [finding.rule for finding in findings]
    assert all(finding.help and finding.targets for finding in findings)


def test_axe_says_when_it_is_not_sure(report_page: OpenReport) -> None:
    """A text whose ground axe cannot know is not a finding, and is told all the same."""
    findings, unsure = axe(
        report_page(
            html('<p style="background: linear-gradient(#000, #fff)">On a slope.</p>')
        ).page
    )  # fmt: skip

    assert () == findings
    assert ["color-contrast"] == [finding.rule for finding in unsure]


# -- Looks.

SQUARES = """
    i { position: absolute; top: 0; width: 40px; height: 40px }
    b { position: fixed; top: 0; left: 0; width: 320px; height: 40px }
    #red { background: #b05050; left: 0 } #green { background: #75754e; left: 40px }
    #blue { background: #4060c0; left: 80px }
    #lines { background: repeating-linear-gradient(90deg, #000 0 2px, #fff 2px 4px); left: 120px }
    #bars { background: repeating-linear-gradient(0deg, #000 0 2px, #fff 2px 4px); left: 160px }
    #later { background: repeating-linear-gradient(0deg, #fff 0 2px, #000 2px 4px); left: 200px }
    #slope { background: repeating-linear-gradient(45deg, #000 0 2px, #fff 2px 4px); left: 240px }
    #fall { background: repeating-linear-gradient(-45deg, #000 0 2px, #fff 2px 4px); left: 280px }
"""
NAMES = ("red", "green", "blue", "lines", "bars", "later", "slope", "fall")


@pytest.fixture
def patches(report_page: OpenReport) -> Callable[[str], dict[str, Picture]]:
    """By a kind of eyes: squares of colours and of patterns."""
    squares = "".join(f'<i id="{name}"></i>' for name in NAMES)
    page = report_page(html(f"<b>{squares}</b>", SQUARES)).page

    def seen(kind: str) -> dict[str, Picture]:
        whole = Picture.decode(seen_as(page, kind, "b"))
        return {name: whole.cut(40 * place, 0, 40, 40) for place, name in enumerate(NAMES)}

    return seen


def test_eyes_that_see_all(patches: Callable[[str], dict[str, Picture]]) -> None:
    """Colours come out of a picture as they went in."""
    seen = patches("none")

    assert (40, 40) == (seen["red"].width, seen["red"].height)
    assert (0xB0, 0x50, 0x50) == seen["red"].at(20, 20)
    assert (0x40, 0x60, 0xC0) == seen["blue"].at(0, 39)


def test_eyes_that_miss_a_colour(patches: Callable[[str], dict[str, Picture]]) -> None:
    """Red and green are far apart, but not for all eyes; blue stays apart from both."""
    all_colours, no_green = patches("none"), patches("deuteranopia")

    assert apart(all_colours["red"], all_colours["green"]) > 10
    assert apart(no_green["red"], no_green["green"]) < 5
    assert apart(no_green["red"], no_green["blue"]) > 20


def test_eyes_without_colours(patches: Callable[[str], dict[str, Picture]]) -> None:
    """In grey each pixel has no colour, and patterns are still told apart by their direction."""
    seen = patches("achromatopsia")

    assert all(max(it) - min(it) <= 1 for patch in seen.values() for row in patch.pixels for it in row)
    for one, other in (("lines", "bars"), ("slope", "fall"), ("slope", "lines"), ("red", "bars")):
        assert apart(seen[one], seen[other]) > 10, (one, other)


def test_where_a_pattern_begins_is_nothing(patches: Callable[[str], dict[str, Picture]]) -> None:
    """The same pattern, begun at another place, is the same."""
    seen = patches("none")

    assert apart(seen["bars"], seen["bars"]) == 0
    assert apart(seen["bars"], seen["later"]) < 3


def test_eyes_are_given_back(report_page: OpenReport) -> None:
    """A picture by other eyes leaves the page as it was."""
    page = report_page(html(style="html { background: #b05050 }")).page
    corner = {"x": 1270, "y": 710, "width": 10, "height": 10}

    grey, red = (Picture.decode(seen_as(page, kind, corner)) for kind in ("achromatopsia", "none"))
    assert red == Picture.decode(page.screenshot(clip=corner))
    assert (0xB0, 0x50, 0x50) == red.at(9, 9) != grey.at(9, 9)


# -- Paper, memory, serving.


def test_sheets_are_counted(report_page: OpenReport) -> None:
    """A print has as many pages as it has, and their size is that of the paper."""
    page = report_page(
        html('<p style="break-before: page">Two</p><p style="break-before: page">Three</p>')
    ).page
    upright, wide = sheets(printed(page)), sheets(printed(page, landscape=True))

    assert 3 == len(upright) == len(wide)
    assert [pytest.approx((595, 842), abs=1.5)] * 3 == upright
    assert [pytest.approx((842, 595), abs=1.5)] * 3 == wide


def test_memory_is_that_of_the_page(report_page: OpenReport) -> None:
    """What a page keeps is seen, in the heap or outside of it, and what it has let go of is not."""
    other = report_page(html())
    page = report_page(script("window.fill = size => { window.kept = new Uint8Array(size).fill(7) }")).page
    empty = resident(page)
    page.evaluate(f"() => fill({40 * MB})")
    full = resident(page)
    page.evaluate("() => fill(1)")
    again = resident(page)

    assert renderer(page) != renderer(other.page)
    assert 35 * MB < full.renderer - empty.renderer < 60 * MB
    assert again.renderer - empty.renderer < 20 * MB
    assert 0 < full.heap < 20 * MB
    assert pss(renderer(page)) > 5 * MB


def test_folder_is_served(serve: Callable[..., str], tmp_path: Path) -> None:
    """Files of a folder are had from loopback, by any origin, with the headers that were asked for."""
    (tmp_path / "a file.json").write_text("[1]")
    address = serve(tmp_path, {"X-More": "yes"})

    with urllib.request.urlopen(f"{address}/a%20file.json") as answer:
        assert b"[1]" == answer.read()
        assert "*" == answer.headers["Access-Control-Allow-Origin"]
        assert "yes" == answer.headers["X-More"]
        assert "application/json" == answer.headers["Content-Type"]
    with pytest.raises(urllib.error.HTTPError) as missing:
        urllib.request.urlopen(f"{address}/other")
    missing.value.close()


def test_page_fetches_from_another_origin(
    open_page: Callable[..., Opened], serve: Callable[..., str], tmp_path: Path
) -> None:
    """A page of one server may read what another serves, and each request is told."""
    (tmp_path / "index.html").write_text(html())
    (tmp_path / "data.json").write_text('{"answer": 42}')
    here, there = serve(tmp_path), serve(tmp_path)
    opened = open_page(f"{here}/index.html")

    data = opened.page.evaluate("url => fetch(url).then(it => it.json())", f"{there}/data.json")
    assert {"answer": 42} == data
    assert f"{there}/data.json" in opened.requests
