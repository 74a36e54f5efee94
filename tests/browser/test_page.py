"""The page of a report, used in a real browser as people use it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest

from tests.browser import runs
from tests.browser.axe import axe
from tests.browser.looks import Picture, apart, seen_as
from tests.browser.opened import Opened
from tests.browser.paper import printed, sheets
from tests.browser.runs import THREE
from tracedemo.analysis.walk import Walk

OpenPage = Callable[..., Opened]

STATES = ("running", "call", "not-yet", "blocked", "asleep", "parked")
LIGHT, DARK = "light", "dark"


@functools.cache
def html(*names: str) -> str:
    return runs.html(*names)


@functools.cache
def walks(*names: str) -> list[Walk]:
    return [Walk(study) for study in runs.studies(*names)]


@pytest.fixture
def show(report_page: OpenPage) -> Callable[..., Opened]:
    """The page of these runs, drawn; `at`: what its address says behind the #."""

    def opened(*names: str, at: str = "", **options: Any) -> Opened:
        shown = report_page(html(*names), **options)
        shown.drawn()
        if at:
            shown.page.goto(f"{shown.url}#{at}")
            shown.until(f"window.tracedemo && location.hash === '#{at}'")
        return shown

    return opened


def said(opened: Opened) -> str:
    return str(opened.page.inner_text("#sentence .said"))


def state(opened: Opened) -> dict[str, Any]:
    return dict(opened.page.evaluate("() => structuredClone(window.tracedemo.state)"))


def steps(opened: Opened) -> list[int]:
    return list(state(opened)["steps"])


# -- What it asks for and says.


@pytest.mark.parametrize("names", [THREE, *((name,) for name in runs.RUNS)], ids=" ".join)
def test_every_run_is_shown(show: OpenPage, names: tuple[str, ...]) -> None:
    """Whatever the runs are, the page asks for nothing, says nothing, and can be walked from end to end."""
    opened = show(*names)
    opened.press(*"]n[s+-0ltff", "End", "ArrowRight", "Home", "ArrowLeft")

    first = walks(*names)[0]
    assert 0 == steps(opened)[0]
    assert (
        first.sentence(0) if len(first) else "Nothing was recorded in this run."
    ) in opened.page.inner_text("#sentence")
    opened.nothing_else()


# -- Walking.


def test_sentence_after_keys(show: OpenPage) -> None:
    """After each key stands the sentence that Python makes of the step where it leads."""
    opened = show("selector")
    walk = walks("selector")[0]
    step = 0
    for key in (
        "ArrowRight",
        "ArrowRight",
        "]",
        "]",
        "[",
        "n",
        "ArrowLeft",
        "]",
        "n",
        "End",
        "[",
        "Home",
        "ArrowLeft",
    ):
        opened.press(key)
        step = after(walk, step, key)
        assert (key, step, walk.sentence(step)) == (key, steps(opened)[0], said(opened))


def after(walk: Walk, step: int, key: str) -> int:
    """Where a key leads, as Walk has it."""
    if key in ("Home", "End"):
        return 0 if key == "Home" else len(walk) - 1
    if key == "n":
        return walk.find(step, 1, conn=walk.event(step).conn) if walk.event(step).conn else step
    return walk.find(step, 1 if key in ("ArrowRight", "]") else -1, moment=key in "[]")


def test_buttons_do_what_keys_do(show: OpenPage) -> None:
    """Who has no keyboard reaches the same steps with the buttons."""
    opened = show("selector")
    walk = walks("selector")[0]
    for name, step in (
        ("Step", 1), ("Next moment", walk.find(1, 1, moment=True)), ("Back", walk.find(1, 1, moment=True) - 1),
        (">|", len(walk) - 1), ("|<", 0),
    ):  # fmt: skip
        opened.page.locator("#toolbar button", has_text=name).first.click()
        assert (name, step) == (name, steps(opened)[0])


@pytest.mark.parametrize("follow", ["phase", "clock"])
def test_others_follow(show: OpenPage, follow: str) -> None:
    """Other runs stand at the counterpart of the step, or at the same time, as Walk has it."""
    opened = show(*THREE, at=f"run=3&step=1.1.1&follow={follow}")
    walked = walks(*THREE)
    for _ in range(12):
        opened.press("]")
        step = steps(opened)[2]
        expected = [stands(other, walked[2], step, follow) for other in walked[:2]]
        assert [*expected, step] == steps(opened)


def stands(other: Walk, walk: Walk, step: int, follow: str) -> int:
    if follow == "clock":
        # The page knows times to a tenth of a microsecond.
        return other.step_at(round(walk.at(step), -2))
    found = (other.counterpart(walk, last) for last in range(step, -1, -1))
    return next((place for place in found if place is not None), 0)


def test_choosing_a_run(show: OpenPage) -> None:
    """A click on a verdict, an arrow or a number chooses the run, and its sentence is told."""
    opened = show(*THREE)
    opened.page.locator("#verdict .card").nth(2).click()
    assert 2 == state(opened)["run"]
    opened.page.locator("#title").click()
    opened.press("ArrowUp")
    assert 1 == state(opened)["run"]
    opened.press("1", "9")
    assert 0 == state(opened)["run"]
    assert "blocking" in opened.page.inner_text("#sentence")


def test_play(report_page: OpenPage) -> None:
    """Played, the run goes on step by step, until somebody stops it or it ends."""
    opened = report_page(html("selector"))
    opened.page.clock.install()
    opened.page.reload()
    opened.page.wait_for_selector("#place")
    opened.press("Space")
    opened.page.clock.run_for(2_200)
    assert [3] == steps(opened)
    opened.press("Space")
    opened.page.clock.run_for(5_000)
    assert [3] == steps(opened)
    opened.press("Space")
    opened.page.clock.run_for(700 * 200)
    assert [len(walks("selector")[0]) - 1] == steps(opened)
    assert "Play" == opened.page.inner_text("#toolbar .wide")


def test_keys_are_text_in_the_filter(show: OpenPage) -> None:
    """While somebody types a filter, keys are letters; Escape gives them back; then "next" stops at matches alone."""
    opened = show("selector")
    opened.press("/")
    opened.page.keyboard.type("recv, t")
    assert ("recv, t", "", [0]) == (state(opened)["filter"], state(opened)["theme"], steps(opened))
    opened.page.fill("#filter", "recv")
    opened.press("Escape", "]")
    walk = walks("selector")[0]
    assert next(step for step in range(1, len(walk)) if walk.event(step).op == "recv") == steps(opened)[0]
    assert "Next match" in opened.page.inner_text("#toolbar")


def test_help_lists_every_key(show: OpenPage) -> None:
    """The help names the keys, and keys do nothing behind it."""
    opened = show("selector")
    opened.press("?", "ArrowRight")
    assert opened.page.locator("#help").is_visible()
    assert [0] == steps(opened)
    shown = opened.page.locator("#help kbd").all_inner_texts()
    assert {
        "→",
        "←",
        "[",
        "]",
        "Space",
        "s",
        "c",
        "+",
        "-",
        "0",
        "/",
        "n",
        "t",
        "a",
        "f",
        "p",
        "?",
        "↑",
        "↓",
    } <= set(shown)
    opened.press("Escape", "ArrowRight")
    assert [1] == steps(opened)


def test_pointer(show: OpenPage) -> None:
    """A click on a lane stands at its call, the wheel with Ctrl zooms, a double click shows all again."""
    opened = show("selector")
    box = opened.page.locator("#timeline").bounding_box()
    assert box
    middle = (box["x"] + box["width"] / 2, box["y"] + 45)
    opened.page.mouse.click(*middle)
    there = steps(opened)[0]
    assert 0 < there < len(walks("selector")[0]) - 1
    assert opened.page.locator("#timeline .tip").is_visible()
    opened.page.keyboard.down("Control")
    opened.page.mouse.wheel(0, -400)
    opened.page.keyboard.up("Control")
    opened.until("window.tracedemo.state.zoom.to - window.tracedemo.state.zoom.from < 0.5")
    opened.page.mouse.dblclick(*middle)
    assert {"from": 0, "to": 1} == state(opened)["zoom"]


# -- The address.


def test_address_says_where_we_are(show: OpenPage, open_page: OpenPage) -> None:
    """The address of a moment, opened elsewhere, shows that moment; changed by hand, the page follows."""
    opened = show(*THREE)
    opened.press("3", "]", "]", "c", "s", "+", "t", "a")
    opened.until("location.hash.includes('theme')")
    there = opened.page.evaluate("() => location.href")
    before = state(opened), said(opened)

    again = open_page(there)
    again.drawn()
    now = state(again), said(again)
    zooms = [it[0].pop("zoom") for it in (before, now)]
    assert before == now
    assert zooms[0] == pytest.approx(zooms[1], abs=1e-4)
    again.page.evaluate("() => { location.hash = '#run=1&step=3.1.1' }")
    again.until("window.tracedemo.state.run === 0")
    assert walks(*THREE)[0].sentence(2) == said(again)


NONSENSE = ("run=99&step=abc.9999999.-4", "zoom=2-1&scale=none&follow=%&theme=pink&filter=%E0%A4%A", "=&&==")
UNTOUCHED = {"zoom": {"from": 0, "to": 1}, "scale": "squeeze", "follow": "phase", "theme": ""}


@pytest.mark.parametrize("at", NONSENSE)
def test_nonsense_in_the_address(show: OpenPage, at: str) -> None:
    """An address that makes no sense shows what it can, and breaks nothing."""
    opened = show(*THREE, at=at)
    shown = state(opened)
    assert all(0 <= step < len(walk) for step, walk in zip(shown["steps"], walks(*THREE), strict=True))
    assert {key: shown[key] for key in UNTOUCHED} == UNTOUCHED
    assert [] == opened.errors + opened.messages


# -- What it looks like.


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_theme(show: OpenPage, theme: str) -> None:
    """The page is as the system is, light or dark; the button turns it, and the address remembers."""
    opened = show("selector", color_scheme=theme)
    assert theme == shade(opened)
    opened.press("t")
    assert {LIGHT: DARK, DARK: LIGHT}[theme] == shade(opened) == state(opened)["theme"]
    opened.press("t")
    assert theme == shade(opened)


def shade(opened: Opened) -> str:
    """Light or dark, by the colour of the body and of a corner of the canvas."""
    red = int(opened.page.evaluate("() => getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]"))
    return LIGHT if red > 128 else DARK


@pytest.mark.parametrize("names", [THREE, ("threads",), ("hostile",)], ids=" ".join)
@pytest.mark.parametrize("width", [600, 320])
def test_narrow(show: OpenPage, names: tuple[str, ...], width: int) -> None:
    """On a narrow screen nobody scrolls sideways."""
    assert 0 == show(*names, viewport={"width": width, "height": 900}).sideways()


OUTSIDE = """() => {
  const wanted = "#verdict .card, #toolbar button, #timeline, #sentence, .column, .source .here, .call, .chips";
  const found = [];
  const told = (each) => each.className || each.id || each.textContent;
  for (const each of document.querySelectorAll(wanted)) {
    const box = each.getBoundingClientRect();
    if (each.offsetParent === null) continue;
    if (box.left < 0 || box.top < 0 || box.bottom > innerHeight + 1) found.push(told(each));
    if (box.right > innerWidth + 1 && !each.matches(".source .here")) found.push(told(each));
  }
  for (const line of document.querySelectorAll(".source .here")) {
    const [own, box] = [line, line.closest(".code")].map((each) => each.getBoundingClientRect());
    if (own.top < box.top - 1 || own.bottom > box.bottom + 1) found.push("the line at the cursor");
  }
  const root = document.documentElement;
  if (root.scrollHeight > innerHeight || root.scrollWidth > innerWidth) found.push("the page scrolls");
  return found;
}"""
"""What is there to be seen, and is not on the screen."""


@pytest.mark.parametrize(
    "size", [(1280, 720), (1920, 1080), (1024, 768)], ids=lambda size: f"{size[0]}x{size[1]}"
)
@pytest.mark.parametrize("names", [THREE[:1], THREE[:2], THREE, ("kernel",), ("threads",)], ids=" ".join)
def test_stage(show: OpenPage, names: tuple[str, ...], size: tuple[int, int]) -> None:
    """On a stage all is on one screen: timeline, sentence, the line of source and the sockets of every run."""
    opened = show(*names, viewport={"width": size[0], "height": size[1]})
    opened.press("f", "]", "]")
    outside = opened.page.evaluate(OUTSIDE)
    assert [] == outside
    assert opened.page.locator("#log").is_hidden()


@pytest.mark.parametrize(
    ("names", "keys", "sizes"),
    [
        (THREE, "f", ((1280, 900), (1280, 420))),
        (("kernel",), "ff", ((600, 800), (600, 800))),
        (("kernel",), "aa", ((1280, 800), (700, 500))),
    ],
)
def test_line_stays_in_sight(
    show: OpenPage, names: tuple[str, ...], keys: str, sizes: tuple[tuple[int, int], ...]
) -> None:
    """The line at the cursor is in sight after the stage, the size of text or the window has changed."""
    opened = show(*names, viewport={"width": sizes[0][0], "height": sizes[0][1]})
    opened.press("End", *keys)
    opened.page.set_viewport_size({"width": sizes[1][0], "height": sizes[1][1]})
    opened.frame()
    assert "the line at the cursor" not in opened.page.evaluate(OUTSIDE)


def test_size_of_text(show: OpenPage) -> None:
    """Text grows with the button, on canvas, too: the lanes need more room."""
    opened = show("selector")
    before = opened.page.locator("#timeline").bounding_box()
    opened.press("a", "a")
    after = opened.page.locator("#timeline").bounding_box()
    assert before
    assert after
    assert after["height"] > before["height"] * 1.15


@pytest.mark.parametrize("landscape", [False, True])
def test_paper(show: OpenPage, landscape: bool) -> None:
    """On paper the page is as wide as the sheet, the timeline keeps its proportions, and afterwards all is as before."""
    opened = show(*THREE, at="run=3&step=1.1.9", color_scheme=DARK)
    before = opened.page.evaluate("() => document.querySelector('#timeline canvas').width")
    opened.page.evaluate(
        """() => matchMedia("print").addEventListener("change", (event) => {
          if (!event.matches) return;
          const canvas = document.querySelector("#timeline canvas");
          const box = canvas.getBoundingClientRect();
          window.paper = { form: canvas.width / canvas.height, seen: box.width / box.height,
                           beyond: [...document.querySelectorAll("body *")].filter((each) => !each.closest(".code, .unseen")
                             && each.getBoundingClientRect().right > document.documentElement.clientWidth + 2).length };
        })"""
    )
    found = sheets(printed(opened.page, landscape=landscape))
    assert found
    for sheet in found:
        assert sheet == pytest.approx((842, 595) if landscape else (595, 842), abs=2)
    paper = opened.page.evaluate("() => window.paper")
    assert paper["seen"] == pytest.approx(paper["form"], rel=0.02)
    assert 0 == paper["beyond"]
    assert before == opened.page.evaluate("() => document.querySelector('#timeline canvas').width")
    assert DARK == shade(opened)


def test_paper_shows_the_line_of_source(show: OpenPage) -> None:
    """On paper each source has the lines around the one at which its run is, and that one is in sight."""
    opened = show(*THREE, at="run=3&step=1.9.9")
    opened.page.evaluate(
        """() => matchMedia("print").addEventListener("change", (event) => {
          if (!event.matches) return;
          window.paper = [...document.querySelectorAll(".code")].filter((box) => box.querySelector(".here")).map((box) => {
            const line = box.querySelector(".here").getBoundingClientRect(), around = box.getBoundingClientRect();
            const lines = [...box.querySelectorAll("li")];
            const seen = lines.filter((each) => each.getBoundingClientRect().height);
            return [lines.length > seen.length, seen.length < 18, line.top >= around.top && line.bottom <= around.bottom];
          });
        })"""
    )
    printed(opened.page)
    paper = opened.page.evaluate("() => window.paper")
    assert paper
    assert [[True, True, True]] * len(paper) == paper


# -- For everybody.


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("at", ["", "stage=1&run=3&step=3.9.9", "run=3&step=5.20.20&filter=recv"])
def test_axe(show: OpenPage, theme: str, at: str) -> None:
    """axe-core finds nothing, in both themes, on the page, on the stage, and with a filter."""
    opened = show(*THREE, at=at, color_scheme=theme)
    assert () == axe(opened.page).findings


@pytest.mark.parametrize("name", ["kernel", "threads", "one event", "nothing"])
def test_axe_in_other_runs(show: OpenPage, name: str) -> None:
    """Nor does it with one run, with many lanes, or with nothing; nor in the help."""
    opened = show(name)
    assert () == axe(opened.page).findings
    opened.press("?")
    assert () == axe(opened.page).findings


PATCHES = """() => document.querySelectorAll("#legend .swatch").forEach((each, index) => {
  each.style.cssText = "position: fixed; z-index: 99; top: 0; width: 28px; height: 13px; border-radius: 0";
  each.style.left = `${index * 40}px`;
  document.body.append(each);
})"""
"""Puts the samples of the legend side by side, free of all else."""


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("eyes", ["deuteranopia", "achromatopsia"])
def test_states_apart(show: OpenPage, theme: str, eyes: str) -> None:
    """Any two states can be told apart, in the legend as on the canvas, by eyes that see no green, and in grey."""
    opened = show("selector", color_scheme=theme, device_scale_factor=2)
    opened.page.evaluate(PATCHES)
    patches = {
        state: Picture.decode(
            seen_as(opened.page, eyes, {"x": index * 40, "y": 0, "width": 28, "height": 13})
        )
        for index, state in enumerate(STATES)
    }
    alike = {pair: apart(patches[pair[0]], patches[pair[1]]) for pair in combinations(STATES, 2)}
    assert {} == {pair: far for pair, far in alike.items() if far < 5}


HATCH = "() => getComputedStyle(document.querySelector('.swatch.is-blocked')).backgroundImage"


def test_colours_of_the_system(show: OpenPage) -> None:
    """With the colours that the system forces, the page still works, and states keep their patterns."""
    opened = show(*THREE, forced_colors="active")
    opened.press("]", "3")
    assert "none" != opened.page.evaluate(HATCH)
    opened.nothing_else()


# -- What `scripts/bench page` asks for.


def test_each_step_is_measured(show: OpenPage) -> None:
    """What the painting of each step took can be asked of the page."""
    opened = show(*THREE)
    for _ in range(30):
        opened.press("ArrowRight")
    assert len(opened.measures("tracedemo:step")) >= min(30, len(walks(*THREE)[0]) - 1)


def test_the_socket_of_the_step_is_seen(show: OpenPage) -> None:
    """Of many sockets those that take part are shown, that of the step first of all; the others are counted."""
    opened = show("threads", at="stage=1&step=200")
    chips = opened.page.locator(".chip").all_inner_texts()
    walk = walks("threads")[0]
    own = walk.event(199).conn
    label = next(socket.label for socket in walk.shown if socket.number == own)
    assert chips[0].startswith(f"{label} ")
    counted = [int(chip.split(" ")[0]) for chip in chips if " more " in chip]
    assert len(walk.shown) == len(chips) - len(counted) + sum(counted)


@pytest.mark.parametrize("scale", ["real", "squeeze", "steps"])
def test_scale_says_what_it_does(show: OpenPage, scale: str) -> None:
    """Where waits are drawn shorter than they are, the page says from which length on, and only there."""
    opened = show("selector", at=f"scale={scale}")
    note = opened.page.inner_text("#legend .aside")
    assert ("drawn shorter" in note) == (scale == "squeeze")
    pressed = opened.page.locator("#toolbar [aria-pressed=true]").first.inner_text()
    assert {"real": "Real", "squeeze": "Squeeze waits", "steps": "Steps"}[scale] == pressed
