"""How selectors are used."""

from __future__ import annotations

import pytest

from tests.analysis.findings.telling import found, kinds, told, turn
from tests.analysis.story import MS, TID, Story, fetch
from tracedemo.analysis.findings.watching import ROUNDS

WATCH = {"selector": "EpollSelector"}


def rounds(story: Story, times: int, events: str = "READ", **fields: object) -> None:
    """Register, wait, unregister, read."""
    for _ in range(times):
        story.call("register", 4, events=events, **(WATCH | fields))
        story.select([[4, events]], took=MS)
        story.call("unregister", 4, **(WATCH | fields))
        story.recv(4, 10)


def test_register_each_wait() -> None:
    """Three rounds of the same are told; the first register and the last unregister were needed."""
    story = Story()
    rounds(story, ROUNDS)
    one = found(story)["register-each-wait"]

    assert (
        "1 socket was registered and unregistered around each wait for the same events: 3 rounds."
        == one.title
    )
    assert "4 calls that change nothing, 40 nanoseconds inside them, each a system call." == one.cost
    assert [("unregister", 4), ("register", 4)] * 2 == told(story, "register-each-wait")


def test_register_with_poll() -> None:
    """Of a selector that keeps its list in Python no system calls are claimed."""
    story = Story()
    rounds(story, ROUNDS, selector="PollSelector")

    assert found(story)["register-each-wait"].cost.endswith("inside them.")


@pytest.mark.parametrize(
    "tell",
    [
        pytest.param(lambda story: rounds(story, ROUNDS - 1), id="twice"),
        pytest.param(lambda story: [rounds(story, 2, events) for events in ("WRITE", "READ")], id="for two things"),
        pytest.param(
            lambda story: [(rounds(story, 1), story.call("close", 4), story.socket(4)) for _ in range(5)], id="others"
        ),
        pytest.param(
            lambda story: [
                (story.call("register", 4, events="READ"), story.select([[4, "READ"]]), story.recv(4, 9),
                 story.select([[4, "READ"]]), story.recv(4, 9), story.call("unregister", 4)) for _ in range(5)
            ],
            id="two wakeups each",
        ),
    ],
)  # fmt: skip
def test_no_rounds(tell) -> None:
    """A few rounds, other events, other sockets of the same number, and a watch that serves twice, are right."""
    story = Story()
    tell(story)

    assert "register-each-wait" not in kinds(story)


def test_flow_control() -> None:
    """A transport that stops reading because its reader is behind has to."""
    story = Story()
    for _ in range(2 * ROUNDS):
        story.call("register", 4, events="READ", **WATCH)
        story.select([[4, "READ"]], took=MS)
        turn(story, took=20, owner=None, callback="_SelectorSocketTransport._read_ready")
        story.recv(4, 10)
        story.call("unregister", 4, **WATCH)

    assert [] == kinds(story)


def test_flow_control_by_the_reader() -> None:
    """So has a library that lets a transport read only while somebody waits for data, as anyio does."""
    story = Story()
    for _ in range(2 * ROUNDS):
        story.call("register", 4, events="READ", **WATCH)
        story.select([[4, "READ"]], took=MS)
        turn(story, took=10, owner=None, callback="_SelectorSocketTransport._read_ready")
        story.call("recv", 4, took=4, size=10, bytes=10)
        turn(story, took=20, step="receive")
        story.call("unregister", 4, **WATCH)

    assert [] == kinds(story)


def unread(story: Story, between=lambda _story: None, times: int = 2, **fields: object) -> None:
    """A socket that is readable, again and again."""
    story.call("socketpair", 4, result=[4, 5])
    for _ in range(times):
        story.select([[4, "READ"]], **fields)
        between(story)


def test_woken_again() -> None:
    """A wakeup for what the last one had named, and nobody read, is told, and both are evidence."""
    story = Story()
    unread(story, times=3)
    one = found(story)["woken-again"]

    assert "1 socket was reported readable again, twice, because nobody had read what was there." == one.title
    assert "2 wakeups that brought nothing new; as long as it goes on, the thread cannot sleep." == one.cost
    assert (2, 3) == (one.calls, len(one.rows))


@pytest.mark.parametrize(
    "between",
    [
        pytest.param(lambda story: story.recv(4, 1), id="read"),
        pytest.param(lambda story: story.not_yet("recv", 4), id="tried to read"),
        pytest.param(
            lambda story: story.recv(4, 1, tid=TID + 1, at=story.clock[TID]), id="read by another thread"
        ),
        pytest.param(lambda story: story.call("accept", 4, result=9, new_fd=9), id="accepted"),
        pytest.param(lambda story: story.call("unregister", 4), id="unregistered"),
        pytest.param(lambda story: story.call("modify", 4, events="WRITE"), id="modified"),
        pytest.param(lambda story: story.call("close", 4), id="closed"),
        pytest.param(lambda story: story.call("register", 4, events="IN|ET"), id="edge-triggered"),
        pytest.param(lambda story: story.call("detach", 4), id="given away"),
    ],
)
def test_somebody_took_note(between) -> None:
    """Whoever reads, or ends the watch, between two wakeups, has taken note."""
    story = Story()
    unread(story, between, times=4)

    assert "woken-again" not in kinds(story)


def test_only_looked() -> None:
    """A select that must not sleep is a look, which may be repeated."""
    story = Story()
    unread(story, could_wait=False, timeout=0)

    assert "woken-again" not in kinds(story)


def test_writable_again() -> None:
    """A socket is writable nearly always; that is no news unread."""
    story = Story()
    story.call("socketpair", 4, result=[4, 5])
    for _ in range(3):
        story.select([[4, "WRITE"]])

    assert "woken-again" not in kinds(story)


def test_sockets_of_c() -> None:
    """A descriptor that the program did not open in Python may be read where nobody sees it."""
    story = Story()
    story.call("register", 4, events="READ")
    for _ in range(3):
        story.select([[4, "READ"]])

    assert [] == kinds(story)


def test_rows_that_are_missing() -> None:
    """Where calls were dropped, a read may be among them: nothing is said."""
    story = Story(dropped={"python": 3})
    unread(story, times=5)

    assert [] == kinds(story)


def test_fetch_of_the_post() -> None:
    """The post's generator and loop have their two weak points, and no other."""
    story = Story()
    fetch(story, 4, "fetch_data #1", "127.0.0.1:5000")

    assert ["no-so-error"] == kinds(story)
