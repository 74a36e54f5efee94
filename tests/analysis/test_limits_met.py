"""Where a limit shows: on traces made by hand."""

from __future__ import annotations

import pytest

from tests.analysis.story import MS, Story
from tracedemo.analysis.limits_met import KINDS, find
from tracedemo.events import INJECTED, Trace


def files() -> Trace:
    story = Story()
    for fd in (4, 5):
        story.socket(fd)
    story.call("socket", errno="EMFILE", exc="OSError", family="AF_INET", type="SOCK_STREAM")
    return story.trace()


def ports() -> Trace:
    story = Story()
    for fd in (4, 5):
        story.socket(fd)
        story.call(
            "setsockopt", fd, mark=INJECTED, level="IPPROTO_IP", option="IP_LOCAL_PORT_RANGE", value="1 to 1"
        )
        errno = {"errno": "EADDRNOTAVAIL", "exc": "OSError"} if fd == 5 else {}
        story.call("connect", fd, address="127.0.0.1:8000", **errno)
    return story.trace()


def buffers() -> Trace:
    story = Story()
    story.socket(4)
    story.call("connect", 4, address="127.0.0.1:8000")
    story.call("send", 4, bytes=60, size=60, result=60)
    story.call("send", 4, bytes=40, size=60, result=40)
    story.call("send", 4, bytes=20, size=20, result=20)
    return story.trace()


def backlog(took: int = 1001 * MS) -> Trace:
    story = Story()
    story.socket(4)
    story.call("connect", 4, took=took, address="127.0.0.1:8000", could_wait=True)
    return story.trace()


@pytest.mark.parametrize(
    ("name", "trace", "op", "answer", "before", "injected"),
    [
        ("fds", files(), "socket", "EMFILE", "2 socket() before it went well", 0),
        ("ports", ports(), "connect", "EADDRNOTAVAIL", "1 connect() before it went well", 2),
        ("buffers", buffers(), "send", "40 of 60 bytes", "1 send() before it went well", 0),
        ("backlog", backlog(), "connect", "after 1.00 s", "", 0),
    ],
    ids=["fds", "ports", "buffers", "backlog"],
)
def test_found(name: str, trace: Trace, op: str, answer: str, before: str, injected: int):
    """The first call that met the limit is found, with its answer, what went well before, and its neighbours."""
    met = find(KINDS[name], "set small", trace)

    assert op == trace[met.row].op
    assert (answer, before, injected, 1) == (met.answer, before, met.injected, met.times)
    assert met.before == before
    assert met.said == met.around[met.place]


def test_neighbours_are_of_the_connection():
    """Around a call of a connection stand the calls of that connection, those that were put in among them."""
    met = find(KINDS["ports"], "", ports())

    assert 3 == len(met.around)
    assert "put in by tracedemo" in met.around[1]
    assert "fd 4" not in "".join(met.around)


def test_select_that_waited_for_a_connection():
    """Where connect() does not wait, it is the select that slept until the connection was there."""
    story = Story()
    story.call("selector", 3)
    story.socket(4)
    story.connect(4)
    story.call("register", 3, target=4, events="WRITE")
    story.select([[4, "WRITE"]], took=1000 * MS)
    story.call("send", 4, bytes=6, size=6, result=6)
    trace = story.trace()
    met = find(KINDS["backlog"], "", trace)

    assert "select" == trace[met.row].op
    assert "after 1.00 s" == met.answer
    assert "" == met.before


def test_connects_that_did_not_wait():
    """Beside a connect that waited those that did not are counted, whenever they were begun."""
    story = Story()
    for fd, took in ((4, 10), (5, 1001 * MS), (6, 10)):
        story.socket(fd)
        story.call("connect", fd, took=took, address="127.0.0.1:8000", could_wait=True)

    assert "2 other connect() went well at once" == find(KINDS["backlog"], "", story.trace()).before


@pytest.mark.parametrize("name", KINDS)
def test_not_found(name: str):
    """In a run in which all went well no limit is seen."""
    story = Story()
    story.socket(4)
    story.call("connect", 4, address="127.0.0.1:8000")
    story.call("send", 4, bytes=60, size=60, result=60)

    assert find(KINDS[name], "", story.trace()).row is None
    assert find(KINDS[name], "", Trace()).row is None
