"""Rules for how a loop drives its generators, on traces told by hand."""

from __future__ import annotations

import pytest

from tests.analysis.story import Story
from tracedemo.runner import Run
from tracedemo.workshop.case import Case
from tracedemo.workshop.lesson import Scenario
from tracedemo.workshop.rules import Rule, resuming

FETCH = "fetch_data #1"
FD = 4


def said(rule: Rule, story: Story) -> list[str]:
    run = Run(story.trace(), 0, "", "")
    return [broken.sentence for broken in rule.broken(Case(Scenario(name="told", rules=()), run, {}))]


def begun() -> Story:
    """A generator that has yielded (fd 4, WRITE) after its connect()."""
    story = Story()
    story.call("selector", 3, selector="EpollSelector", result=3)
    story.step("start", FETCH)
    story.socket(FD)
    story.connect(FD)
    story.step("yield", FETCH, FD, value=f"fd {FD}, WRITE")
    return story


def sent(story: Story) -> Story:
    """The same one round later: it has sent, and has yielded (fd 4, READ)."""
    story.step("resume", FETCH)
    story.send(FD)
    story.step("yield", FETCH, FD, value=f"fd {FD}, READ")
    return story


def woken(story: Story, registered: str, ready: str) -> Story:
    """One round of a loop that registers for this, and is told that."""
    story.call("register", FD, events=registered)
    story.select([[FD, ready]])
    story.call("unregister", FD)
    return story


def test_a_fitting_wakeup_lets_a_generator_go_on() -> None:
    """Nothing is said of a generator that is resumed when its socket was reported for its event."""
    assert [] == said(resuming.told, sent(woken(begun(), "WRITE", "WRITE")))


@pytest.mark.parametrize("ready", [None, "READ"])
def test_a_step_without_a_fitting_wakeup_is_named(ready: str | None) -> None:
    """A generator that waits to write must not be resumed without a wakeup, nor by one for reading."""
    story = begun() if ready is None else woken(begun(), "READ", ready)

    assert [
        f"{FETCH} is resumed, though select() has not reported its socket for WRITE since it yielded"
    ] == said(resuming.told, sent(story))


def test_one_wakeup_is_good_for_one_step() -> None:
    """What was reported before a generator yielded is no reason to resume it again."""
    twice = sent(woken(begun(), "READ|WRITE", "READ|WRITE"))
    twice.step("resume", FETCH)

    assert [
        f"{FETCH} is resumed, though select() has not reported its socket for READ since it yielded"
    ] == said(resuming.told, twice)


def test_nothing_is_said_of_steps_that_were_not_seen() -> None:
    """A generator that moved without a step that was seen is not judged by what it yielded before."""
    story = woken(begun(), "READ", "READ")
    story.send(FD)  # somebody has resumed it by send(None), which nobody sees on Python 3.11
    story.step("resume", FETCH)

    assert [] == said(resuming.told, story)
    assert [] == said(resuming.told, Story())


@pytest.mark.parametrize("registered", ["READ", "READ|WRITE", None])
def test_what_was_yielded_must_be_what_is_registered(registered: str | None) -> None:
    """A select that watches for something else than the generator's event, for more, or for nothing, is named."""
    story = begun()
    if registered:
        story.call("register", FD, events=registered)
    story.select([[FD, "WRITE"]])

    (sentence,) = said(resuming.as_yielded, story)
    assert f"waits for WRITE, and fd 4 is registered for {registered or 'nothing'}" in sentence


def test_each_kind_of_call_waits_for_its_own_event() -> None:
    """A full buffer makes a generator wait to write, what it sent and EAGAIN to read, the end for nothing."""
    story = woken(begun(), "WRITE", "WRITE")
    story.not_yet("send", FD)
    woken(story, "WRITE", "WRITE")
    woken(sent(story), "READ", "READ")
    story.not_yet("recv", FD)
    woken(story, "READ", "READ")
    story.recv(FD, 0)
    story.select([])

    assert [] == said(resuming.as_yielded, story)


def test_a_registered_socket_is_left_alone() -> None:
    """Whatever a generator does with its socket, it is not registered then; unregister and close both let go of it."""
    held = begun()
    held.call("register", FD, events="WRITE")
    held.send(FD)
    held.call("close", FD)
    held.call("close", FD)

    assert [
        "send() on a socket that is still registered",
        "close() on a socket that is still registered",
    ] == said(resuming.let_go, held)
    assert [] == said(resuming.let_go, sent(woken(begun(), "WRITE", "WRITE")))


def test_a_selector_is_closed_by_its_own_close() -> None:
    """A selector counts as closed when it was closed itself, not when some socket was."""
    story = begun()
    story.call("close", FD)
    assert ["the selector was never closed"] == said(resuming.selector_closed, story)

    story.call("close", 3, what="EpollSelector")
    assert [] == said(resuming.selector_closed, story)
