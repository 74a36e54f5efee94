"""The record of each socket."""

from __future__ import annotations

import pytest

from tests.analysis.story import MS, PID, THERE, TID, Story, fetch
from tracedemo.analysis.connections import Connection, Failure, connections
from tracedemo.events import Trace


def only(story: Story) -> Connection:
    (found,) = connections(story.trace())
    return found


def test_fetch_from_beginning_to_end() -> None:
    """A generator's fetch is one client connection with all its instants, bytes and answers."""
    story = Story()
    fetch(story, 4, "fetch_data #1", "127.0.0.1:5000")
    trace = story.trace()
    found = only(story)
    at = {event.op: event for event in trace}
    sent, first = at["send"], next(event for event in trace if event.op == "recv")
    woken = next(event for event in trace if event.op == "select")

    assert ("client", "fetch_data #1", ("fetch_data #1",), PID, (4,)) == (
        found.kind, found.label, found.owners, found.pid, found.fds)  # fmt: skip
    assert (THERE, "127.0.0.1:5000") == (found.peer, found.local)
    assert (at["socket"].t0, at["socket"].t1, at["connect"].t0) == (
        found.t_first,
        found.t_open,
        found.t_connect,
    )
    assert (woken.t1, sent.t1, first.t1) == (found.t_connected, found.t_request, found.t_first_byte)
    assert (at["close"].t0, "close", at["return"].t0 - 5) == (found.t_close, found.closed_by, found.t_last)
    assert (49, 800, 2, 1) == (found.bytes_sent, found.bytes_received, found.pieces, found.requests)
    assert {"EINPROGRESS": 1, "EAGAIN": 1} == found.not_yet
    assert found.connect_ns == woken.t1 - at["connect"].t0
    assert found.first_byte_ns == first.t1 - sent.t1
    assert () == found.errors


def test_only_watched() -> None:
    """What was registered and no more may be a pipe; one call about a socket, or one that opened it, says it is none."""
    story = Story()
    for fd in (4, 5, 6):
        story.call("register", fd, events="READ")
    story.recv(5, 1)
    story.port(6, "127.0.0.1:1")
    story.call("unregister", 4)
    story.socket(7)
    story.call("accept", 7, new_fd=8, peer=THERE, result=8)
    story.call("register", 8, events="READ")

    assert [True, False, False, False, False] == [found.only_watched for found in connections(story.trace())]


def test_blocking_connect_is_done_when_it_returns() -> None:
    """The time of a blocking connect is the time of the call."""
    story = Story()
    story.socket(4)
    story.call("connect", 4, took=300, address=THERE)

    assert 300 == only(story).connect_ns


@pytest.mark.parametrize(
    ("op", "fields"),
    [
        ("send", {"size": 3, "bytes": 3}),
        ("recv", {"size": 3, "bytes": 3}),
        ("getpeername", {"result": THERE}),
        ("connect", {"address": THERE}),
    ],
)
def test_first_success_proves_the_connection(op: str, fields: dict) -> None:
    """Without a selector the first call that succeeds shows that the handshake is done."""
    story = Story()
    story.socket(4)
    story.connect(4)
    story.not_yet("send", 4)
    proof = story.call(op, 4, **fields)

    assert proof.t1 == only(story).t_connected


def test_connected_already() -> None:
    """EISCONN on a second connect is a way to learn of success, and no error."""
    story = Story()
    story.socket(4)
    story.connect(4)
    again = story.call("connect", 4, address=THERE, errno="EISCONN", exc="OSError")
    found = only(story)

    assert (again.t0, ()) == (found.t_connected, found.errors)


def test_so_error_takes_the_wakeup_back() -> None:
    """A wakeup whose SO_ERROR tells of a failure was no connection, and the failure is connect's."""
    story = Story()
    story.socket(4)
    story.connect(4)
    story.select([[4, "READ|WRITE"]])
    story.call("getsockopt", 4, level="SOL_SOCKET", option="SO_ERROR", result=111)
    row = len(story.events) - 1
    found = only(story)

    assert found.t_connected is None
    assert (Failure("connect", "ECONNREFUSED", row),) == found.errors


def test_so_error_without_a_wakeup_proves_nothing() -> None:
    """SO_ERROR is 0 also while the handshake is under way."""
    story = Story()
    story.socket(4)
    story.connect(4)
    story.call("getsockopt", 4, level="SOL_SOCKET", option="SO_ERROR", result=0)

    assert only(story).t_connected is None


def test_send_that_fails_takes_the_wakeup_back() -> None:
    """A first send that fails says why the handshake ended."""
    story = Story()
    story.socket(4)
    story.connect(4)
    story.select([[4, "WRITE"]])
    story.call("send", 4, size=9, errno="ECONNREFUSED", exc="ConnectionRefusedError")
    found = only(story)

    assert (None, "ECONNREFUSED") == (found.t_connected, found.errors[0].error)


def test_refused_connect_has_its_peer() -> None:
    """The address of a connect that failed is known."""
    story = Story()
    story.socket(4)
    story.call("connect", 4, address="127.0.0.1:9", errno="ECONNREFUSED", exc="ConnectionRefusedError")
    found = only(story)

    assert ("client", "127.0.0.1:9", None) == (found.kind, found.peer, found.connect_ns)


def test_exception_without_errno_is_an_error() -> None:
    """A timeout has no errno, and is counted under the name of its exception."""
    story = Story()
    story.socket(4)
    story.call("recv", 4, size=9, exc="TimeoutError")

    assert (Failure("recv", "TimeoutError", 1),) == only(story).errors


def test_connection_is_reused_for_requests() -> None:
    """Each sending after a receiving is one more request; sends in a row are one."""
    story = Story()
    story.socket(4)
    story.call("connect", 4, address=THERE)
    for _ in range(3):
        story.send(4)
        story.send(4)
        story.recv(4, 10)
        story.recv(4, 10)

    assert 3 == only(story).requests


def test_sendall_moves_what_it_was_given() -> None:
    """Sendall tells no number of bytes, and means all."""
    story = Story()
    story.socket(4)
    story.call("sendall", 4, size=1000)
    story.call("sendall", 4, size=9, errno="EPIPE", exc="BrokenPipeError")

    assert 1000 == only(story).bytes_sent


def test_accepted_and_listening() -> None:
    """A server's sockets are told apart, and an accepted one begins with the accept's return."""
    story = Story()
    story.socket(3)
    story.call("bind", 3, address="127.0.0.1:80")
    story.call("listen", 3, backlog=5)
    accept = story.call("accept", 3, took=100, result=7, new_fd=7, peer="127.0.0.1:5")
    story.recv(7, 20)
    story.send(7, 30)
    story.recv(7, 20)
    story.send(7, 30)
    listening, accepted = connections(story.trace())

    assert ("listening", "127.0.0.1:80", 4) == (listening.kind, listening.local, listening.calls)
    assert ("accepted", "127.0.0.1:5", 4) == (accepted.kind, accepted.peer, accepted.calls)
    assert (accept.t1, accept.t1, accept.t1) == (accepted.t_first, accepted.t_open, accepted.t_connected)
    assert (2, None) == (accepted.requests, accepted.connect_ns)


def test_accepted_and_never_used() -> None:
    """A connection that was accepted and then left alone is still one, with the number that no row has."""
    story = Story()
    story.socket(3)
    story.call("accept", 3, result=7, new_fd=7, peer="127.0.0.1:5")
    story.call("accept", 3, result=8, new_fd=8, peer="127.0.0.1:6")
    story.send(8)
    found = connections(story.trace())

    assert [(1, "other", None), (2, "accepted", "127.0.0.1:5"), (3, "accepted", "127.0.0.1:6")] == [
        (socket.number, socket.kind, socket.peer) for socket in found
    ]
    assert [None, None, None] == [socket.closed_by for socket in found]


def test_pair() -> None:
    """Both ends of a socketpair are known as such."""
    story = Story()
    story.call("socketpair", 4, result=[4, 5])
    story.send(5)

    assert ["pair", "pair"] == [socket.kind for socket in connections(story.trace())]


def test_pair_across_a_fork() -> None:
    """An end of a pair that only the forked child uses is still an end of that pair."""
    story = Story()
    story.call("socketpair", 4, result=[4, 5])
    story.send(5, pid=PID + 1, tid=PID + 1, at=50)
    story.call("close", 5, at=90)
    found = connections(story.trace())

    assert [("pair", 1), ("pair", 2)] == [(socket.kind, socket.calls) for socket in found]


def test_dup_is_what_its_original_is() -> None:
    """The second descriptor of a client's socket is a client's, too."""
    story = Story()
    story.socket(4)
    story.call("connect", 4, address=THERE)
    story.call("dup", 4, result=5)
    story.send(5)

    assert ["client", "client"] == [socket.kind for socket in connections(story.trace())]


def test_how_it_was_closed() -> None:
    """A close by nobody, a detach and no close at all are told apart."""
    story = Story()
    for fd in (4, 5, 6, 7):
        story.socket(fd)
    story.call("close", 4)
    story.call("close", 5, by="garbage collection")
    story.call("detach", 6)

    assert ["close", "garbage collection", "detach", None] == [
        socket.closed_by for socket in connections(story.trace())
    ]


def test_detached_and_used_again_is_not_ended() -> None:
    """A detached socket that goes on in another object is ended by that one's close."""
    story = Story()
    story.socket(4)
    story.call("socket", 4, result=4, fileno=4)
    story.call("detach", 4)
    story.send(4)
    assert only(story).closed_by is None
    closed = story.call("close", 4)

    assert ("close", closed.t0) == (only(story).closed_by, only(story).t_close)


def test_lookup_counts_for_the_connection_that_used_it() -> None:
    """A lookup belongs to the first connection made to an address in its answer, once, by the same thread if it can be."""
    story = Story()
    story.call("getaddrinfo", took=500, host="here", port=8000, result=["[::1]:8000", THERE], tid=7, at=0)
    story.call("getaddrinfo", took=700, host="here", port=8000, result=[THERE], at=0)
    for fd in (4, 5, 6):
        story.socket(fd)
        story.call("connect", fd, address=THERE, at=1000 * fd)

    assert [(700, 1), (500, 0), (None, None)] == [
        (socket.lookup_ns, socket.lookup_row) for socket in connections(story.trace())
    ]


def test_lookup_of_a_bare_host() -> None:
    """Gethostbyname answers without a port, and is found all the same."""
    story = Story()
    story.call("gethostbyname", took=500, host="here", result="127.0.0.1")
    story.call("gethostbyname", host="nowhere", errno="ENOENT", exc="gaierror")
    story.socket(4)
    story.call("connect", 4, address=THERE)

    assert 500 == only(story).lookup_ns


def test_label_is_the_owner_where_that_is_clear() -> None:
    """An owner with one connection names it; with two, or with none, the number does."""
    story = Story()
    for fd, owner in ((4, "fetch #1"), (5, "main"), (6, "main"), (7, None)):
        story.socket(fd, owner=owner)

    assert ["fetch #1", "conn 2", "conn 3", "conn 4"] == [
        socket.label for socket in connections(story.trace())
    ]


def test_two_owners_give_no_label() -> None:
    """A socket that was handed from one to another is called by its number."""
    story = Story()
    story.socket(4, owner="accepter")
    story.send(4, owner="worker")

    assert ("conn 1", ("accepter", "worker")) == (only(story).label, only(story).owners)


def test_unknown_owner_beside_a_known_one_gives_no_label() -> None:
    """A socket that the main thread made and a named thread served is called by its number."""
    story = Story()
    story.socket(4)
    story.send(4, tid=TID + 1, at=50, owner="Thread-1")

    assert "conn 1" == only(story).label


def test_tools_calls_are_not_counted() -> None:
    """The tool's question for the port gives the local address and is no call of the program."""
    story = Story()
    story.socket(4)
    story.port(4, "127.0.0.1:5000")

    assert (1, "127.0.0.1:5000") == (only(story).calls, only(story).local)


def test_partial_trace() -> None:
    """A connection of which only the middle was recorded has what was seen, and None for the rest."""
    story = Story()
    story.recv(9, 100)
    story.call("recv", 9, took=None, size=100)
    found = only(story)

    assert ("other", None, None, None, 100) == (
        found.kind, found.t_open, found.t_connected, found.closed_by, found.bytes_received)  # fmt: skip


def test_wakeup_in_another_generation_of_the_number() -> None:
    """A wakeup counts for the socket that has the number when the select returns."""
    story = Story()
    story.socket(4, at=0)
    story.select([[4, "WRITE"]], at=20, took=10 * MS)
    story.call("close", 4, tid=TID + 1, at=100)
    story.socket(4, tid=TID + 1, at=200)
    story.connect(4, tid=TID + 1)
    first, second = connections(story.trace())

    assert (None, 20 + 10 * MS) == (first.t_connected, second.t_connected)


def test_no_rows() -> None:
    """An empty Trace has no sockets."""
    assert () == connections(Trace())
