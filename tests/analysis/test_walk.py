"""A run, step by step: the steps, the moments among them, the sockets at each, and what stands for it in another run."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.loop_story import fetching
from tests.analysis.story import MS, PID, THERE, TID, Story, fetch
from tests.render import traces
from tracedemo.analysis.sentences import sentence
from tracedemo.analysis.study import Study
from tracedemo.analysis.text import clean
from tracedemo.analysis.walk import Moment, Status, Walk
from tracedemo.analysis.walk.following import Follow, follow
from tracedemo.events import FLOW, PYTHON, TRACER, Event, Trace


def walk(told: Story | Trace) -> Walk:
    return Walk(Study(told if isinstance(told, Trace) else told.trace()))


def words(found: Walk, step: int) -> list[str]:
    """What the sockets are at a step."""
    return [now.words for now in found.sockets(step)]


def ops(found: Walk) -> list[str]:
    return [found.event(step).op for step in range(len(found))]


@pytest.fixture
def one() -> Walk:
    """One fetch by a generator on a loop."""
    story = Story()
    fetch(story, 4, "fetch_data #1", "127.0.0.1:5000")
    return walk(story)


# Steps


def test_steps(one: Walk) -> None:
    """A step is a call of the program, or a step of a generator: no row of the server's, none of the tool's own."""
    events = [one.event(step) for step in range(len(one))]

    assert {PYTHON, FLOW} == {event.lane for event in events}
    assert TRACER not in {event.mark for event in events}
    assert sum(event.lane in (PYTHON, FLOW) and not event.mark for event in one.study.events) == len(one)
    assert sorted(one.rows) == list(one.rows)


def test_steps_of_an_event_loop() -> None:
    """Of the callbacks that an event loop runs, those are steps in which a call was made."""
    found = walk(fetching())
    callbacks = {row for row, event in enumerate(found.study.events) if event.op == "callback"}
    shown = callbacks & set(found.rows)

    assert callbacks > shown > set()
    assert shown == callbacks & found.study.busy_handles


def test_a_step_is_told_by_the_one_sentence(one: Walk) -> None:
    """What a step says is the sentence that every view says of its row."""
    for step, row in enumerate(one.rows):
        assert sentence(one.study.events[row], one.study.context) == one.sentence(step)


def test_times(one: Walk) -> None:
    """Steps are counted from the beginning; a call that never returned lasts to the end of the run."""
    story = Story(clock_end=(5 * MS, 0))
    story.socket(4, at=100)
    story.call("recv", 4, took=None, could_wait=True)
    found = walk(story)

    assert (0, 15) == (found.at(0), found.at(1))
    assert (10, 5 * MS - 100) == (found.end(0), found.end(1))
    assert (100, 115) == (found.begin(0), found.begin(1))
    assert all(one.end(step) >= one.at(step) for step in range(len(one)))


def test_empty() -> None:
    """A trace without calls has no steps."""
    assert 0 == len(walk(Trace()))
    assert {} == walk(Trace()).moments


# Moments, and where to go


def test_moments(one: Walk) -> None:
    """A moment is a wakeup, a wait, or a "not yet"."""
    found = [(one.event(step).op, moment) for step, moment in one.moments.items()]
    wakeup, not_yet = ("select", Moment.WAKEUP), Moment.NOT_YET

    assert [("connect", not_yet), wakeup, wakeup, ("recv", not_yet), wakeup] == found


def test_moments_of_a_blocking_program() -> None:
    """A call that waits is a moment, and so is a select that sleeps in vain."""
    story = Story()
    story.socket(4)
    story.recv(4, 10, took=MS, could_wait=True)
    story.select([], took=MS)
    story.select([])

    assert {1: Moment.WAIT, 2: Moment.WAIT} == walk(story).moments


def test_find(one: Walk) -> None:
    """The next moment, and the next step on a connection, lie in the direction that is asked for; else one stays."""
    moments = list(one.moments)

    assert moments[0] == one.find(0, 1, moment=True)
    assert moments[-2] == one.find(moments[-1], -1, moment=True)
    assert moments[-1] == one.find(moments[-1], 1, moment=True)
    assert 0 == one.find(0, -1)
    assert "socket" == one.event(one.find(0, 1, conn=1)).op
    assert 3 == one.find(3, 1, conn=99)


def test_step_at(one: Walk) -> None:
    """At the time of its entry a step has begun, and just before it the one before it was the last."""
    for step in range(1, len(one)):
        assert step == one.step_at(one.at(step))
        assert step - 1 == one.step_at(one.at(step) - 1)
    assert 0 == one.step_at(-1)
    assert len(one) - 1 == one.step_at(10**18)


def test_step_of_row(one: Walk) -> None:
    """A row that is no step leads to the next one that is."""
    for step, row in enumerate(one.rows):
        assert step == one.step_of_row(row)
    gap = next(row for row in range(len(one.study.events)) if row not in one.rows)

    assert one.rows[one.step_of_row(gap)] > gap
    assert len(one) - 1 == one.step_of_row(10**9)


def test_connection_at_a_step(one: Walk) -> None:
    """A step is about its own connection, or the one that a select found ready, else about that of the step before."""
    found = dict(zip(ops(one), map(one.conn_at, range(len(one))), strict=True))

    assert one.conn_at(0) is None
    assert {1} == {conn for op, conn in found.items() if op != "start"}


# Sockets


def test_sockets_of_a_fetch(one: Walk) -> None:
    """A socket is told as each step leaves it: connecting, watched by the kernel, ready, asked again, closed."""
    told = [(one.event(step).op, *words(one, step)) for step in range(len(one))]

    assert [
        ("start", "not opened yet"),
        ("socket", "has the thread"),
        ("connect", "connecting"),
        ("yield", "connecting"),
        ("register", "kernel watches for WRITE"),
        ("select", "is ready: WRITE"),
        ("unregister", "has the thread"),
        ("resume", "open"),
        ("send", "has the thread"),
        ("yield", "open"),
        ("register", "kernel watches for READ"),
        ("select", "is ready: READ"),
        ("resume", "kernel watches for READ"),
        ("recv", "kernel watches for READ"),
        ("recv", "kernel watches for READ"),
        ("yield", "kernel watches for READ"),
        ("select", "is ready: READ"),
        ("resume", "kernel watches for READ"),
        ("recv", "kernel watches for READ"),
        ("recv", "kernel watches for READ"),
        ("unregister", "has the thread"),
        ("close", "closed"),
        ("return", "closed"),
    ] == told


def test_polled_socket_will_be_asked_again() -> None:
    """A socket that said "not yet", and that nobody watches, will be asked again."""
    story = Story()
    story.socket(4)
    story.connect(4)
    story.not_yet("recv", 4)
    story.send(5)

    assert ["has the thread", "connecting", "will be asked again", "will be asked again"] == [
        words(walk(story), step)[0] for step in range(4)
    ]


@pytest.mark.parametrize("op", ["connect", "connect_ex"])
def test_both_connects(op: str) -> None:
    """Either way of connecting leaves a socket connecting."""
    story = Story()
    story.socket(4)
    story.call(op, 4, address=THERE, errno="EINPROGRESS")

    assert ["connecting"] == words(walk(story), 1)


def test_blocking_call_holds_the_thread() -> None:
    """A socket whose call waits holds the thread, and the call is named."""
    story = Story()
    story.call("connect", 4, took=MS, could_wait=True, address=THERE)
    story.recv(4, 10, took=MS, could_wait=True)

    assert ["holds the thread in connect()"] == words(walk(story), 0)
    assert ["holds the thread in recv()"] == words(walk(story), 1)


def test_two_threads_wait_at_once() -> None:
    """While a step of one thread is looked at, the socket in which another one waits holds that thread; not any longer."""
    story = Story()
    for fd, tid in ((4, TID), (5, TID + 1)):
        story.call("connect", fd, at=fd, took=1, tid=tid, address=THERE)
    story.recv(4, 10, at=100, took=MS, could_wait=True)
    story.send(5, at=200, tid=TID + 1)
    story.send(5, at=2 * MS, tid=TID + 1)
    found = walk(story)

    assert ["holds the thread in recv()", "open"] == words(found, 2)
    assert ["holds the thread in recv()", "has the thread"] == words(found, 3)
    assert ["open", "has the thread"] == words(found, 4)


def test_call_that_never_returned_holds_its_thread_to_the_end() -> None:
    """The socket of a call that never returned holds that thread at every later step."""
    story = Story()
    story.call("connect", 4, took=MS, address=THERE)
    story.call("recv", 4, took=None, could_wait=True)
    story.send(5, at=9 * MS, tid=TID + 1)

    assert "holds the thread in recv()" == words(walk(story), 2)[0]


def test_closed_selector_watches_nothing() -> None:
    """With its one selector closed, what was registered with it is watched no more."""
    story = Story()
    story.call("selector", 3, selector="EpollSelector")
    story.connect(4)
    story.call("register", 4, events="WRITE")
    story.call("close", 3, what="EpollSelector")

    assert [["kernel watches for WRITE"], ["open"]] == [words(walk(story), step) for step in (2, 3)]


def test_one_of_two_selectors_is_closed() -> None:
    """With a second selector nobody can tell what the closed one watched, so nothing is taken back."""
    story = Story()
    for fd in (3, 7):
        story.call("selector", fd, selector="EpollSelector")
    story.connect(4)
    story.call("register", 4, events="WRITE")
    story.call("close", 7, what="EpollSelector")

    assert ["kernel watches for WRITE"] == words(walk(story), 4)


def test_failed_close_of_nothing_watched() -> None:
    """A call that fails leaves the watch as it was, and one that closes ends it, even if it fails."""
    story = Story()
    story.connect(4)
    story.call("register", 4, events="READ")
    story.call("recv", 4, errno="ECONNRESET", exc="ConnectionResetError")
    story.call("close", 4, errno="ECONNRESET", exc="ConnectionResetError")

    assert ["kernel watches for READ", "closed"] == [words(walk(story), step)[0] for step in (2, 3)]


def test_accepted_socket_is_open_from_its_accept_on() -> None:
    """The listening socket is among the sockets, and what comes out of its accept is open at that step."""
    story = Story()
    story.socket(3)
    story.call("listen", 3, backlog=5)
    story.call("register", 3, events="READ")
    story.select([[3, "READ"]])
    story.call("accept", 3, new_fd=5, peer="127.0.0.1:5000", result=5)
    story.recv(5, 10)
    found = walk(story)

    assert ["is ready: READ", "not opened yet"] == words(found, 3)
    assert ["kernel watches for READ", "open"] == words(found, 4)
    assert ["kernel watches for READ", "has the thread"] == words(found, 5)
    assert [5] == [socket.fds[0] for socket in found.shown]


def test_ready_is_said_of_the_socket_that_has_the_descriptor_now() -> None:
    """Of two sockets with one descriptor, the first of which nobody saw closed, the second one is ready."""
    story = Story()
    story.connect(4, "127.0.0.1:5000")
    story.call("register", 4, events="WRITE")
    story.socket(4)
    story.connect(4, "127.0.0.1:5001")
    story.call("register", 4, events="WRITE")
    story.select([[4, "WRITE"]])

    assert ["closed", "is ready: WRITE"] == words(walk(story), 5)


def test_process_of_its_own() -> None:
    """A select speaks of its own process's descriptors."""
    story = Story()
    for pid in (PID, PID + 1):
        story.socket(4, pid=pid, tid=pid)
        story.call("connect", 4, address=THERE, pid=pid, tid=pid)
        story.call("register", 4, events="READ", pid=pid, tid=pid)
    story.call("select", 3, result=[[4, "READ"]], pid=PID + 1, tid=PID + 1)

    assert ["kernel watches for READ", "is ready: READ"] == words(walk(story), 6)


# Reused descriptors, by a model of three lines

ACTIONS = ("open", "connect", "register", "unregister", "recv", "again", "close", "select")
PLAYS = st.lists(st.tuples(st.sampled_from(ACTIONS), st.sampled_from((4, 5, 6))), max_size=40)


def played(play: list[tuple[str, int]]) -> tuple[Story, list[list[str]]]:
    """A program that does this, as far as it can; and what its open sockets are after each step, by descriptor."""
    story, expected = Story(), []
    now: dict[int, str] = {}
    watched: set[int] = set()
    for action, fd in play:
        if action == "select":
            story.select([[ready, "READ"] for ready in sorted(watched)])
            expected.append(
                [f"{f} {'is ready: READ' if f in watched else text}" for f, text in sorted(now.items())]
            )
            continue
        if (action == "open") == (fd in now) or (action == "register" and fd in watched):
            continue
        if action == "unregister" and fd not in watched:
            continue
        _call(story, action, fd)
        if action in ("register", "unregister"):
            (watched.add if action == "register" else watched.discard)(fd)
        now[fd] = {"connect": "connecting", "again": "will be asked again"}.get(action, "open")
        if fd in watched:
            now[fd] = "kernel watches for READ"
        if action == "close":
            watched.discard(fd)
            del now[fd]
        told = {f: "has the thread" if f == fd and text == "open" else text for f, text in now.items()}
        expected.append([f"{f} {text}" for f, text in sorted(told.items())])
    return story, expected


def _call(story: Story, action: str, fd: int) -> None:
    calls: dict[str, Callable[..., Any]] = {
        "open": story.socket,
        "connect": story.connect,
        "register": partial(story.call, "register", events="READ"),
        "unregister": partial(story.call, "unregister"),
        "recv": partial(story.recv, size=1),
        "again": partial(story.not_yet, "recv"),
        "close": partial(story.call, "close"),
    }
    calls[action](fd=fd)


@given(PLAYS)
@settings(max_examples=200, deadline=None)
def test_reused_descriptors(play: list[tuple[str, int]]) -> None:
    """Whatever is opened, watched and closed on few descriptors, each step tells what the open sockets are."""
    story, expected = played(play)
    found = walk(story)
    # The model knows every socket; a view leaves out those that did nothing.
    shown = {socket.number for socket in found.shown}

    for step, told in enumerate(expected):
        seen = [
            f"{now.fd} {now.words}"
            for now in found.sockets(step)
            if now.status not in (Status.CLOSED, Status.UNOPENED)
        ]
        assert sorted(seen) == [text for text in told if _owner(found, step, int(text[0])) in shown]


def _owner(found: Walk, step: int, fd: int) -> int | None:
    """The connection of a descriptor at a step, by the last call on it."""
    events = (found.event(place) for place in range(step, -1, -1))
    return next((event.conn for event in events if event.fd == fd and event.conn), None)


# Traces that nobody recorded

ANYTHING = (
    st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers() | st.text(), max_size=3)
)
NAMES = st.sampled_from(
    ["socket", "accept", "connect", "register", "unregister", "select", "recv", "close", "detach", "selector", "yield",
     "start", "resume", "callback", "dup", "socketpair", "listen", "modify"]
)  # fmt: skip
EVENTS = st.builds(
    Event,
    seq=st.just(0),
    lane=st.sampled_from([PYTHON, PYTHON, PYTHON, FLOW, "server", "kernel"]),
    op=NAMES | st.text(max_size=4),
    t0=st.integers(0, 10**6),
    t1=st.none() | st.integers(0, 2 * 10**6),
    pid=st.sampled_from([PID, PID + 1]),
    tid=st.sampled_from([TID, TID + 1]),
    owner=st.none() | st.sampled_from(["loop", "a #1", "b\x1b[31m"]) | st.text(max_size=4),
    fd=st.none() | st.integers(-1, 6),
    conn=st.none() | st.integers(1, 4),
    args=st.dictionaries(
        st.sampled_from(["events", "what", "address", "new_fd", "could_wait", "waited", "watched"]),
        ANYTHING,
        max_size=3,
    ),
    result=ANYTHING | st.lists(st.tuples(st.integers(0, 6), st.text(max_size=3)), max_size=3),
    errno=st.none() | st.sampled_from(["EAGAIN", "EINPROGRESS", "EBADF"]) | st.text(max_size=3),
    exc=st.none() | st.text(max_size=3),
    bytes=st.none() | st.integers(0, 100),
)


@st.composite
def anything(draw: st.DrawFn) -> Trace:
    """A trace that holds to the form of the file, and to nothing else."""
    events = draw(st.lists(EVENTS, max_size=25))
    return Trace(
        Story().header, [e._replace(t1=None if e.t1 is None else e.t0 + e.t1) for e in events]
    ).sorted()


@given(anything())
@settings(max_examples=200, deadline=None)
def test_traces_that_nobody_recorded(trace: Trace) -> None:
    """Whatever a trace holds, each step has a sentence, a state and words for each socket, and no control character."""
    found = walk(trace)
    for step in range(len(found)):
        now = list(found.sockets(step))
        assert [*sorted({each.socket.number for each in now})] == [each.socket.number for each in now]
        assert all(each.words == clean(each.words) for each in now)
        assert found.sentence(step) == clean(found.sentence(step))
        assert found.end(step) >= found.at(step)
        assert found.state(step)
        assert all(line.text for line in found.beneath(step))
        assert found.counterpart(found, step) == step


# Two runs


@pytest.mark.parametrize(
    "make", [traces.selector, traces.blocking, traces.nonblocking, fetching, traces.forked]
)
def test_counterpart_in_the_same_run(make: Callable[[], Trace]) -> None:
    """In a run that did the same, the counterpart of each step is that very step."""
    one, other = walk(make()), walk(make())

    assert list(range(len(one))) == [other.counterpart(one, step) for step in range(len(one))]


def _blocking() -> Story:
    story = Story()
    story.socket(4)
    story.call("connect", 4, took=MS, could_wait=True, address=THERE)
    story.call("sendall", 4, size=49)
    for size in (400, 300, 0):
        story.recv(4, size, took=MS, could_wait=True)
    story.call("close", 4)
    return story


def _polling() -> Story:
    story = Story()
    story.step("start", "fetch #1")
    story.socket(7)
    story.connect(7)
    story.send(7)
    for size in (400, 300, 0):
        for _ in range(3):
            story.not_yet("recv", 7)
        story.recv(7, size)
    story.call("close", 7)
    return story


def test_counterparts_of_work_not_of_questions() -> None:
    """A program that asks four times, and one that waits once, stand at the same piece; the questions lead to the wait."""
    polling, blocking = walk(_polling()), walk(_blocking())
    found = [blocking.counterpart(polling, step) for step in range(len(polling))]

    assert [None, 0, 1, 2, *[3] * 4, *[4] * 4, *[5] * 4, 6] == found
    assert [1, 2, 3, 4, 8, 12, 16] == [polling.counterpart(blocking, step) for step in range(len(blocking))]


def test_counterpart_of_the_same_phase() -> None:
    """A call that the other run does not make leads to one of its phase, as far on; the last, if there are fewer."""
    one, other = Story(), Story()
    for story in (one, other):
        story.connect(4)
    for _ in range(3):
        one.call("recv_into", 4, bytes=5, result=5)
    for _ in range(2):
        other.recv(4, 5)
    found = walk(other)

    assert [0, 1, 2, 2] == [found.counterpart(walk(one), step) for step in range(4)]


def test_no_counterpart() -> None:
    """What the other run does nothing like has no counterpart there, nor has what another connection does."""
    one, other = Story(), Story()
    one.select([], took=MS)
    one.connect(4)
    one.connect(5)
    other.connect(4)

    assert [None, 0, None] == [walk(other).counterpart(walk(one), step) for step in range(3)]


def test_follow_by_the_clock() -> None:
    """By the clock, another run stands at the last step that it had begun at that time since its own beginning."""
    one, other = Story(), Story()
    for at in (100, 200, 300):
        one.send(4, at=at)
    for at in (5000, 5150, 5200, 5900):
        other.send(4, at=at)

    assert [0, 1, 2] == [follow(walk(other), step, walk(one), Follow.CLOCK) for step in (0, 1, 3)]
    assert [0, 0, 2] == [follow(walk(one), step, walk(other), Follow.CLOCK) for step in (0, 0, 2)]


def test_follow_by_phase_stays_where_there_is_no_counterpart() -> None:
    """Where a step has no counterpart, the other run stands at that of the last step before it which has one."""
    polling, blocking = walk(_polling()), walk(_blocking())
    stands = [follow(blocking, step, polling, Follow.PHASE) for step in range(len(blocking))]

    assert [1, 2, 3, 4, 8, 12, 16] == stands
    assert 0 == follow(polling, 0, blocking, Follow.PHASE)


@given(st.lists(st.integers(0, 40), max_size=10), st.sampled_from(Follow))
def test_follow_forgets_the_way(way: list[int], how: Follow) -> None:
    """Where another run stands depends on the step alone, not on the way there."""
    one, other = walk(traces.selector(1)), walk(traces.blocking(1))
    for step in way:
        follow(one, step % len(one), other, how)

    assert follow(one, 9, other, how) == follow(walk(traces.selector(1)), 9, walk(traces.blocking(1)), how)
