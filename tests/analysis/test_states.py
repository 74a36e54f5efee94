"""What threads and requests were doing at every nanosecond."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.story import MS, PID, THERE, TID, US, Story, fetch
from tracedemo.analysis.identity import identify
from tracedemo.analysis.segments import Segment, State, sweep
from tracedemo.analysis.states import Lane, States, states, waits
from tracedemo.events import PYTHON, Event, Header, Trace

RUNNING, CALL, NOT_YET, BLOCKED, ASLEEP, PARKED = State


def shape(lane: Lane) -> list[tuple[State, int]]:
    return [(segment.state, segment.t1 - segment.t0) for segment in lane.segments]


def told(story: Story) -> States:
    return states(story.trace())


@pytest.mark.parametrize(
    ("op", "took", "fields", "state"),
    [
        ("send", 10, {}, CALL),
        ("send", 60 * US, {}, CALL),
        ("recv", 60 * US, {"could_wait": True}, BLOCKED),
        ("recv", 50 * US, {"could_wait": True}, CALL),
        ("recv", 10, {"errno": "EAGAIN", "exc": "BlockingIOError"}, NOT_YET),
        ("connect", 90 * US, {"errno": "EINPROGRESS"}, NOT_YET),
        ("recv", 60 * US, {"errno": "EAGAIN", "could_wait": True}, BLOCKED),
        ("select", 60 * US, {"could_wait": True}, ASLEEP),
        ("poll", 60 * US, {"could_wait": True}, ASLEEP),
        ("control", 60 * US, {"could_wait": True}, ASLEEP),
        ("select", 60 * US, {}, CALL),
        ("close", 60 * US, {"could_wait": True}, CALL),
        ("getaddrinfo", 60 * US, {"could_wait": True}, BLOCKED),
        ("something", 60 * US, {"could_wait": True}, BLOCKED),
    ],
)
def test_state_of_a_call(op: str, took: int, fields: dict[str, Any], state: State) -> None:
    """The state inside a call is told by its answer and by whether it waited."""
    story = Story()
    story.call(op, 4, took=took, **fields)

    assert (state,) == told(story).of_row


def test_waiting_under_lockstep() -> None:
    """Under lock-step a call waited when it was looked up before and nothing was ready, whatever time it took."""
    header = Header(server={"pace": "lockstep"})
    event = Event(0, PYTHON, "recv", 0, 10, 1, 1, args={"could_wait": True, "waited": True})

    assert waits(event, header)
    assert not waits(event, Header())
    assert not waits(event._replace(args={"could_wait": True}, t1=5 * MS), header)


def test_call_that_never_returned_waits_to_the_end() -> None:
    """A call without a return lasts to the last moment that the trace knows of."""
    story = Story(clock_end=(5_000, 0))
    story.socket(4)
    story.call("recv", 4, took=None, could_wait=True)
    found = told(story)

    assert [(CALL, 10), (RUNNING, 5), (BLOCKED, 4_985)] == shape(found.threads[0])
    assert 5_000 == found.wall


def test_gaps_are_python() -> None:
    """Between its calls a thread runs Python."""
    story = Story()
    story.socket(4)
    story.send(4)

    assert [(CALL, 10), (RUNNING, 5), (CALL, 10)] == shape(told(story).threads[0])


def test_call_within_a_call_is_cut_out() -> None:
    """What a signal handler calls inside a select counts for itself and not for the select."""
    story = Story()
    story.select([], took=100 * US)
    story.send(4, at=30 * US, took=10 * US)

    assert [(ASLEEP, 30 * US), (CALL, 10 * US), (ASLEEP, 60 * US)] == shape(told(story).threads[0])


def test_overlapping_calls() -> None:
    """Two calls of one thread that overlap without nesting are told apart at the later begin."""
    stretches = [Segment(0, 10, CALL, 0), Segment(5, 15, BLOCKED, 1), Segment(30, 30, NOT_YET, 2)]

    assert [
        (0, 5, CALL, 0), (5, 15, BLOCKED, 1), (15, 30, RUNNING, None), (30, 30, NOT_YET, 2), (30, 40, RUNNING, None),
    ] == sweep(stretches, 0, 40, RUNNING)  # fmt: skip


def test_tools_calls_are_python() -> None:
    """The tool's own call between two calls counts as running Python, and inside one belongs to it."""
    story = Story()
    story.call("connect", 4, took=100, gap=0, address=THERE)
    story.port(4, "127.0.0.1:5")
    story.call("lockstep", 4, at=40, took=20, mark="tracer")
    story.send(4, at=110)

    assert [(CALL, 100), (RUNNING, 10), (CALL, 10)] == shape(told(story).threads[0])


def test_threads_have_their_own_span() -> None:
    """With several threads, the states sum to the threads' own times, not to the time on the wall."""
    story = Story()
    story.send(4, at=0, took=100, owner="Thread-1")
    story.recv(5, 1, tid=TID + 1, at=50, took=200, owner="Thread-2")
    found = told(story)

    assert (250, 300) == (found.wall, found.thread_time)
    assert ["Thread-1", "Thread-2"] == [lane.label for lane in found.threads]
    assert found.share(CALL) == 1.0


def test_names_of_threads() -> None:
    """A thread is called by its one owner, as main thread, or by its place."""
    one, more = Story(), Story()
    one.send(4)
    more.send(4, tid=PID)
    more.send(5, tid=55, owner="a")
    more.send(5, tid=55, owner="b")

    assert ["the one thread"] == [lane.label for lane in told(one).threads]
    assert ["main thread", "thread 2"] == [lane.label for lane in told(more).threads]


def test_threads_of_another_process() -> None:
    """The threads of a child process are told apart from those of the first."""
    story = Story()
    story.send(4, tid=PID)
    story.send(5, pid=PID + 1, tid=PID + 1)

    assert ["main thread", f"process {PID + 1}, main thread"] == [lane.label for lane in told(story).threads]


def test_generator_is_parked_between_its_steps() -> None:
    """A request's lane shows its calls, its generator's Python, and that it is parked in between."""
    story = Story()
    fetch(story, 4, "fetch_data #1", "127.0.0.1:5000")
    found = told(story)
    (lane,) = found.connections
    parked = [
        (segment.state, segment.t1 - segment.t0 > MS // 2)
        for segment in lane.segments
        if segment.state is PARKED
    ]

    assert ("fetch_data #1", 1) == (lane.label, lane.conn)
    assert (found.t0, found.t1) == (lane.t0, lane.t1)
    assert 3 == sum(long for _, long in parked)
    assert 0 == lane.totals[ASLEEP] == found.totals[PARKED]
    assert (RUNNING, 5) == shape(lane)[0]
    assert lane.totals[CALL] + lane.totals[NOT_YET] == 10 * sum(event.conn == 1 and event.lane == PYTHON and not event.mark
                                                                for event in story.trace())  # fmt: skip


def test_gaps_of_a_blocking_program_are_python() -> None:
    """A thread that does nothing else between two calls of a connection works for it."""
    story = Story()
    story.call("getaddrinfo", took=100, result=[THERE])
    story.socket(4)
    story.call("connect", 4, took=MS, could_wait=True, address=THERE)
    story.call("sendall", 4, size=9)
    story.recv(4, 5, took=MS, could_wait=True)
    (lane,) = told(story).connections

    assert [
        (CALL, 100), (RUNNING, 5), (CALL, 10), (RUNNING, 5), (BLOCKED, MS), (RUNNING, 5), (CALL, 10), (RUNNING, 5),
        (BLOCKED, MS),
    ] == shape(lane)  # fmt: skip


def test_callback_program_is_parked_while_its_loop_sleeps() -> None:
    """Without steps of generators a request is parked from its thread's next other call to the last before its own."""
    story = Story()
    story.call("connect", 4, address=THERE, errno="EINPROGRESS")
    story.select([[4, "WRITE"]], took=MS)
    story.send(5)
    story.send(4)
    first, _ = told(story).connections

    assert [(NOT_YET, 10), (RUNNING, 5), (PARKED, MS + 15), (RUNNING, 5), (CALL, 10)] == shape(first)


def test_handed_over_connection_is_parked() -> None:
    """Between the calls of two threads a connection belongs to none."""
    story = Story()
    story.call("connect", 4, address=THERE, at=0)
    story.send(4, tid=TID + 1, at=100)
    (lane,) = told(story).connections

    assert [(CALL, 10), (PARKED, 90), (CALL, 10)] == shape(lane)


def test_owner_of_several_connections() -> None:
    """Somebody with two connections is not taken to work for both at once."""
    story = Story()
    story.step("start", "main #1")
    for fd in (4, 5):
        story.call("connect", fd, address=THERE, owner="main #1")
    for fd in (4, 5):
        story.send(fd, owner="main #1")
    story.step("return", "main #1")
    first, _ = told(story).connections

    assert [(CALL, 10), (RUNNING, 5), (PARKED, 10), (RUNNING, 5), (CALL, 10)] == shape(first)


def test_turns_of_an_event_loop() -> None:
    """A turn of the loop that a task owns is Python run for the task's request."""
    story = Story()
    story.call("connect", 4, at=0, address=THERE, owner="task")
    story.add("flow", "callback", 50, 80, owner="task")
    story.send(4, at=60, owner="task")
    (lane,) = told(story).connections

    assert [(CALL, 10), (PARKED, 40), (RUNNING, 10), (CALL, 10), (RUNNING, 10)] == shape(lane)


def test_generator_that_was_never_resumed() -> None:
    """A step that never ended, because the process was killed in it, lasts to the process's last event."""
    story = Story()
    story.step("start", "fetch #1")
    story.call("connect", 4, address=THERE, owner="fetch #1", gap=90)
    story.select([], gap=0)
    (lane,) = told(story).connections

    assert [(RUNNING, 5), (CALL, 10), (RUNNING, 100)] == shape(lane)


def test_which_sockets_have_lanes() -> None:
    """Listening sockets and pairs have no lane; a socket of unknown origin has one if bytes went through."""
    story = Story()
    story.call("listen", 3)
    story.call("socketpair", 4, result=[4, 5])
    story.send(5)
    story.socket(6)
    story.send(7)
    story.call("accept", 3, result=8, new_fd=8)
    story.send(8)

    assert ["conn 5", "conn 6"] == [lane.label for lane in told(story).connections]


def test_empty_trace() -> None:
    """A Trace without rows has no time in any state."""
    found = states(Trace())

    assert (0, 0, 0.0, (), ()) == (
        found.wall,
        found.thread_time,
        found.share(CALL),
        found.threads,
        found.connections,
    )


def test_server_only() -> None:
    """A Trace in which only the server left rows has no threads."""
    story = Story()
    story.server("accepted", "127.0.0.1:5", 10)

    assert () == told(story).threads


CALLS = st.builds(
    Event,
    seq=st.just(0),
    lane=st.sampled_from(["python", "python", "flow", "server"]),
    op=st.sampled_from(
        ["recv", "select", "send", "connect", "close", "start", "yield", "resume", "return", "callback"]
    ),
    t0=st.integers(0, 200),
    t1=st.one_of(st.none(), st.integers(0, 300)),
    pid=st.just(1),
    tid=st.integers(1, 2),
    owner=st.sampled_from([None, "a #1", "b #1"]),
    fd=st.sampled_from([None, 4, 5]),
    conn=st.none(),
    args=st.fixed_dictionaries(
        {}, optional={"could_wait": st.just(True), "waited": st.just(True), "cpu": st.integers(0, 100)}
    ),
    result=st.none(),
    errno=st.sampled_from([None, "EAGAIN"]),
    exc=st.none(),
    bytes=st.sampled_from([None, 0, 5]),
    site=st.none(),
    user_site=st.none(),
    mark=st.sampled_from([None, None, "tracer"]),
)


@settings(deadline=None)
@given(st.lists(CALLS, max_size=25))
def test_states_sum_to_the_whole(events: list[Event]) -> None:
    """In every lane of every trace the stretches follow each other without hole, and all states sum to the whole."""
    events = [event if event.t1 is None else event._replace(t1=max(event.t0, event.t1)) for event in events]
    trace = identify(Trace(events=events).sorted())
    found = states(trace)

    for lane in (*found.threads, *found.connections):
        edges = [lane.t0, *(segment.t1 for segment in lane.segments)]
        assert lane.t1 == edges[-1]
        assert all(segment.t0 == edge for segment, edge in zip(lane.segments, edges, strict=False))
        assert lane.total == sum(lane.totals.values()) == sum(late - early for early, late in pairwise(edges))
    assert found.thread_time == sum(found.totals.values())
    if len(found.threads) == 1:
        assert found.wall == sum(found.totals.values())
