"""Choosing events by words."""

from __future__ import annotations

import pytest

from tests.analysis.story import Story, fetch
from tracedemo.analysis.filters import Filter, matching, parse
from tracedemo.errors import UsageError
from tracedemo.events import Trace


@pytest.fixture
def trace() -> Trace:
    """Two fetches, one after the other, and a call that never returned."""
    story = Story()
    fetch(story, 4, "fetch_data #1", "127.0.0.1:5")
    fetch(story, 5, "fetch_data #2", "127.0.0.1:6")
    story.call("recv", 9, took=None)
    return story.trace()


def wanted(trace: Trace, only: str) -> list[tuple[str, int | None]]:
    return [(trace[row].op, trace[row].fd) for row in matching(trace, parse(only, trace))]


@pytest.mark.parametrize(
    ("only", "count"),
    [
        ("", 57),
        ("recv", 9),
        ("recv,send", 11),
        ("recv,fd=4", 4),
        ("recv,EAGAIN,fd=5", 1),
        ("EAGAIN,EINPROGRESS", 4),
        ("BlockingIOError", 4),
        ("errno=EAGAIN", 2),
        ("exc=BlockingIOError", 4),
        ("not-yet", 4),
        ("failed", 0),
        ("unreturned", 1),
        ("SSLWantReadError", 0),
        ("ENOTNAM", 0),
        ("flow", 16),
        ("lane=flow", 16),
        ("lane=flow,lane=server", 24),
        ("yield", 6),
        ("wait", 6),
        ("phase=connect", 2),
        ("connect", 2),
        ("phase=wait,fd=4", 0),
        ("conn=2,send", 1),
        ("owner=fetch_data #1,recv", 4),
        ("owner=fetch*,recv", 8),
        ("owner=loop", 6),
        ("tracer", 2),
        ("mark=tracer", 2),
        ("pid=200", 8),
        (" recv , fd=4 ", 4),
        (",,", 57),
        ("epoll_wait", 0),
        ("op=recv", 9),
    ],
)
def test_words(trace: Trace, only: str, count: int) -> None:
    """Words of one kind are alternatives, and different kinds must all agree."""
    assert count == len(wanted(trace, only))


def test_operation_of_the_trace_is_a_word(trace: Trace) -> None:
    """An operation that is in no table, but in the trace, can be asked for."""
    story = Story()
    story.call("teleport", 4)

    assert [("teleport", 4)] == wanted(story.trace(), "teleport")
    with pytest.raises(UsageError):
        parse("teleport", trace)


@pytest.mark.parametrize(
    ("only", "message", "remedy"),
    [
        ("recvv", "'recvv'", "Did you mean recv"),
        ("recvv", "'recvv'", "BlockingIOError"),
        ("recvv", "'recvv'", "fd=5"),
        ("EAGAINN_", "'EAGAINN_'", "SO_ERROR"),
        ("recv,colour=red", "no field 'colour'", "owner"),
        ("fd=four", "fd is a number", "fd=5"),
        ("fd=-1", "fd is a number", "fd=5"),
        ("lane=fast", "no lane 'fast'", "python, flow, kernel, server"),
        ("phase=recv", "no phase 'recv'", "lookup, create"),
        ("int", "'int'", "a call (recv)"),
    ],
)
def test_unknown_words(only: str, message: str, remedy: str) -> None:
    """A word that nobody knows is refused, and the remedy says in a few words what is possible."""
    with pytest.raises(UsageError, match=message) as raised:
        parse(only)

    assert remedy in raised.value.remedy
    assert len(raised.value.remedy.split()) < 40


def test_option_is_a_word() -> None:
    """The name of a socket's option finds the calls that set it or ask for it, in each lane, and no others."""
    story = Story()
    story.call("setsockopt", 4, level="IPPROTO_TCP", option="TCP_NODELAY", value=1)
    story.call("getsockopt", 4, level="SOL_SOCKET", option="SO_ERROR")
    story.recv(4, 10)

    assert [("getsockopt", 4)] == wanted(story.trace(), "SO_ERROR")
    assert [("setsockopt", 4)] == wanted(story.trace(), "setsockopt,TCP_NODELAY")
    assert [] == wanted(story.trace(), "SO_KEEPALIVE")


def test_filter_is_a_value() -> None:
    """Equal words make equal filters."""
    assert Filter({"op": ("recv",), "fd": ("4",)}) == parse("recv,fd=4")


def test_brackets_are_no_pattern() -> None:
    """A bracket in an owner's name stands for itself."""
    story = Story()
    story.send(4, owner="task[1]")

    assert [("send", 4)] == wanted(story.trace(), "owner=task[1]")


def test_polled_descriptors() -> None:
    """A poll is about each of the descriptors that it looks at."""
    story = Story()
    story.add(
        "kernel", "poll", 0, 5, args={"fds": [[4, "POLLIN"], [7, "POLLOUT"]], "count": 2, "timeout": -1}
    )
    story.add("kernel", "close", 6, 9, fd=9, args={"fd": 9})
    trace = story.trace()

    assert [0] == matching(trace, parse("fd=7"))
    assert [1] == matching(trace, parse("fd=9"))
    assert [] == matching(trace, parse("fd=5"))
