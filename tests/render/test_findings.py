"""How findings are told: in full, and in short at the end of a run."""

from __future__ import annotations

import json

import pytest

from tests.analysis.findings.telling import turn
from tests.analysis.story import MS, Story
from tests.render.looks import show, studies, study, widest
from tracedemo.analysis.findings import HEADINGS
from tracedemo.analysis.study import Study
from tracedemo.events import FLOW, Header, Site, Trace
from tracedemo.render import VIEWS, Options
from tracedemo.render.findings import MISSING, brief

COMMAND = "tracedemo show --view findings"


def many() -> Study:
    """A program that does a lot wrong."""
    story = Story()
    turn(story, took=60 * MS)
    story.call("getaddrinfo", took=MS, host="example.com", could_wait=True)
    story.call("socketpair", 4, result=[4, 5])
    story.call("recv", 4, took=MS, bytes=1, could_wait=True)
    for _ in range(20):
        story.not_yet("recv", 4)
    return Study(story.trace())


def short(found: Study, width: int | None = 80, command: str = COMMAND, **options: object) -> str:
    return "".join(
        "".join(text for text, _ in line) + "\n"
        for line in brief(found, Options(width=width, **options), command)
    )


def test_brief() -> None:
    """The short form tells three findings and how many more there are, and where their evidence is."""
    found = many()
    lines = short(found, None).splitlines()

    assert 5 == len(found.findings)
    assert "What this run tells about the code:" == lines[0]
    assert [f"  - {finding.title}" for finding in found.findings[:3]] == lines[1:4]
    assert f"  and 2 more: {HEADINGS['busy-loop']} and {HEADINGS['never-closed']}" == lines[4]
    assert [f"  Evidence, cost and what to do: {COMMAND}"] == lines[5:]


def test_brief_without_more() -> None:
    """With few findings nothing is said of more, and without a kept run no command is named."""
    lines = short(study("selector"), None, command="").splitlines()

    assert 3 == len(lines)
    assert "more" not in lines[-1]


def test_brief_is_silent() -> None:
    """Where there is nothing to say, nothing is said."""
    assert "" == short(study("blocking"))


@pytest.mark.parametrize("width", [40, 60, 80, 160])
def test_brief_fits(width: int) -> None:
    """It keeps within the screen, and nothing of a sentence is lost."""
    text = short(many(), width)

    assert widest(text) <= width
    assert short(many(), None).split() == text.split()


def test_brief_in_ascii() -> None:
    """In ascii it is ascii."""
    assert short(many(), ascii=True).isascii()


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_nothing_is_cut(width: int) -> None:
    """On a narrow screen sentences go on below: every word is there."""
    words = show("findings", "selector, nonblocking, kernel", None).split()

    assert words == show("findings", "selector, nonblocking, kernel", width).split()


def test_unfold() -> None:
    """All events and lines are named when everything is asked for."""
    found = study("nonblocking").findings[0]
    text = show("findings", "nonblocking", None, unfold=True)

    assert "more" not in text
    for row in found.rows:
        assert str(study("nonblocking").events[row].seq) in text


def test_watchdog_saw_it() -> None:
    """Where the watchdog saw the thread is told with the time of the sample, not with that of the turn's begin."""
    story = Story()
    here = Site("user.py", 12, "crunch")
    for number in range(2):
        story.add(FLOW, "callback", number * 100 * MS, number * 100 * MS + 70 * MS, args={"callback": "work"})
        sampled = number * 100 * MS + 50 * MS
        story.add(FLOW, "blocked", number * 100 * MS, sampled, args={"callback": "work"}, site=here)
    found = [Study(story.trace())]

    assert "user.py:12 in crunch, seen 2 times, first at 50.000 ms" in str(
        VIEWS["findings"].table(found, Options())
    )
    assert "at line 12 of user.py, first seen at 50 milliseconds." in "\n".join(
        VIEWS["findings"].plain(found, Options())
    )


def test_missing_rows_are_said() -> None:
    """Where rows were dropped, the view says that it could not look for everything."""
    found = [Study(Trace(Header(dropped={"python": 2})))]

    assert MISSING in str(VIEWS["findings"].table(found, Options()))
    assert [
        "Nothing to say about the code: none of the 7 things that are looked for is in this run.", MISSING
    ] == list(VIEWS["findings"].plain(found, Options()))[-2:]  # fmt: skip


def test_rows() -> None:
    """For programs a finding is an object with all of its events and the keys that docs/findings.md names."""
    (line,) = VIEWS["findings"].jsonl(studies("nonblocking"), Options())
    row = json.loads(line)

    assert [
        "run", "kind", "title", "events", "places", "cost", "calls", "ns", "system_calls", "remedy"
    ] == list(row)  # fmt: skip
    assert len(study("nonblocking").findings[0].rows) == len(row["events"])
    assert {"lane": "python", "pid": 700, "seq": 15} == row["events"][0]
    assert ["file", "line", "function", "number"] == list(row["places"][0])
    assert row["system_calls"] is None
