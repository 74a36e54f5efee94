"""Rules for where a program sleeps, on traces told by hand."""

from __future__ import annotations

from tests.analysis.story import Story
from tracedemo.runner import Run
from tracedemo.workshop.case import Case
from tracedemo.workshop.lesson import Scenario
from tracedemo.workshop.rules import Rule, sleeping

FD = 4


def said(rule: Rule, story: Story) -> list[str]:
    run = Run(story.trace(), 0, "", "")
    return [broken.sentence for broken in rule.broken(Case(Scenario(name="told", rules=()), run, {}))]


def begun() -> Story:
    """A connection that is under way."""
    story = Story()
    story.socket(FD)
    story.connect(FD)
    return story


def test_a_glance_that_finds_nothing_is_no_sleep() -> None:
    """A select with timeout 0 is named when it finds nothing; one that finds something, or that sleeps, is not."""
    story = begun()
    story.select([], timeout=0)
    story.select([[FD, "WRITE"]], timeout=0)
    story.select([], timeout=5)

    assert 1 == len(said(sleeping.sleeps, story))


def test_with_deadlines_only_the_second_glance_is_a_fault() -> None:
    """One glance that finds nothing is right where a deadline has passed; a second one right behind it never is."""
    once, twice = begun(), begun()
    once.select([], timeout=0)
    once.select([], timeout=0.5)
    twice.select([], timeout=0)
    twice.select([], timeout=0.0)

    assert [] == said(sleeping.asleep, once)
    assert ["select() twice in a row without a sleep, and nothing was done between the two"] == said(
        sleeping.asleep, twice
    )


def test_a_call_on_a_blocking_socket_is_named() -> None:
    """A recv() that can wait is named; a connect() that can wait is not, if setblocking(False) comes after it."""
    story = Story()
    story.socket(FD)
    story.call("connect", FD, address="127.0.0.1:8000", could_wait=True)
    story.call("setblocking", FD, mode="non-blocking")
    assert [] == said(sleeping.in_select_only, story)

    story.call("setblocking", FD, mode="blocking")
    story.call("recv", FD, size=9, bytes=9, could_wait=True)
    assert ["recv() on a blocking socket"] == said(sleeping.in_select_only, story)
