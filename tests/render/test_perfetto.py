"""The file for Perfetto: what is in it, that it nests, and that nothing in a trace can break it."""

from __future__ import annotations

import json
import tracemalloc
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.loop_story import LoopStory
from tests.browser.big import big_trace
from tests.render import traces
from tests.render.looks import MAKERS, study
from tests.render.trace_events import Piece, Told, file_of, names, read
from tests.render.traces import MS, US, Script
from tracedemo.analysis.lanes import has_lane
from tracedemo.analysis.segments import State, is_call
from tracedemo.analysis.sentences import sentence
from tracedemo.analysis.study import Study
from tracedemo.events import FLOW, KERNEL, PYTHON, TRACER, Event, Site, Trace
from tracedemo.render.perfetto import Perfetto
from tracedemo.render.perfetto.flows import arrows


def drawn(trace: Trace, **options: Any) -> Told:
    return read(file_of(Study(trace), **options))


def thread_of(told: Told) -> list[Piece]:
    """The first thread of the first run."""
    return next(pieces for name, pieces in told.pieces.items() if name.endswith("thread"))


# Tracks


def test_one_process() -> None:
    """All runs are one process with numbered threads in the order of the runs: thread, server, connections."""
    told = read(file_of(study("blocking"), study("selector")))

    assert ["tracedemo"] == [
        event["args"]["name"] for event in told.of("M") if event["name"] == "process_name"
    ]
    assert [
        "About this trace",
        "1. blocking: the one thread",
        "1. blocking: our server",
        *(f"1. blocking: fetch_data #{k}" for k in (1, 2, 3)),
        "2. selector: the one thread",
        "2. selector: our server",
        *(f"2. selector: fetch_data #{k}" for k in (1, 2, 3)),
    ] == list(told.names.values())


def test_runs_begin_together() -> None:
    """Every run begins at 0, whatever its clock says."""
    later = [event._replace(t0=event.t0 + MS, t1=event.t1 + MS) for event in study("blocking").events]
    told = read(file_of(study("blocking"), Study(study("blocking").trace.replace(events=later))))
    first, second = (told.pieces[f"{number}. blocking: the one thread"] for number in (1, 2))

    assert 0 == first[0].begin
    assert first == second


def test_most_tracks() -> None:
    """Of more lanes than there is room for the first are drawn, and the file itself and its maker say how many were not."""
    perfetto = Perfetto([Study(traces.selector(40)), Study(traces.blocking(40))], most=50)
    told = read("".join(perfetto.text()))
    sentences = (
        "1. selector: 27 of 40 connections left out: a file for Perfetto has at most 50 tracks.",
        "2. blocking: 28 of 40 connections left out: a file for Perfetto has at most 50 tracks.",
    )

    assert 50 - 20 == len(told.names)
    assert ["1. selector: fetch_data #13", "2. blocking: fetch_data #12"] == [
        [name for name in told.names.values() if name.startswith(run)][-1] for run in ("1.", "2.")
    ]
    assert sentences == perfetto.left_out
    assert sentences == tuple(event["name"] for event in told.of("i"))[2:]


def test_threads_before_connections() -> None:
    """Where there is not room for all, no connection has a place that a thread wants."""
    script = Script(server={})
    for number in range(60):
        script.call("socket", US, f"t{number}", fd=number + 3, result=number + 3, tid=number + 1)
        script.call("connect", US, f"t{number}", fd=number + 3, tid=number + 1, args={"address": "h:80"})
    perfetto = Perfetto([Study(script.trace())], most=80)
    told = read("".join(perfetto.text()))

    assert [f"1. selector: t{number}" for number in range(59)] == list(told.names.values())[1:]
    assert 2 == len(perfetto.left_out)
    assert "1 of 60 threads" in perfetto.left_out[0] + perfetto.left_out[1]


# Slices


@pytest.mark.parametrize("name", MAKERS)
def test_every_call(name: str) -> None:
    """Every call is on its thread, and on its connection where that has a lane, with the sentence of all other views."""
    it = study(name)
    told = read(file_of(it))
    lanes = {socket.number for socket in it.connections if has_lane(socket)}
    expected: Counter[str] = Counter()
    for event in it.events:
        if event.lane == PYTHON and event.mark != TRACER:
            expected[sentence(event, it.context)] += 1 + (is_call(event) and event.conn in lanes)

    assert expected == Counter(
        piece.args["sentence"] for piece in told.all if piece.cat in {*State, "importing"} - {"parked"}
    )


@pytest.mark.parametrize("name", MAKERS)
def test_parked(name: str) -> None:
    """Parked is where a connection holds no thread: as long in the file as in the timeline."""
    it = study(name)
    told = read(file_of(it))
    parked = sum(
        part.t1 - part.t0
        for lane in it.states.connections
        for part in lane.segments
        if part.state is State.PARKED and part.row is None
    )

    assert parked == sum(piece.end - piece.begin for piece in told.all if piece.cat == "parked")


def test_what_is_told() -> None:
    """A slice says what was asked, what came back, where it is written, and in which state the thread was."""
    recv = next(
        piece for piece in thread_of(read(file_of(study("blocking")))) if piece.name == "recv (blocked)"
    )

    assert ("blocked", 30 * MS) == (recv.cat, recv.end - recv.begin)
    assert {
        "call": "recv(4096)",
        "result": "400 bytes",
        "fd": "3",
        "bytes": "400",
        "owner": "fetch_data #1",
        "connection": "fetch_data #1",
        "at": "variants/blocking.py:13 in fetch_data",
        "source": "chunk = sock.recv(4096)",
    } == {name: value for name, value in recv.args.items() if name != "sentence"}
    assert recv.args["sentence"].startswith("fetch_data #1 waits 30 milliseconds in recv()")


def test_states_are_seen() -> None:
    """Who waits, and who is told "not yet", has another name, and so another colour, than who is answered."""
    found = {(piece.name, piece.cat) for piece in thread_of(read(file_of(study("selector"))))}

    assert {
        ("select (asleep)", "asleep"), ("recv: EAGAIN", "not yet"), ("connect: EINPROGRESS", "not yet"), ("recv", "call"),
    } <= found  # fmt: skip


def test_exact_times() -> None:
    """Times are exact to the nanosecond, a week after the start, too."""
    script = Script(server={})
    script.call("socket", 1, fd=3, result=3)
    week = 7 * 24 * 3600 * 10**9
    script.add(PYTHON, "close", 10_007, at=script.start + week + 1_000_003, fd=3)

    last = thread_of(drawn(script.trace()))[-1]
    assert (week + 1_000_003, week + 1_010_010) == (last.begin, last.end)


def test_never_returned() -> None:
    """A call that never returned lasts until the trace ends, and says so."""
    told = read(file_of(study("forked")))
    last = next(pieces for name, pieces in told.pieces.items() if "process 702" in name)[-1]

    assert 5 * MS <= last.end - last.begin
    assert last.args["returned"] is False
    assert max(piece.end for piece in told.all) == last.end


def test_callbacks() -> None:
    """What an asyncio loop runs is a slice around the calls that it makes."""
    told = read(file_of(study("looping")))
    pieces = next(pieces for name, pieces in told.pieces.items() if "thread" in name)
    around = {
        outer.name
        for outer, inner in pairwise(pieces)
        if outer.cat == "callback" and inner.depth == outer.depth + 1
    }

    assert around
    rows = [event for event in study("looping").events if event.lane == FLOW and event.op == "callback"]
    assert len(rows) == sum(piece.cat == "callback" for piece in told.all)


# System calls


def with_kernel(*calls: tuple[str, int, int | None]) -> Script:
    """A recv of 100 us and system calls in it, each (name, begin, how long) in microseconds from its begin."""
    script = Script("k.py", kind="script", server={}, requests=None)
    script.add(PYTHON, "socket", 5 * US, fd=3, result=3)
    script.now += 10 * US
    script.add(PYTHON, "recv", 100 * US, fd=3, result=1, bytes=1)
    for name, begin, took in calls:
        at = script.now + begin * US
        script.add(KERNEL, name, None if took is None else took * US, at=at, fd=3, result=1)
    return script


def test_kernel_nests() -> None:
    """Every system call under a Python call lies inside of it, one level deeper, and only there."""
    it = study("kernel")
    assert it.join is not None
    told = read(file_of(it))
    inside = 0
    stack: list[Piece] = []
    for piece in thread_of(told):
        stack[piece.depth :] = [piece]
        if piece.cat == "kernel" and piece.depth:
            above = stack[-2]
            assert above.cat != "kernel"
            assert above.begin < piece.begin <= piece.end < above.end
            inside += 1
    parents = [above for above in it.join.parent.values() if it.events[above].mark != TRACER]
    shown = [piece for piece in told.all if piece.cat == "kernel"]

    assert len(parents) == inside
    assert len(shown) == inside + len(it.join.outside)
    assert len(it.join.outside) == sum("under_no_call" in piece.args for piece in shown)


def test_kernel_is_clamped() -> None:
    """A system call that seems to return after its Python call ends with it, by a nanosecond, and tells its true time."""
    piece = thread_of(drawn(with_kernel(("recvfrom", 90, 50)).trace()))[-1]

    assert ("recvfrom", 1, 110 * US - 1) == (piece.name, piece.depth, piece.end)
    assert ("100.0", "50.0") == (piece.args["true_begin_us"], piece.args["true_duration_us"])


def test_kernel_at_the_begin() -> None:
    """A system call that begins with its Python call is drawn a nanosecond later: an arrow there means the call."""
    piece = thread_of(drawn(with_kernel(("recvfrom", 0, 100)).trace()))[-1]

    assert (1, 10 * US + 1, 110 * US - 1) == (piece.depth, piece.begin, piece.end)


def test_kernel_broken_off() -> None:
    """A system call without a return ends where its thread makes the next one; the last one, with its call."""
    told = thread_of(drawn(with_kernel(("recvfrom", 10, None), ("recvfrom", 60, None)).trace()))

    assert [(20 * US, 70 * US), (70 * US, 110 * US - 1)] == [(piece.begin, piece.end) for piece in told[-2:]]


def test_kernel_under_no_call() -> None:
    """What nobody is known to have called is on the track of its thread, or, where that has none, on one of its own."""
    script = with_kernel(("sendto", 200, 5))
    script.add(KERNEL, "sendto", 5 * US, at=script.now + 300 * US, fd=9, tid=99, result=1)
    told = drawn(script.trace())

    assert "sendto" == told.pieces["1. k.py: the one thread"][-1].name
    assert ["sendto"] == names(told.pieces["1. k.py: process 700, thread 99"])
    assert "2 system calls" == told.of("i")[0]["args"]["under_no_call"]


def test_kernel_before_the_first_call() -> None:
    """A system call on a socket before the program's first call is shown, and the run begins so much later."""
    script = with_kernel()
    script.add(KERNEL, "socket", 5 * US, at=script.start - 70 * US, result=9, pid=99)
    told = read(file_of(Study(script.trace()), study("blocking")))

    assert 70 * US == told.pieces["1. k.py: the one thread"][0].begin
    assert 70 * US == told.pieces["2. blocking: the one thread"][0].begin


def test_what_is_hidden_is_counted() -> None:
    """Neither an interpreter's start nor the tool's own calls are in the file, and it says how many there were."""
    it = study("kernel")
    assert it.join is not None
    told = read(file_of(it))

    assert (
        "Left out: 41 system calls of the interpreter's start, and 1 of tracedemo's own."
        == told.of("i")[0]["args"]["hidden"]
    )
    assert not any("/lib/0" in piece.args.get("system_call", "") for piece in told.all)


# What overlaps


def test_signal_handler() -> None:
    """A call that a signal handler makes inside of another one is inside of it."""
    script = Script(server={})
    script.add(PYTHON, "select", 100 * US, result=())
    script.add(PYTHON, "send", 10 * US, at=script.now + 50 * US, fd=5, bytes=1, result=1)
    told = drawn(script.trace())

    assert [("select", 0), ("send", 1)] == [(piece.name, piece.depth) for piece in thread_of(told)]


def overlapping(many: int) -> Trace:
    script = Script(server={})
    for number in range(many):
        script.add(PYTHON, "recv", 100 * US, at=script.now + number * US, fd=5, bytes=1, result=1)
    return script.trace()


def test_beside() -> None:
    """What does not nest goes to a track beside, below its own."""
    told = drawn(overlapping(2))

    assert ["1. selector: the one thread", "1. selector: the one thread (overlapping)"] == list(
        told.names.values()
    )[1:3]
    assert [1, 1] == [len(pieces) for pieces in list(told.pieces.values())[1:3]]


def test_no_room_beside() -> None:
    """What does not nest there, either, is counted and said."""
    perfetto = Perfetto([Study(overlapping(5))])
    told = read("".join(perfetto.text()))

    threads = [pieces for name, pieces in told.pieces.items() if "thread" in name]
    assert [1, 1] == [len(pieces) for pieces in threads]
    assert perfetto.left_out[0].startswith("1. selector: ")
    assert "slices left out: they overlap with others" in perfetto.left_out[0]
    assert perfetto.left_out == tuple(event["name"] for event in told.of("i"))[1:]


# Arrows and numbers


@pytest.mark.parametrize("name", MAKERS)
def test_arrows(name: str) -> None:
    """Every arrow goes from a select to what the wakeup made go on; in the file both ends are the slices that are meant."""
    it = study(name)
    told = read(file_of(it))
    meant = Counter(tuple(sentence(it.events[row], it.context) for row in pair) for pair in arrows(it))

    assert meant == Counter(tuple(piece.args["sentence"] for piece in pair) for pair in told.arrows())
    assert all(it.events[begin].t1 <= it.events[end].t0 for begin, end in arrows(it))


def test_arrow_for_each() -> None:
    """A wakeup of three connections has three arrows, each to the first call of who went on."""
    pairs = list(arrows(study("selector")))
    events = study("selector").events
    first = [end for begin, end in pairs if begin == pairs[0][0]]

    assert ["fetch_data #1", "fetch_data #2", "fetch_data #3"] == [events[row].owner for row in first]
    assert {"send"} == {events[row].op for row in first}


def test_arrow_to_a_callback() -> None:
    """Who went on in a callback, and made no call, has an arrow to the callback."""
    story = LoopStory()
    story.loop()
    story.turn((4, "READ"), slept=5 * MS)
    with story.callback("step", "Task-1", step=True):
        pass
    story.turn()
    it = Study(story.trace())

    assert [("select", "callback")] == [(it.events[begin].op, it.events[end].op) for begin, end in arrows(it)]


@pytest.mark.parametrize("name", MAKERS)
def test_in_flight(name: str) -> None:
    """The counter never goes below 0, and its highest value is the number that the summary has."""
    it = study(name)
    values = [int(event["args"]["in flight"]) for event in read(file_of(it)).of("C")]

    assert it.summary.in_flight == max(values, default=0)
    assert min(values, default=0) >= 0


# What comes from outside


TEXT = st.text(
    st.one_of(st.characters(), st.sampled_from('\x00\x1b\u2028\u202e\ud800\udfff"\\<>&/')), max_size=12
)  # fmt: skip
NUMBER = st.integers(-3, 12)
EVENTS = st.builds(
    Event,
    seq=st.just(0),
    lane=st.sampled_from(["python", "kernel", "flow", "server"]),
    op=st.one_of(
        st.sampled_from(["select", "recv", "callback", "connect", "close", "accept", "resume"]), TEXT
    ),
    t0=st.integers(0, 60),
    t1=st.one_of(st.none(), st.integers(0, 80)),
    pid=st.integers(1, 2),
    tid=st.integers(1, 2),
    owner=st.one_of(st.none(), TEXT),
    fd=st.one_of(st.none(), NUMBER),
    conn=st.one_of(st.none(), NUMBER),
    args=st.dictionaries(
        st.sampled_from(["address", "step", "callback", "could_wait", "peer"]), st.one_of(TEXT, NUMBER)
    ),
    result=st.one_of(st.none(), TEXT, st.floats(), st.lists(st.tuples(NUMBER, TEXT), max_size=2)),
    errno=st.one_of(st.none(), st.just("EAGAIN"), TEXT),
    exc=st.one_of(st.none(), TEXT),
    bytes=st.one_of(st.none(), NUMBER),
    site=st.one_of(st.none(), st.builds(Site, TEXT, NUMBER, TEXT)),
)


@given(st.lists(EVENTS, max_size=25), TEXT)
@settings(max_examples=300, deadline=None)
def test_anything(events: list[Event], name: str) -> None:
    """Whatever a trace holds, the file is JSON without control characters, and its slices nest."""
    made = replace(traces.one_event().header, target=name)
    told = drawn(Trace(made, events, {name: name}).sorted())

    for text in json.dumps(told.events, ensure_ascii=False).split('"'):
        assert not any(c < " " or "\ud800" <= c <= "\udfff" or c in "\u2028\u202e" for c in text)


@given(st.lists(st.tuples(st.sampled_from(["owner", "args", "exc", "site"]), TEXT), min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_hostile_text_changes_nothing_else(changes: list[tuple[str, str]]) -> None:
    """Text, whatever it holds, changes no time, no track and no number of slices."""
    plain = read(file_of(study("blocking")))
    words: dict[str, Any] = {}
    for name, text in changes:
        words[name] = {"args": {"address": text}, "site": Site(text, 1, text)}.get(name, text)
    words.pop("owner", None)  # who made it decides what a track is called
    events = [
        event._replace(**words) if event.op == "connect" else event for event in study("blocking").events
    ]
    hostile = drawn(study("blocking").trace.replace(events=events))

    assert [piece[:3] for piece in plain.all] == [piece[:3] for piece in hostile.all]
    assert list(plain.names) == list(hostile.names)


def test_html_stays_text() -> None:
    """Markup in names is text, and control characters are written as escapes."""
    script = Script("<script>\x1b[31m", server={})
    script.call("<img src=x>\x00", US)
    told = drawn(script.trace())

    assert "1. <script>\\x1b[31m: the one thread" in told.names.values()
    assert ["<img src=x>\\x00"] == names(thread_of(told))


def test_empty() -> None:
    """A trace without a row is a file without a slice."""
    assert [] == drawn(Trace()).all


# Size


def test_little_memory() -> None:
    """The file is made while it is read: a large one needs a small part of its size."""
    it = Study(big_trace(400, kernel=True))
    Perfetto([it])
    for ready in (it.row_states, it.context, it.wakeups, it.states.connections, it.summary):
        assert ready is not None
    perfetto = Perfetto([it])
    tracemalloc.start()
    size = sum(map(len, perfetto.text()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert size > 4_000_000
    assert peak < size / 5
