"""The slides: the tool's own pictures, small enough for a projector, on a page that asks nobody for anything.

That each picture is what its command draws is held by tests/test_docs.py, as for every page of docs/.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.conftest import find_browser
from tracedemo.workshop.catalogue import lessons

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "pages"))
try:
    import make
    import slides
finally:
    sys.path.remove(str(ROOT / "scripts" / "pages"))

TEXT = slides.SOURCE.read_text(encoding="utf-8")
FIRST, *MIDDLE, LAST = slides.parts(TEXT)
LESSON = re.compile(r"^Lesson (\d\d)\. ", re.MULTILINE)
ALL_TWELVE = 12


@pytest.mark.parametrize("part", MIDDLE, ids=lambda part: part.partition("\n")[0].strip("# "))
def test_slide_shows_one_picture(part: str) -> None:
    """A slide has a heading, names its lesson, says little, and shows one picture below its command."""
    said = LESSON.split(re.sub(make.BLOCK, "", part).partition("![")[0])[-1]

    assert 1 == part.count("![") == len(make.shown([part]))
    assert LESSON.search(part)
    assert len(said.split()) <= 40


def test_slides_tell_no_number() -> None:
    """No slide says a number of its own: what a trace shows is in its picture."""
    said = re.sub(make.BLOCK, "", re.sub(LESSON, "", re.sub(r"!\[[^]]*\]\([^)]*\)", "", TEXT)))

    assert [] == re.findall(r"\d+", said)


def test_slides_name_lessons_that_are_there() -> None:
    """A slide names no lesson that is not there."""
    there = {f"{lesson.number:02}" for lesson in lessons()}
    if len(there) < ALL_TWELVE:
        pytest.skip(f"{len(there)} lessons are there yet")

    assert set(LESSON.findall(TEXT)) <= there


def test_page_has_all_in_it() -> None:
    """The page has every slide and picture in itself, with the words for who cannot see it, and no address in it."""
    page = slides.page(TEXT)
    outside = re.sub(r"data:image/svg\+xml;base64,[\w+/=]+", "", page)

    assert len(MIDDLE) + 2 == page.count("<section>") == page.count("</section>")
    assert len(MIDDLE) == outside.count('<img src="" alt="') == page.count("data:image/svg+xml;base64,")
    assert [] == re.findall(r"\w+://|\bhref=|url\(|@import|src=\"[^\"]", outside)
    assert "<title>No magic, just system calls</title>" in page


@pytest.mark.browser
def test_keys_go_from_slide_to_slide(tmp_path: Path) -> None:
    """In a browser keys go to the next slide and back, all pictures are drawn, and each slide fills the screen, no more."""
    from playwright.sync_api import sync_playwright

    path = tmp_path / "slides.html"
    path.write_text(slides.page(TEXT), encoding="utf-8")
    at = "Math.round([...document.querySelectorAll('section')].findIndex(s => Math.abs(s.getBoundingClientRect().top) < 2))"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser())
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        for key, slide in (
            ("ArrowRight", 1),
            ("PageDown", 2),
            ("ArrowLeft", 1),
            ("ArrowLeft", 0),
            ("ArrowLeft", 0),
        ):
            page.keyboard.press(key)
            page.wait_for_function(f"{at} === {slide}")
        heights = page.evaluate(
            "[...document.querySelectorAll('section')].map(s => s.getBoundingClientRect().height)"
        )
        drawn = page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
        scale = "Math.min(i.clientWidth / i.naturalWidth, i.clientHeight / i.naturalHeight)"
        scales = page.evaluate(f"[...document.images].map(i => {scale})")
        browser.close()

    assert {720} == set(heights)
    assert min(scales) >= 1, scales  # letters are 14 pixels high, or more
    assert drawn
    assert [] == [url[:60] for url in asked if not url.startswith(("file:", "data:"))]
