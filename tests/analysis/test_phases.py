"""What each call was for."""

from __future__ import annotations

from tests.analysis.story import MS, THERE, US, Story, fetch
from tracedemo.analysis.phases import UNKNOWN, Phases, phases
from tracedemo.analysis.segments import State
from tracedemo.events import Trace
from tracedemo.syscalls import PHASES


def told(story: Story) -> Phases:
    return phases(story.trace())


def test_phases_of_a_fetch() -> None:
    """A generator's fetch passes through all phases but the lookup."""
    story = Story()
    fetch(story, 4, "fetch_data #1", "127.0.0.1:5000")
    found = told(story)

    assert list(PHASES) == list(found.totals)
    assert {
        "lookup": 0,
        "create": 1,
        "connect": 1,
        "send": 1,
        "wait": 3,
        "receive": 4,
        "watch": 4,
        "close": 1,
    } == {phase: total.calls for phase, total in found.totals.items()}
    assert (21 * MS, State.ASLEEP) == (found.totals["wait"].time, found.totals["wait"].state)
    assert ({}, None) == (found.totals["lookup"].by_state, found.totals["lookup"].state)
    assert (1, 1) == (found.totals["connect"].not_yet, found.totals["receive"].not_yet)
    assert {"create", "connect", "send", "receive", "watch", "close"} == set(found.by_connection[1])


def test_waiting_for_the_first_byte() -> None:
    """A receive that waits, or hears "not yet", before the first byte of an answer waits; after it, it receives."""
    story = Story()
    story.call("connect", 4, address=THERE)
    story.send(4)
    story.not_yet("recv", 4)
    story.recv(4, 5, took=MS, could_wait=True)
    story.recv(4, 5, took=MS, could_wait=True)
    story.not_yet("recv", 4)

    assert ("connect", "send", "wait", "wait", "receive", "receive") == told(story).of_row


def test_first_byte_that_was_there() -> None:
    """A receive that need not wait for the first byte just receives."""
    story = Story()
    story.send(4)
    story.recv(4, 5)

    assert ("send", "receive") == told(story).of_row


def test_second_request_waits_again() -> None:
    """Each request of a reused connection is waited for anew."""
    story = Story()
    for _ in range(2):
        story.send(4)
        story.recv(4, 5, took=MS, could_wait=True)
        story.recv(4, 5, took=MS, could_wait=True)

    assert ("send", "wait", "receive") * 2 == told(story).of_row


def test_request_that_was_not_taken_is_not_waited_for() -> None:
    """A send that was not taken is no request."""
    story = Story()
    story.not_yet("send", 4)
    story.not_yet("recv", 4)
    story.call("send", 4, errno="EPIPE", exc="BrokenPipeError")
    story.not_yet("recv", 4)
    story.call("shutdown", 4, how="SHUT_WR")
    story.not_yet("recv", 4)

    assert ("send", "receive") * 3 == told(story).of_row


def test_answer_that_never_came() -> None:
    """A receive that never returned is still waiting for the first byte."""
    story = Story(clock_end=(MS, 0))
    story.send(4)
    story.call("recv", 4, took=None, could_wait=True)

    assert ("send", "wait") == told(story).of_row


def test_time_within_a_call_counts_once() -> None:
    """The time of a call inside another one is taken from the outer one's phase."""
    story = Story()
    story.select([], took=100 * US)
    story.send(4, at=30 * US, took=10 * US)
    found = told(story).totals

    assert (90 * US, 10 * US) == (found["wait"].time, found["send"].time)


def test_unknown_call() -> None:
    """A call that is not in the table has a phase of its own, after all others, and only if it happened."""
    story = Story()
    story.call("teleport", 4)
    found = told(story)

    assert [*PHASES, UNKNOWN] == list(found.totals)
    assert (UNKNOWN,) == found.of_row


def test_lookup_counts_for_its_connection() -> None:
    """The lookup of a name is part of the connection that used the answer."""
    story = Story()
    story.call("getaddrinfo", took=77, result=[THERE])
    story.call("connect", 4, address=THERE)

    assert 77 == told(story).by_connection[1]["lookup"].time


def test_rows_that_are_no_calls() -> None:
    """Steps, the tool's own calls and the server's events have no phase."""
    story = Story()
    story.step("start", "a #1")
    story.port(4, "127.0.0.1:5")
    story.server("sent", "127.0.0.1:5", 50)

    assert (None, None, None) == told(story).of_row


def test_empty_trace() -> None:
    """A Trace without rows has all phases, with nothing in them."""
    found = phases(Trace())

    assert {0} == {total.time + total.calls for total in found.totals.values()}
