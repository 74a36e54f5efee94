"""Lesson 11: what a learner says of asyncio is held against the places of the calls, and nothing else."""

from __future__ import annotations

import json

import pytest

from tests.analysis.story import THERE, Story
from tracedemo.events import Site
from tracedemo.runner import Run
from tracedemo.workshop.case import Case
from tracedemo.workshop.lesson import Scenario
from tracedemo.workshop.lessons.lesson_11_asyncio import lesson

LIBRARY = Site("lib/asyncio/selector_events.py", 10, "Loop._begin")
OWN = Site("dissect.py", 20, "fetch_data")


def case(output: str, **fields: Site) -> Case:
    """A program that printed this, and connected once."""
    story = Story()
    story.socket(4)
    story.call("connect", 4, address=THERE, **({"site": LIBRARY, "user_site": OWN} | fields))
    return Case(Scenario(name="told", rules=()), Run(story.trace(), 0, output, ""), {})


def said(rule: str, seen: Case) -> list[str]:
    return [broken.sentence for broken in lesson.RULES[rule].broken(seen)]


@pytest.mark.parametrize("name", ["_begin", "Loop._begin", " Loop._begin() "])
def test_maker_is_named(name: str) -> None:
    """Whoever names the function of the call's own place is right, with or without class and brackets."""
    assert [] == said("who/made-it", case(json.dumps({"connect": name})))


def test_another_release_another_name() -> None:
    """When the library calls its function otherwise, the name that was right is wrong."""
    renamed = LIBRARY._replace(function="Loop._start")

    assert ["_begin() did not make the connect(); it made no call in this run"] == said(
        "who/made-it", case('{"connect": "_begin"}', site=renamed)
    )


def test_own_function_waits() -> None:
    """The learner's own function, whose line waits for the call, did not make it; unless it did."""
    answer = '{"connect": "fetch_data"}'

    assert ['"connect": fetch_data() is yours; it waits, and asyncio makes the call'] == said(
        "who/inside", case(answer)
    )
    assert [] == said("who/inside", case(answer, site=OWN))


def test_what_is_no_answer() -> None:
    """Lines that are no JSON object say nothing, and neither do numbers, lists and blanks in one."""
    for output in (
        "",
        "200 OK\n[1]\n",
        '{"connect": 1}',
        '{"connect": ["_begin"]}',
        '{"connect": "  "}',
        "{",
    ):
        assert 'nobody is named for "connect"' in said("who/told", case(output))
    assert 'nobody is named for "connect"' not in said("who/told", case('{"connect": "x"}\nend\n'))


def test_calls_that_were_not_made() -> None:
    """What is asked for and did not happen is said, rather than blamed on the answer."""
    missing = said("asyncio/all-six", case(""))

    assert "there is no setsockopt(TCP_NODELAY) in this run" in missing
    assert "there is no connect() in this run" not in missing
