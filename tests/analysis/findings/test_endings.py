"""How runs come to a bad end."""

from __future__ import annotations

import pytest

from tests.analysis.findings.telling import found, kinds, told
from tests.analysis.story import MS, TID, TRACER, Story

LOCKSTEP = {"pace": "lockstep"}
SILENT = {"pace": "clock", "fault": "stall", "injected_stall": 1}


def asked(story: Story, *fds: int) -> None:
    """Connections that wait for an answer."""
    for fd in fds:
        story.socket(fd)
        story.call("connect", fd, address="127.0.0.1:8000", result=None)
        story.send(fd)


def broken(story: Story, fd: int) -> None:
    story.call("recv", fd, size=4096, errno="ECONNRESET", exc="ConnectionResetError")


# A wait without a deadline


@pytest.mark.parametrize(
    ("ended", "server"),
    [("deadlock", LOCKSTEP), ("its time was over", SILENT)],
)
def test_wait_for_ever(ended: str, server: dict[str, object]) -> None:
    """A select that never returned, and the last use of each connection on which something was to come, are evidence."""
    story = Story(ended=ended, server=server)
    asked(story, 4, 5)
    story.recv(5, 10)
    story.recv(5, 0)
    story.call("close", 5)
    story.call("select", 3, took=None, timeout=None, could_wait=True)
    one = found(story)["no-deadline"]

    assert one.title == (
        "select() would have waited for ever: nothing more came on 1 socket, and no deadline was set."
    )
    assert {("send", 4), ("select", 3)} == set(told(story, "no-deadline"))
    assert 1 == one.calls


def test_asked_for_ever() -> None:
    """A program that never waits would have asked for ever."""
    story = Story(ended="spin", server=LOCKSTEP)
    asked(story, 4)
    story.not_yet("recv", 4)
    story.call("recv", 4, took=None)

    assert found(story)["no-deadline"].title.startswith(
        "recv() would have been asked for ever: nothing more came on 1 "
    )


def test_stopped_by_ctrl_c() -> None:
    """By the clock the call that a Ctrl-C broke off is the one that waited."""
    story = Story(ended="its time was over", server=SILENT)
    asked(story, 4)
    story.call("recv", 4, took=5 * MS, exc="KeyboardInterrupt")
    one = found(story)["no-deadline"]

    assert [("recv", 4)] == told(story, "no-deadline")
    assert "its last wait had taken 5 milliseconds." in one.cost


def test_stopped_loop() -> None:
    """An event loop whose select returned for the signal had waited longest in that."""
    story = Story(ended="its time was over", server=SILENT)
    asked(story, 4)
    story.select([], took=MS)
    story.select([], took=9 * MS)
    story.select([], took=2 * MS)

    assert [("send", 4), ("select", 3)] == told(story, "no-deadline")
    assert 9 * MS == found(story)["no-deadline"].ns


@pytest.mark.parametrize("ended", ["exit", "interrupted", "signal INT", "its time was over"])
def test_ended_otherwise(ended: str) -> None:
    """Of a program that ended by itself, or was ended for a reason that nobody knows, nothing is said."""
    story = Story(ended=ended, server=LOCKSTEP)
    asked(story, 4)
    story.call("recv", 4, took=None)

    assert "no-deadline" not in kinds(story)


def test_nothing_was_to_come() -> None:
    """Where every connection had come to its end, nothing is said."""
    story = Story(ended="deadlock", server=LOCKSTEP)
    asked(story, 4, 5)
    story.recv(4, 0)
    broken(story, 5)
    story.call("select", 3, took=None)

    assert "no-deadline" not in kinds(story)


# One fails, all fail


def test_one_fails_all() -> None:
    """A failure after which waiting connections are used no more is told with them."""
    story = Story(exit_code=1)
    asked(story, 4, 5, 6)
    story.not_yet("recv", 6)
    broken(story, 4)
    one = found(story)["one-fails-all"]

    assert one.title == (
        "recv() failed on one socket (ECONNRESET), and 2 others that still waited were given up with it."
    )
    assert [("send", 5), ("recv", 6), ("recv", 4)] == told(story, "one-fails-all")


def test_so_error() -> None:
    """A failure may be read off SO_ERROR."""
    story = Story(exit_code=1)
    asked(story, 4, 5)
    story.call("getsockopt", 4, option="SO_ERROR", result="ECONNREFUSED")

    assert found(story)["one-fails-all"].title.startswith(
        "getsockopt() failed on one socket (ECONNREFUSED), and 1 other "
    )


@pytest.mark.parametrize(
    "then",
    [
        pytest.param(lambda story: story.recv(5, 10), id="used"),
        pytest.param(lambda story: story.call("close", 5), id="closed"),
    ],
)
def test_others_go_on(then) -> None:
    """Who uses the others after the failure, or closes them, has not given them up."""
    story = Story()
    asked(story, 4, 5)
    broken(story, 4)
    then(story)

    assert "one-fails-all" not in kinds(story)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(lambda story: story.recv(5, 10), id="at rest"),
        pytest.param(lambda story: (story.recv(5, 10), story.recv(5, 0)), id="at its end"),
        pytest.param(lambda story: broken(story, 5), id="broken itself"),
    ],
)
def test_others_did_not_wait(before) -> None:
    """A connection that had its answer, or failed, too, was not given up because of the other."""
    story = Story()
    asked(story, 4, 5)
    before(story)
    broken(story, 4)

    assert "one-fails-all" not in kinds(story)


def test_another_thread() -> None:
    """What another thread does is its own affair."""
    story = Story()
    asked(story, 4)
    story.socket(5, tid=TID + 1)
    story.call("send", 5, bytes=9, result=9, tid=TID + 1)
    broken(story, 4)

    assert "one-fails-all" not in kinds(story)


def test_only_the_program_fails() -> None:
    """A call of the tool that fails is no failure of the program."""
    story = Story()
    asked(story, 4, 5)
    story.call("recv", 4, errno="ECONNRESET", exc="ConnectionResetError", mark=TRACER)

    assert "one-fails-all" not in kinds(story)
