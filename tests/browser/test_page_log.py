"""The page's log, and its filter."""

from __future__ import annotations

import pytest

from tests.browser.opened import Opened
from tests.browser.paper import printed, sheets
from tests.browser.reports import OpenRuns, studies
from tests.browser.tables import in_page, row_count, rows_of, state
from tracedemo.analysis.filters import matching, parse
from tracedemo.analysis.sentences import answer_text, call_text
from tracedemo.analysis.walk import Walk
from tracedemo.render.log import select
from tracedemo.render.options import Options

LOG = "#log .rows"


def unfold(opened: Opened) -> None:
    """A line for each step, where some share one."""
    button = opened.page.get_by_role("button", name="Fold repeats")
    if button.is_visible():
        button.click()


@pytest.mark.parametrize("name", ["blocking", "selector", "kernel", "forked", "hostile"])
def test_log_holds_every_step(name: str, show: OpenRuns) -> None:
    """Unfolded, each step has a line, with the call and the answer that the terminal shows."""
    opened = show(name)
    unfold(opened)
    walk = Walk(studies(name)[0])

    found = rows_of(opened, LOG)
    events = [walk.event(step) for step in range(len(walk))]
    assert len(walk) == row_count(opened, LOG)
    assert [(call_text(event), answer_text(event)) for event in events] == [
        (row["call"], row["answer"]) for row in found
    ]


def test_log_folds_as_the_terminal_does(show: OpenRuns) -> None:
    """Repeats share a line, the same lines as on the terminal; unfolded, each step has its own."""
    opened = show("nonblocking")
    (study,) = studies("nonblocking")
    walk = Walk(study)
    shown = set(walk.rows)
    folds = [one for one in select(study, Options()).folds if one.first in shown]

    assert len(folds) == row_count(opened, LOG)
    answers = [row["answer"] for row in rows_of(opened, LOG)]
    for one, answer in zip(folds, answers, strict=True):
        times = f" ×{one.count:,}" if one.count > 1 else ""
        assert answer_text(study.events[one.first]) + times == answer
    assert any("×" in answer for answer in answers)
    unfold(opened)
    assert len(walk) == row_count(opened, LOG)


def test_log_shows_system_calls_below(show: OpenRuns) -> None:
    """Where the kernel's lane was recorded, each call has its system calls on lines below it."""
    opened = show("kernel")
    unfold(opened)
    walk = Walk(studies("kernel")[0])

    below = ["\n".join(line.text for line in walk.beneath(step)) for step in range(len(walk))]
    assert any(below)
    assert below == [row.get("below", "") for row in rows_of(opened, LOG)]


WORDS = ["recv", "connect,send", "EAGAIN", "EINPROGRESS", "BlockingIOError", "not-yet", "failed", "unreturned", "fd=4",
         "recv,fd=5", "conn=2", "owner=fetch*", "owner=fetch_data #1", "phase=connect", "lane=flow", "wait", "yield",
         "not-yet,conn=1", "getaddrinfo", "pid=700", "importing"]  # fmt: skip


@pytest.mark.parametrize("name", ["selector", "nonblocking", "forked"])
def test_filter_agrees_with_only(name: str, show: OpenRuns) -> None:
    """The words of --only let the same steps through on the page as in the terminal."""
    opened = show(name)
    (study,) = studies(name)
    shown = set(Walk(study).rows)
    unfold(opened)

    for words in WORDS:
        wanted = [row for row in matching(study.trace, parse(words, study.trace)) if row in shown]
        state(opened, filter=words)
        assert (words, len(wanted)) == (words, row_count(opened, LOG))


def test_filter_says_how_many_fit(show: OpenRuns) -> None:
    """Beside the log stands how many of how many steps fit; a text that no word is, is looked for in all texts."""
    opened = show("selector")
    total = len(Walk(studies("selector")[0]))

    def told(words: str) -> str:
        opened.page.fill("#filter", words)
        return str(opened.page.inner_text("#log .told"))

    assert f"{total} steps" == told("")
    assert f"3 of {total} steps" == told("EINPROGRESS")
    assert f"None of {total} steps fits “zebra”" == told("zebra")
    assert told("fetch_data #2").endswith(f" of {total} steps")
    assert 0 < row_count(opened, LOG) < total


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("fd=x", "fd is a number"),
        ("colour=red", "There is no field “colour”"),
        ("phase=lunch", "There is no phase “lunch”"),
    ],
)
def test_wrong_words_say_so(words: str, wrong: str, show: OpenRuns) -> None:
    """A word that --only would refuse is named, and hides nothing."""
    opened = show("selector")
    opened.page.fill("#filter", words)

    assert opened.page.inner_text("#log .told").startswith(wrong)
    assert len(Walk(studies("selector")[0])) == row_count(opened, LOG)


def test_log_and_cursor_go_together(show: OpenRuns) -> None:
    """A row that is clicked is where the cursor goes; a step that is gone to is marked, and in sight."""
    opened = show("selector", viewport={"width": 1280, "height": 900})
    last = len(Walk(studies("selector")[0])) - 1
    opened.page.locator(f"{LOG} .body .row").nth(4).click()
    assert [4] == state(opened)["steps"]

    opened.page.locator("#title").click()
    opened.press("End")
    marked = opened.page.locator(f"{LOG} .row.at")
    assert str(last + 2) == marked.get_attribute("aria-rowindex")
    box, row = opened.page.locator(LOG).bounding_box(), marked.bounding_box()
    assert box
    assert row
    assert box["y"] <= row["y"] <= box["y"] + box["height"] - row["height"] + 1


def test_log_is_walked_with_keys(show: OpenRuns) -> None:
    """With the log in focus, up and down go from line to line, and what is chosen is told to who listens."""
    opened = show("nonblocking")
    opened.page.focus(LOG)
    opened.press("End", "ArrowUp")

    step = state(opened)["steps"][0]
    chosen = opened.page.get_attribute(LOG, "aria-activedescendant")
    row = opened.page.locator(f"[id='{chosen}']")
    assert "true" == row.get_attribute("aria-selected")
    assert row.locator(".call").inner_text() == call_text(Walk(studies("nonblocking")[0]).event(step))
    opened.press("Home")
    assert [0] == state(opened)["steps"]


def test_few_rows_are_elements(show: OpenRuns) -> None:
    """However long a log is, only the rows in sight are in the page."""
    opened = show("nonblocking")
    unfold(opened)

    assert row_count(opened, LOG) > 300
    assert 5 < in_page(opened, LOG) < 60


def test_log_is_of_the_run_that_is_chosen(show: OpenRuns) -> None:
    """Each run has its own log, which says whose it is."""
    opened = show("blocking", "selector")
    state(opened, run=1)

    assert len(Walk(studies("blocking", "selector")[1])) == row_count(opened, LOG)
    assert opened.page.inner_text("#log h2") == "Log: selector, 3 requests"


def test_long_log_on_paper(show: OpenRuns) -> None:
    """On paper stand the first 300 rows, and how many more there are."""
    opened = show("nonblocking")
    unfold(opened)
    more = row_count(opened, LOG) - 300
    opened.page.evaluate("() => dispatchEvent(new Event('beforeprint'))")

    assert 300 == in_page(opened, LOG)
    assert f"{more:,} more rows are not printed." == opened.page.text_content("#log .paper")
    opened.page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    assert in_page(opened, LOG) < 60
    assert 3 < len(sheets(printed(opened.page))) < 30
