"""How connections live."""

from __future__ import annotations

import pytest

from tests.analysis.findings.telling import found, kinds, told
from tests.analysis.story import MS, PID, THERE, TID, Story
from tracedemo.events import KERNEL


def begun(story: Story, fd: int = 4) -> None:
    """A connect that goes on by itself, and a wakeup that says that it has come to its end."""
    story.socket(fd)
    story.connect(fd)
    story.select([[fd, "WRITE"]], took=MS)


def test_no_so_error() -> None:
    """A socket that is used right after the wakeup was never asked how its connect ended; both calls are evidence."""
    story = Story()
    begun(story)
    story.send(4)
    story.call("close", 4)
    one = found(story)["no-so-error"]

    assert "1 socket was used after a non-blocking connect without a look at how it had ended." == one.title
    assert one.cost.startswith("Nothing this time")
    assert [("connect", 4), ("send", 4)] == told(story, "no-so-error")
    assert (0, 0) == (one.calls, one.ns)


def test_connect_that_had_failed() -> None:
    """Where the connect had failed, the cost is that a send had to say so."""
    story = Story()
    begun(story)
    story.call("send", 4, errno="ECONNREFUSED", exc="ConnectionRefusedError")
    one = found(story)["no-so-error"]

    assert "1 connect had failed, and a send or receive was the first to say so." == one.cost
    assert 1 == one.calls


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(lambda story: story.call("getsockopt", 4, option="SO_ERROR", result=0), id="SO_ERROR"),
        pytest.param(lambda story: story.call("connect_ex", 4, address=THERE, errno="EISCONN"), id="connect_ex"),
        pytest.param(lambda story: story.call("connect", 4, address=THERE, exc="OSError", errno="EISCONN"), id="connect"),
        pytest.param(lambda story: story.call("getpeername", 4, result=THERE), id="getpeername"),
    ],
)  # fmt: skip
def test_asked_how_it_ended(asked) -> None:
    """SO_ERROR, a second connect and getpeername tell how a connect ended."""
    story = Story()
    begun(story)
    asked(story)
    story.send(4)
    story.call("close", 4)

    assert [] == kinds(story)


def test_asked_too_early() -> None:
    """SO_ERROR before the wakeup tells nothing."""
    story = Story()
    story.socket(4)
    story.connect(4)
    story.call("getsockopt", 4, option="SO_ERROR", result=0)
    story.select([[4, "WRITE"]], took=MS)
    story.send(4)
    story.call("close", 4)

    assert ["no-so-error"] == kinds(story)


@pytest.mark.parametrize(
    "tell",
    [
        pytest.param(lambda story: (request(story), story.send(4)), id="blocking"),
        pytest.param(lambda story: (story.socket(4), story.connect(4), story.send(4)), id="no wakeup"),
        pytest.param(lambda story: (begun(story), story.call("close", 4)), id="never used"),
        pytest.param(lambda story: (begun(story), story.call("setsockopt", 4)), id="prepared only"),
    ],
)  # fmt: skip
def test_nothing_to_ask(tell) -> None:
    """A connect that was finished, one that no select spoke of, and a socket that is not used, need no question."""
    story = Story()
    tell(story)

    assert "no-so-error" not in kinds(story)


def test_kernel_lane_is_no_use() -> None:
    """System calls beneath are not calls of the program."""
    story = Story()
    begun(story)
    now = story.clock[PID]
    story.call("getsockopt", 4, option="SO_ERROR", result=0, took=100)
    story.send(4)
    story.call("close", 4)
    story.add(KERNEL, "sendto", now + 1, now + 2, fd=4, args={"fd": 4})

    assert [] == kinds(story)


def test_never_closed() -> None:
    """A socket that is open at the end is told, with what it is and how long it was of no use."""
    story = Story(clock_end=(50 * MS, 0))
    story.socket(4)
    story.call("connect", 4, address=THERE)
    story.call("socketpair", 5, result=[5, 6])
    story.call("close", 5)
    one = found(story)["never-closed"]

    assert f"2 sockets were never closed (1 to {THERE}, 1 of a pair)." == one.title
    assert one.cost.startswith(
        "2 descriptors and what the kernel keeps for each, for 100 milliseconds in all after"
    )
    assert [("socket", 4), ("socketpair", 5)] == told(story, "never-closed")


def test_garbage_collection() -> None:
    """What the garbage collector closed is told as that."""
    story = Story()
    story.socket(4)
    story.call("close", 4, at=20 * MS, by="garbage collection")
    one = found(story)["never-closed"]

    assert "1 socket was closed by the garbage collector (without a peer)." == one.title
    assert one.cost.startswith("1 descriptor and what the kernel keeps for it, for 20 milliseconds")


@pytest.mark.parametrize(
    "story",
    [
        pytest.param(Story(ended="signal TERM"), id="ended by a signal"),
        pytest.param(Story(ended="interrupted"), id="interrupted"),
        pytest.param(Story(dropped={"python": 1}), id="rows are missing"),
        pytest.param(Story(pid=PID + 1), id="a forked process"),
    ],
)
def test_no_chance_to_close(story: Story) -> None:
    """A program that was ended from outside, a child, and a trace with holes, are not blamed."""
    story.socket(4)

    assert [] == kinds(story)


@pytest.mark.parametrize("ended", ["signal INT", "interrupted", "its time was over", "deadlock", "spin"])
def test_collected_when_ended_from_outside(ended: str) -> None:
    """What was collected in a program that was ended from outside is not told either."""
    story = Story(ended=ended)
    story.socket(4)
    story.call("close", 4, at=20 * MS, by="garbage collection")

    assert [] == kinds(story)


def test_used_to_the_end() -> None:
    """Where the last use was the end of the run, no duration is told."""
    story = Story()
    story.socket(4)

    assert "1 descriptor and what the kernel keeps for it." == found(story)["never-closed"].cost


@pytest.mark.parametrize("last", ["close", "detach"])
def test_closed(last: str) -> None:
    """What was closed, or given away, is right; so is what was not opened here."""
    story = Story()
    story.socket(4)
    story.call(last, 4)
    story.recv(0, 5)

    assert [] == kinds(story)


def test_given_away() -> None:
    """A descriptor that was taken out of its object, as multiprocessing does, is closed where nobody sees it."""
    story = Story()
    story.call("socketpair", 4, result=[4, 5])
    for fd in (4, 5):
        story.call("detach", fd)
    story.select([[4, "READ"]])
    story.call("register", 4, events="READ")

    assert [] == kinds(story)


def test_made_again() -> None:
    """A descriptor of which another object is made, as ssl does, is still Python's to close."""
    story = Story()
    story.socket(4)
    story.call("socket", 4, result=4, fileno=4)
    story.call("detach", 4)
    story.recv(4, 10)

    assert ["never-closed"] == kinds(story)


def request(story: Story, *, ended: bool = False, peer: str = THERE, kind: str = "SOCK_STREAM") -> None:
    """A connection for one request, closed by us."""
    story.call("socket", 4, result=4, type=kind)
    story.call("connect", 4, address=peer, took=2 * MS)
    story.send(4)
    story.recv(4, 400)
    if ended:
        story.recv(4, 0)
    story.call("close", 4)


def test_connection_for_each_request() -> None:
    """Three connections to one peer, one after the other, could have been one."""
    story = Story()
    for _ in range(3):
        request(story)
    one = found(story)["connection-per-request"]

    assert (
        f"3 requests to {THERE} came one after the other, each on a connection of its own, which was closed here although"
        " the other side had not ended it."
    ) == one.title
    assert (
        "2 connections more than needed: 6 calls to make and to close them, 4 milliseconds until connected."
        == one.cost
    )
    assert [("connect", 4)] * 3 == told(story, "connection-per-request")
    assert (6, 4 * MS) == (one.calls, one.ns)


def test_lookups_count() -> None:
    """Where each connection looked the name up again, that is counted, too."""
    story = Story()
    for _ in range(3):
        story.call("getaddrinfo", took=3 * MS, host="a.example", result=[THERE], could_wait=True)
        request(story)
    one = found(story)["connection-per-request"]

    assert (8, 10 * MS) == (one.calls, one.ns)


@pytest.mark.parametrize(
    "tell",
    [
        pytest.param(lambda story: [request(story) for _ in range(2)], id="two"),
        pytest.param(lambda story: [request(story, ended=True) for _ in range(4)], id="the peer ended it"),
        pytest.param(lambda story: [request(story, peer=f"127.0.0.1:{port}") for port in range(4)], id="other peers"),
        pytest.param(lambda story: [request(story, kind="SOCK_DGRAM") for _ in range(4)], id="datagrams"),
    ],
)  # fmt: skip
def test_keep_alive_was_not_offered(tell) -> None:
    """Two are no habit; a peer that ends its side offers nothing to keep; datagrams have no connection."""
    story = Story()
    tell(story)

    assert "connection-per-request" not in kinds(story)


def test_at_the_same_time() -> None:
    """Connections that overlap are needed."""
    story = Story()
    for fd in (4, 5, 6, 7):
        story.socket(fd)
        story.call("connect", fd, address=THERE, took=MS)
        story.send(fd)
    for fd in (4, 5, 6, 7):
        story.recv(fd, 10)
        story.call("close", fd)

    assert [] == kinds(story)


def pooled(story: Story, tid: int, at: int, times: int = 4) -> None:
    """A thread that makes a connection for each of its requests, each 10 ms long."""
    for number in range(times):
        begin, fd = at + number * 10 * MS, tid - TID + 4
        story.call("socket", fd, result=fd, type="SOCK_STREAM", tid=tid, at=begin)
        story.call("connect", fd, address=THERE, took=2 * MS, tid=tid)
        story.send(fd, tid=tid)
        story.recv(fd, 400, tid=tid)
        story.call("close", fd, tid=tid, at=begin + 9 * MS)


@pytest.mark.parametrize(
    ("second", "kind"),
    [
        pytest.param(5 * MS, [], id="at the same time"),
        pytest.param(35 * MS, [], id="at the same time in the end"),
        pytest.param(40 * MS, ["connection-per-request"], id="afterwards"),
    ],
)
def test_pool_of_threads(second: int, kind: list[str]) -> None:
    """Two threads that ask one peer at the same time need more than one connection; one after the other they do not."""
    story = Story()
    pooled(story, TID, 0)
    pooled(story, TID + 1, second)

    assert kind == kinds(story)


def test_one_that_stays_open() -> None:
    """A connection to the same peer that is open all the time overlaps the others, whatever it is for."""
    story = Story()
    story.socket(9)
    story.call("connect", 9, address=THERE, took=MS)
    for _ in range(3):
        request(story)
    story.call("close", 9)

    assert [] == kinds(story)


def test_half_closed() -> None:
    """Who shuts its sending side down has said that no more will be asked."""
    story = Story()
    for _ in range(4):
        story.socket(4)
        story.call("connect", 4, address=THERE, took=MS)
        story.send(4)
        story.call("shutdown", 4, how="SHUT_WR")
        story.recv(4, 400)
        story.call("close", 4)

    assert [] == kinds(story)


def test_kept_alive() -> None:
    """A connection that serves several requests is kept alive already."""
    story = Story()
    for _ in range(4):
        story.socket(4)
        story.call("connect", 4, address=THERE, took=MS)
        for _ in range(3):
            story.send(4)
            story.recv(4, 400)
        story.call("close", 4)

    assert [] == kinds(story)
