"""The picture of many sockets at once."""

from __future__ import annotations

import pytest

from tests.browser.axe import axe
from tests.browser.looks import Picture
from tests.browser.opened import Opened
from tests.browser.reports import OpenRuns, studies
from tests.browser.tables import state
from tracedemo.analysis.walk import Walk

SLIDER, MAP = "#many [role=slider]", "#many .plot:has([role=slider])"
CHOSEN = 12


def seen(opened: Opened) -> Opened:
    """Have the section on the screen: until somebody could see it, it is not drawn."""
    opened.page.locator("#many").scroll_into_view_if_needed()
    opened.until("window.tracedemo.many.counts")
    return opened


def pictures(opened: Opened) -> dict[str, Picture]:
    """The pictures of the section, by what stands above each."""
    found = {}
    seen(opened)
    for figure in opened.page.locator("#many .figure").all():
        if figure.is_visible():
            found[figure.locator("h3").inner_text()] = Picture.decode(figure.locator("canvas").screenshot())
    return found


def test_numbers_are_those_of_the_summary(show: OpenRuns) -> None:
    """A sentence says how many sockets and threads there are, how many were in flight, and how large wakeups were."""
    found = studies("big")[0].summary
    text = show("big").page.inner_text("#many .text")

    assert 240 == found.in_flight == found.connections
    assert text.startswith(
        f"{found.connections} sockets on 1 thread, {found.in_flight} of them in flight at most;"
    )
    assert f" {found.wakeups} wakeups, with 4 sockets ready in each on average" in text


@pytest.mark.parametrize("name", ["big", "crowd", "threads"])
def test_most_in_flight(name: str, show: OpenRuns) -> None:
    """Counted from the sockets' own stories, most are in flight at once as the summary says."""
    opened = show(name)
    most = opened.page.evaluate("() => window.tracedemo.many.crowd.most")

    assert studies(name)[0].summary.in_flight == most


@pytest.mark.parametrize("name", ["big", "crowd", "threads"])
def test_each_in_flight_waits_for_one_thing(name: str, show: OpenRuns) -> None:
    """The layers of the picture together are those in flight: nobody is counted twice, and nobody is missing for long."""
    opened = seen(show(name))
    layers = opened.page.evaluate("() => window.tracedemo.many.counts.map(column => [...column])")
    together = [sum(column) for column in zip(*layers, strict=True)]

    most = studies(name)[0].summary.in_flight
    assert all(number >= 0 for layer in layers for number in layer)
    assert most * 0.95 <= max(together) <= most
    assert 0 == together[-1]


def test_pictures_show_something(show: OpenRuns) -> None:
    """Each picture is there, and has more than one colour."""
    found = pictures(show("big"))

    assert ["In flight", "The one thread", "Wakeups", "Every socket", "Sockets 1 to 12"] == list(found)
    for name, picture in found.items():
        assert len({pixel for row in picture.pixels for pixel in row}) > 3, name


def test_nobody_waits_for_what_is_not_seen(show: OpenRuns) -> None:
    """Far below the screen nothing is drawn, though all words are there; on the screen it is there with the rest."""
    far, near = (show("big", viewport={"width": 1280, "height": height}) for height in (300, 2000))

    assert [False, True] == [
        page.page.evaluate("() => !!window.tracedemo.many.counts") for page in (far, near)
    ]
    assert far.page.locator("#many").inner_text() == near.page.locator("#many").inner_text()


def test_run_without_wakeups_has_no_picture_of_them(show: OpenRuns) -> None:
    """Threads that block never ask which sockets are ready."""
    assert ["In flight", "64 threads", "Every socket", "Sockets 1 to 12"] == list(pictures(show("threads")))


def test_choosing_with_keys(show: OpenRuns) -> None:
    """The sockets shown in full are chosen with the keys of a slider, which says what it is at."""
    opened = show("big")
    opened.page.focus(SLIDER)

    def chosen(*keys: str) -> str:
        opened.press(*keys)
        first = int(opened.page.get_attribute(SLIDER, "aria-valuenow") or 0)
        title = opened.page.locator("#many h3").last.inner_text()
        assert f"Sockets {first} to {first + CHOSEN - 1}" == title
        assert (opened.page.get_attribute(SLIDER, "aria-valuetext") or "").startswith(
            f"{title} of 240: fetch_data #{first}"
        )
        return title

    assert "Sockets 2 to 13" == chosen("ArrowDown")
    assert "Sockets 14 to 25" == chosen("PageDown")
    assert "Sockets 229 to 240" == chosen("End")
    assert "Sockets 228 to 239" == chosen("ArrowUp")
    assert "Sockets 1 to 12" == chosen("Home")
    assert [0] == state(opened)["steps"]


def test_choosing_with_the_pointer(show: OpenRuns) -> None:
    """A drag on the map chooses what lies under the pointer."""
    opened = show("big", viewport={"width": 1280, "height": 2000})
    box = opened.page.locator(MAP).bounding_box()
    assert box
    opened.page.mouse.move(box["x"] + 300, box["y"] + 10)
    opened.page.mouse.down()
    opened.page.mouse.move(box["x"] + 300, box["y"] + box["height"] / 2)
    opened.page.mouse.up()

    assert abs(int(opened.page.get_attribute(SLIDER, "aria-valuenow") or 0) - 115) <= 2


def test_cursor_chooses_its_socket(show: OpenRuns) -> None:
    """Wherever the cursor goes, the socket that it is about is one of those shown in full."""
    opened = show("big")
    walk = Walk(studies("big")[0])
    for step in (0, len(walk) // 3, len(walk) - 2):
        state(opened, steps=[step])
        conn = walk.event(step).conn
        first = int(opened.page.get_attribute(SLIDER, "aria-valuenow") or 0)
        assert conn is None or first <= conn < first + CHOSEN


def test_lane_is_gone_to(show: OpenRuns) -> None:
    """A click on one of the sockets shown in full goes to a step of it."""
    opened = show("big", viewport={"width": 1280, "height": 2200})
    lanes = opened.page.locator("#many .plot").last
    box = lanes.bounding_box()
    assert box
    opened.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] * 3.5 / CHOSEN)

    (step,) = state(opened)["steps"]
    assert 4 == Walk(studies("big")[0]).event(step).conn


def test_few_sockets_have_their_lanes(show: OpenRuns) -> None:
    """Up to fifty sockets the timeline shows them all, and of several runs the section is of the one looked at."""
    assert 0 == show("selector").page.locator("#many").count()
    opened = show("selector", "big")
    assert not opened.page.is_visible("#many")
    state(opened, run=1)
    assert "Many sockets at once: big, 240 requests" == opened.page.inner_text("#many h2")


def test_zoom_is_that_of_the_timeline(show: OpenRuns) -> None:
    """What the timeline shows of time, the pictures show, too."""
    opened = show("big")
    before = pictures(opened)
    state(opened, zoom={"from": 0.4, "to": 0.6})
    after = pictures(opened)

    for name in before:
        assert before[name] != after[name], name


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [600, 1280])
def test_many_sockets_are_for_all(width: int, scheme: str, show: OpenRuns) -> None:
    """In both themes and in a narrow window axe finds nothing, and nobody scrolls sideways."""
    opened = seen(show("big", viewport={"width": width, "height": 900}, color_scheme=scheme))

    assert 0 == opened.sideways()
    assert () == axe(opened.page).findings
    opened.nothing_else()
