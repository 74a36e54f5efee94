"""What the page tells of a diff."""

from __future__ import annotations

from tests.browser.axe import axe
from tests.browser.reports import OpenRuns, studies
from tests.browser.tables import state
from tests.render.traces import selector
from tracedemo.analysis.diff import diff
from tracedemo.analysis.study import Study
from tracedemo.analysis.text import clean
from tracedemo.analysis.walk import Walk
from tracedemo.events import Trace
from tracedemo.render.html import page

HOSTILE = "</script><img src=x onerror=alert(1)>\x1b[31m\u202e"


def changed(trace: Trace) -> Trace:
    """The same run, in which one receive is answered by a reset, under a name that is full of markup."""
    events = list(trace)
    row = next(row for row, event in enumerate(events) if event.op == "recv" and event.bytes)
    events[row] = events[row]._replace(
        errno="ECONNRESET", exc="ConnectionResetError", result=None, bytes=None, owner=HOSTILE
    )
    return trace.replace(events=events)


def test_it_says_what_the_diff_says(report_page: OpenRuns) -> None:
    """Each difference is there in its own sentence, as text, and its links lead to its steps."""
    a, b = Study(selector(2), "a"), Study(changed(selector(2)), "b")
    found = diff(a, b)
    said = [clean(step.says) for group in found.groups for step in group.differences]
    shown = report_page("".join(page((a, b), differences=found)))
    shown.drawn()

    assert said
    texts = shown.page.locator("#diff li li > p:first-child").all_text_contents()
    assert [*said] == texts
    assert [] == shown.page.locator("#diff img").all()
    link = shown.page.locator("#diff li li button").last
    link.click()
    shown.frame()
    assert 1 == state(shown)["run"]
    step = state(shown)["steps"][1]
    assert Walk(b).sentence(step) == shown.page.evaluate(
        "tracedemo.model.runs[1].sentence(tracedemo.state.steps[1])"
    )
    assert () == tuple(axe(shown.page).findings)
    shown.nothing_else()


def test_no_difference_is_said(report_page: OpenRuns) -> None:
    """Of two runs that did the same, the page says so; a page without a diff says nothing of one."""
    (one,) = studies("crowd")
    shown = report_page("".join(page((one, one), differences=diff(one, one))))
    shown.drawn()

    assert shown.page.locator("#diff .told").inner_text().startswith("No difference: ")
    assert 0 == shown.page.locator("#diff li").count()
    bare = report_page("".join(page((one,))))
    bare.drawn()
    assert bare.page.locator("#diff").is_hidden()
