"""What woke a select, and who went on."""

from __future__ import annotations

import pytest

from tests.analysis.story import MS, THERE, TID, Story, fetch
from tracedemo.analysis.wakeups import Wakeup, wakeups
from tracedemo.events import Trace

HERE = "127.0.0.1:5000"


def told(story: Story) -> tuple[Wakeup, ...]:
    return wakeups(story.trace())


def causes(story: Story) -> list[str]:
    return [wakeup.cause for wakeup in told(story)]


def test_wakeups_of_a_fetch() -> None:
    """A fetch is woken by the handshake, by each piece, and by the end, each with its cause and who went on."""
    story = Story()
    fetch(story, 4, "fetch_data #1", HERE)
    found = told(story)

    assert [
        "woken: the handshake is done (fd 4)",
        "woken: the server sent piece 1 (fd 4)",
        "woken: the server sent piece 2 and closed the connection (fd 4)",
    ] == [wakeup.cause for wakeup in found]
    assert [1 * MS, 10 * MS, 10 * MS] == [wakeup.slept for wakeup in found]
    assert [["fetch_data #1"]] * 3 == [[name.owner for name in wakeup.resumed] for wakeup in found]
    assert {(4, 1, "fetch_data #1")} == {
        (item.fd, item.conn, item.owner) for it in found for item in it.ready
    }
    assert not any(wakeup.empty for wakeup in found)


def test_cause_points_at_the_servers_row() -> None:
    """The cause is the first thing that the server did since, and its row is given."""
    story = Story()
    fetch(story, 4, "fetch_data #1", HERE)
    trace = story.trace()
    rows = [wakeup.ready[0].cause_row for wakeup in wakeups(trace)]

    assert rows[0] is None
    assert [("sent", 1), ("sent", 2)] == [
        (trace[row].op, trace[row].args["piece"]) for row in rows[1:] if row
    ]


def test_where_a_generator_goes_on() -> None:
    """A step without a line of its own is shown at its first call's line."""
    story = Story()
    fetch(story, 4, "fetch_data #1", HERE)
    trace = story.trace()
    first = wakeups(trace)[0].resumed[0]
    send = next(event for event in trace if event.op == "send")

    assert ("resume", send.site) == (trace[first.row].op, first.site)


def test_several_pieces_at_once() -> None:
    """Pieces that came while nobody listened are told together."""
    story = Story()
    story.call("connect", 4, address=THERE)
    story.port(4, HERE)
    for piece in (1, 2, 3):
        story.server("sent", HERE, 20 + piece, 10, piece=piece)
    story.select([[4, "READ"]], took=MS)

    assert ["woken: the server sent pieces 1 to 3 (fd 4)"] == causes(story)


def test_reset() -> None:
    """A server that breaks off is named as the cause."""
    story = Story()
    story.call("connect", 4, address=THERE)
    story.port(4, HERE)
    story.server("reset", HERE, 50)
    story.select([[4, "IN|HUP"]], took=MS)

    assert ["woken: the server broke the connection off (fd 4)"] == causes(story)


def test_ready_already() -> None:
    """A select that did not wait says so; what was not fetched is ready once more."""
    story = Story()
    story.call("connect", 4, address=THERE)
    story.port(4, HERE)
    story.server("sent", HERE, 20, 10, piece=1)
    story.select([[4, "READ"]], at=100)
    story.select([[4, "READ"]])
    story.recv(4, 10)

    assert [
        "ready already: the server sent piece 1 (fd 4)",
        "ready already: it was ready before (fd 4)",
    ] == causes(story)
    assert [0, 0] == [wakeup.slept for wakeup in told(story)]


def test_end_is_a_cause_until_it_is_read() -> None:
    """That the server has closed makes a connection ready again and again, until the program reads the end."""
    story = Story()
    story.call("connect", 4, address=THERE)
    story.port(4, HERE)
    story.server("sent", HERE, 20, 10, piece=3)
    story.server("closed", HERE, 21)
    story.select([[4, "READ"]], took=MS)
    story.recv(4, 10)
    story.select([[4, "READ"]])
    story.recv(4, 0)
    story.select([[4, "READ"]])

    assert [
        "woken: the server sent piece 3 and closed the connection (fd 4)",
        "ready already: the server closed the connection (fd 4)",
        "ready already: it was ready before (fd 4)",
    ] == causes(story)


def test_answer_not_yet_uses_nothing_up() -> None:
    """A receive that found nothing leaves what the server has just begun as the cause of the next wakeup."""
    story = Story()
    story.call("connect", 4, address=THERE)
    story.port(4, HERE)
    story.server("sent", HERE, 105, 10, piece=1)
    story.not_yet("recv", 4, at=100)
    story.select([[4, "READ"]], took=MS)

    assert ["woken: the server sent piece 1 (fd 4)"] == causes(story)


@pytest.mark.parametrize(
    ("recv", "cause"),
    [
        ({"bytes": 9}, "data has arrived"),
        ({"bytes": 0}, "the other side has finished"),
        ({"errno": "EAGAIN"}, "something happened, but no data is there"),
        ({"errno": "ECONNRESET"}, "the connection failed: ECONNRESET"),
    ],
)
def test_without_a_server_lane(recv: dict, cause: str) -> None:
    """Where nobody knows what the other side did, the receive that follows tells."""
    story = Story()
    story.call("connect", 4, address=THERE)
    story.select([[4, "READ"]], took=MS)
    story.call("recv", 4, size=10, **recv)

    assert [f"woken: {cause} (fd 4)"] == causes(story)


def test_nothing_known() -> None:
    """A descriptor that was never seen is just ready."""
    story = Story()
    story.select([[9, "READ"]], took=MS)

    assert ["woken: it is ready (fd 9)"] == causes(story)
    assert told(story)[0].ready[0].conn is None


def test_connection_attempt_that_failed() -> None:
    """A wakeup for a handshake that failed says that."""
    story = Story()
    story.socket(4)
    story.connect(4)
    story.select([[4, "READ|WRITE"]], took=MS)
    story.call("send", 4, errno="ECONNREFUSED", exc="ConnectionRefusedError")

    assert ["woken: the connection attempt has failed (fd 4)"] == causes(story)


def test_other_sockets() -> None:
    """Listening sockets, pairs and room in the send buffer have words of their own, one after the other."""
    story = Story()
    story.call("listen", 5)
    story.call("socketpair", 6, result=[6, 7])
    story.send(7)
    story.call("connect", 4, address=THERE)
    story.select([[5, "READ"], [7, "READ"], [4, "WRITE"]], took=MS)

    assert [
        (
            "woken: a connection waits to be accepted (fd 5); the other end of the pair was written to (fd 7);"
            " there is room to send (fd 4)"
        )
    ] == causes(story)


def test_empty_wakeups() -> None:
    """A select that reports nothing ran into its timeout, or only had a look."""
    story = Story()
    story.select([], took=MS, timeout=0.001)
    story.select([], timeout=0, could_wait=False)
    found = told(story)

    assert ["timeout", "nothing was ready"] == [wakeup.cause for wakeup in found]
    assert [True, True] == [wakeup.empty for wakeup in found]
    assert [0.001, 0] == [wakeup.timeout for wakeup in found]


def test_what_is_no_wakeup() -> None:
    """A select that failed or never returned is none."""
    story = Story()
    story.call("select", 3, exc="KeyboardInterrupt", could_wait=True)
    story.call("select", 3, took=None, could_wait=True)

    assert () == told(story)


def test_tasks_without_steps() -> None:
    """Without steps of generators, those who make calls after the wakeup have gone on, each once."""
    story = Story()
    story.socket(4, owner="task a")
    story.socket(5)
    story.select([[4, "READ"], [5, "READ"]], took=MS)
    story.call("unregister", 4)
    first = story.recv(4, 5, owner="task a")
    story.recv(4, 5, owner="task a")
    story.recv(5, 5)
    story.select([], took=MS)
    story.recv(5, 5)
    before, after = told(story)

    assert [("task a", first.t0), ("conn 2", first.t0 + 30)] == [
        (name.owner, name.t) for name in before.resumed
    ]
    assert ["conn 2"] == [name.owner for name in after.resumed]


def test_threads_wake_on_their_own() -> None:
    """What another thread does after a wakeup is not its consequence."""
    story = Story()
    story.select([], at=0, took=MS)
    story.send(4, tid=TID + 1, at=MS + 5, owner="other")

    assert () == told(story)[0].resumed


def test_in_order_of_return() -> None:
    """Wakeups stand in the order of their returns, not of their calls."""
    story = Story()
    story.select([], at=0, took=10 * MS)
    story.select([], at=5, took=MS, tid=TID + 1)

    assert [TID + 1, TID] == [wakeup.tid for wakeup in told(story)]


def test_strange_results() -> None:
    """A list of ready descriptors that makes no sense is taken as far as it does."""
    story = Story()
    story.select([[4], 7, ["x", "READ"], [5, None]], took=MS)

    assert [(5, "None")] == [item[:2] for item in told(story)[0].ready]


def test_empty_trace() -> None:
    """A Trace without rows has no wakeups."""
    assert () == wakeups(Trace())
