"""What changed between two runs: what is the same in spite of all, what is found, and how it is said."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.loop_story import fetching
from tests.analysis.story import MS, THERE, Story, fetch
from tests.render import traces
from tests.render.kernel_trace import kernel
from tracedemo.analysis.diff import (
    ADDED,
    ANSWER,
    ARGUMENTS,
    BENEATH,
    ENDING,
    KINDS,
    MOVED,
    REMOVED,
    REPEATS,
    SAME,
    Diff,
    Step,
    common,
    diff,
)
from tracedemo.analysis.diff.saying import total_says
from tracedemo.analysis.filters import parse
from tracedemo.analysis.segments import is_call
from tracedemo.analysis.study import Study
from tracedemo.analysis.text import clean
from tracedemo.events import KERNEL, LANES, MARKS, PYTHON, Event, Header, Site, Trace


def between(a: Story | Trace, b: Story | Trace) -> Diff:
    return diff(*(Study(it if isinstance(it, Trace) else it.trace()) for it in (a, b)))


def found(it: Diff) -> list[Step]:
    return [step for group in it.groups for step in group.differences]


def one(it: Diff) -> Step:
    """The only difference."""
    (step,) = found(it)
    assert 1 == it.total
    return step


def program(*, fd: int = 4, port: int = 50_000, there: str = THERE, pid: int = 100, late: int = 0) -> Story:
    """Two fetches on a loop, with everything in other numbers that two runs have in other numbers."""
    story = Story(pid=pid, server={"address": there, "pace": "lockstep"}, exit_code=0)
    story.clock = {pid: late}
    for number in (1, 2):
        told = {"owner": f"fetch_data #{number}", "pid": pid, "tid": pid}
        loop = {"pid": pid, "tid": pid}
        local = f"127.0.0.1:{port + number}"
        story.socket(fd + number, **told)
        story.connect(fd + number, address=there, **told)
        story.call("getsockname", fd + number, result=local, cpu=late, **told)
        story.call("register", fd + number, events="WRITE", selector="EpollSelector", **loop)
        story.select([[fd + number, "WRITE"]], took=MS + late, **loop)
        story.send(fd + number, **told)
        for _ in range(5):
            story.not_yet("recv", fd + number, size=4096, **told)
        story.recv(fd + number, 400, waited=bool(late), **told)
        story.call("close", fd + number, **told)
    return story


def edited(trace: Trace, row: int, **fields: Any) -> Trace:
    events = list(trace)
    events[row] = events[row]._replace(**fields)
    return trace.replace(events=events)


def row_of(trace: Trace, op: str, nth: int = 0) -> int:
    return [row for row, event in enumerate(trace) if event.op == op and event.lane == PYTHON][nth]


# The same


def test_what_two_runs_never_have_in_common() -> None:
    """Process numbers, descriptors, ports, the server's address, CPU times, waits and all times are no difference."""
    a, b = program(), program(fd=17, port=60_000, there="127.0.0.1:41234", pid=777, late=987_654)
    it = between(a, b)

    assert (0, {}) == (it.total, it.counts)
    assert (26, 26) == it.compared
    assert ["connection 1", "connection 2", "no connection (loop)"] == [group.title for group in it.groups]
    assert {SAME} == {step.kind for group in it.groups for step in group.steps}
    assert not any(group.change or group.says for group in it.groups)
    assert "No difference: 26 calls of A and 26 calls of B are the same." == total_says(it)


@pytest.mark.parametrize(
    "make",
    [traces.selector, traces.blocking, traces.nonblocking, traces.hostile, traces.forked, traces.sleeping,
     traces.one_event, kernel, fetching, Trace],
)  # fmt: skip
def test_a_run_and_itself(make: Callable[[], Trace]) -> None:
    """No run differs from itself."""
    assert 0 == between(make(), make()).total


def test_threads_that_connect_in_another_order() -> None:
    """Threads connect in any order: each is held against its namesake, and the order is no difference."""

    def run(*order: int) -> Story:
        story = Story()
        for place, number in enumerate(order):
            told = {"tid": 100 + number, "owner": f"fetch #{number}", "at": 100 * place}
            story.socket(4 + place, **told)
            told |= {"at": 100 * place + 50}
            story.call("connect", 4 + place, address=THERE, **told)
            story.call("sendall", 4 + place, size=number, bytes=number, **told | {"at": 100 * place + 70})
        return story

    it = between(run(1, 2), run(2, 1))

    assert 0 == it.total
    assert [("fetch #1", "fetch #1"), ("fetch #2", "fetch #2")] == [group.labels for group in it.groups]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"timeout": 0.298765}, {"timeout": 0.298123}),
        ({"timeout": 29.997}, {"timeout": 29.9963}),
        ({"timeout": 1.999}, {"timeout": 1.9987}),
        ({"host": "localhost", "port": 8000}, {"host": "localhost", "port": 9000}),
        ({"address": "unix:/tmp/tmpab12cd34/sock"}, {"address": "unix:/tmp/tmpzz98xy76/sock"}),
        ({"address": "127.0.0.1:45001"}, {"address": "127.0.0.1:45002"}),
        ({"path": "/proc/123/fd"}, {"path": "/proc/4567/fd"}),
        ({"what": "socket:[881]"}, {"what": "socket:[9]"}),
        ({"value": "<thing at 0x7f00aa>"}, {"value": "<thing at 0x7f11bbcc>"}),
        ({"could_wait": True, "cpu": 4}, {}),
    ],
)
def test_drawn_by_lot(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Values that a clock or chance has chosen, and names of our server, are the same in two runs."""
    a, b = (Story(server={"address": f"127.0.0.1:{port}"}) for port in (8000, 9000))
    op = "select" if "timeout" in one else "getaddrinfo" if "host" in one else "connect"
    for story, args in ((a, one), (b, other)):
        story.call(op, None if op == "select" else 5, **args)

    assert 0 == between(a, b).total


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"timeout": 0.5}, {"timeout": 1.5}),
        ({"timeout": None}, {"timeout": 0.0}),
        ({"timeout": 0.5}, {"timeout": 0.512345}),
        ({"address": "10.0.0.1:50000"}, {"address": "10.0.0.1:50001"}),
        ({"address": "127.0.0.1:80"}, {"address": "127.0.0.1:81"}),
        ({"address": "unix:/tmp/a"}, {"address": "unix:/tmp/b"}),
        ({"value": True}, {"value": 1}),
        ({"host": "a"}, {}),
    ],
)
def test_not_drawn_by_lot(one: dict[str, Any], other: dict[str, Any]) -> None:
    """What the program has chosen is its argument, and a difference, which is shown though the short form may not."""
    a, b = Story(), Story()
    for story, args in ((a, one), (b, other)):
        story.call("select" if "timeout" in one else "connect", None if "timeout" in one else 5, **args)
    step = next(step for step in found(between(a, b)) if step.kind == ARGUMENTS)

    assert None not in (step.a, step.b)
    assert step.a.call != step.b.call


# Differences


def test_another_answer() -> None:
    """The same call with another answer is one difference, named with both answers, lines, texts and numbers."""
    a = program().trace()
    a.sources["story.py"] = "\n".join(f"line {number}" for number in range(1, 99))
    row = row_of(a, "recv", 5)
    b = edited(a, row, errno="ECONNRESET", exc="ConnectionResetError", result=None, bytes=None)
    step = one(between(a, b))

    assert (ANSWER, "receive") == (step.kind, step.phase)
    assert None not in (step.a, step.b)
    assert ("recv(4096)", "400 bytes", "ECONNRESET") == (step.a.call, step.a.answer, step.b.answer)
    assert ((row,), a[row].seq) == (step.a.rows, step.a.seq)
    assert f"line {a[row].site.line}" == step.a.source == step.b.source
    line = a[row].site.line
    assert f"recv(4096) is answered 400 bytes in A, and ECONNRESET in B (story.py:{line})." == step.says


def test_an_answer_that_the_short_form_hides() -> None:
    """Where two answers look alike in the log, what differs is shown: which connection was ready, and for what."""
    a = program().trace()
    row = row_of(a, "select")
    b = edited(a, row, result=[[a[row].result[0][0], "READ"]])
    step = one(between(a, b))

    assert None not in (step.a, step.b)
    assert "1 ready: fd 5 [ready=connection 1 WRITE]" == step.a.answer
    assert "1 ready: fd 5 [ready=connection 1 READ]" == step.b.answer


def test_other_arguments() -> None:
    """The same call with other arguments is one difference; what the short form leaves out is shown."""
    a = program().trace()
    plain = one(between(a, edited(a, row := row_of(a, "send"), args=a[row].args | {"size": 50})))
    hidden = one(between(a, edited(a, row_of(a, "close"), args={"by": "garbage collection"})))

    assert {ARGUMENTS} == {plain.kind, hidden.kind}
    assert plain.says.startswith("A calls send(49 bytes), and B send(50 bytes) (story.py:")
    assert None not in (hidden.a, hidden.b)
    assert ("close() [no by]", "close() [by=garbage collection]") == (hidden.a.call, hidden.b.call)


def test_a_call_more_and_a_call_less() -> None:
    """A call that only one run makes is added in one direction and removed in the other."""
    a = program().trace()
    events = list(a)
    more = events[row_of(a, "send")]._replace(
        op="setsockopt", args={"option": "TCP_NODELAY", "value": 1}, bytes=None, result=None
    )
    events.insert(row_of(a, "send"), more)
    b = a.replace(events=events)
    added, removed = one(between(a, b)), one(between(b, a))

    assert (ADDED, None) == (added.kind, added.a)
    assert (REMOVED, None) == (removed.kind, removed.b)
    assert added.says.startswith("Only B calls setsockopt(TCP_NODELAY, 1) (story.py:")
    assert removed.says.startswith("Only A calls setsockopt(TCP_NODELAY, 1) (story.py:")
    assert "create" == added.phase


@pytest.mark.parametrize(("a", "b"), [(268, 301), (1, 2), (5000, 4)])
def test_repeats(a: int, b: int) -> None:
    """A call that is repeated more often is one difference, and told as that."""

    def run(times: int) -> Story:
        story = Story()
        story.connect(4)
        for _ in range(times):
            story.not_yet("recv", 4, size=4096, site=Site("story.py", 7, "main"))
        story.recv(4, 80)
        return story

    step = one(between(run(a), run(b)))
    often = {1: "once", 2: "twice"}

    assert REPEATS == step.kind
    assert (
        f"recv(4096) is answered EAGAIN {often.get(a, f'{a:,} times')} in A, and {often.get(b, f'{b:,} times')} in B"
        " (story.py:7)." == step.says
    )


def test_a_change_in_the_middle_of_repeats() -> None:
    """One of many equal calls that is answered otherwise is one difference, and tears nothing apart."""
    a = program().trace()
    b = edited(a, row_of(a, "recv", 2), errno=None, exc=None, result=3, bytes=3)
    step = one(between(a, b))

    assert ANSWER == step.kind
    assert None not in (step.a, step.b)
    assert ("EAGAIN", "3 bytes") == (step.a.answer, step.b.answer)


def test_a_connection_that_only_one_has() -> None:
    """A connection without counterpart is told as a whole, and its calls one by one."""
    a, b = Story(), Story()
    for story, many in ((a, 1), (b, 2)):
        for number in range(many):
            fetch(story, 4, f"fetch_data #{number + 1}", f"127.0.0.1:{number + 5000}")
    it = between(a, b)
    group = next(group for group in it.groups if group.only)

    assert ("B", "connection 2", "Only B has connection 2: 12 calls.") == (
        group.only,
        group.title,
        group.says,
    )
    assert {ADDED} == {step.kind for step in group.steps}
    assert (None, 2) == group.numbers


def test_moved() -> None:
    """A connection to somewhere else that one thread makes earlier has moved, and is held against itself all the same."""

    def run(*order: str) -> Story:
        story = Story()
        for place, address in enumerate(order):
            story.socket(4 + place)
            story.call("connect", 4 + place, address=address)
        return story

    it = between(
        run("10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"), run("10.0.0.2:80", "10.0.0.3:80", "10.0.0.1:80")
    )
    step = one(it)

    assert MOVED == step.kind
    assert "Connection 1 was connected as number 1 in A, and as number 3 in B." == step.says
    assert None not in (step.a, step.b)
    assert "connect(10.0.0.1:80)" == step.a.call == step.b.call


def test_another_end() -> None:
    """How the runs ended is compared; an end that nobody knows is no difference."""
    a, b, unknown = (Story(exit_code=code) for code in (0, 3, None))
    killed = Story(exit_code=137, ended="signal SIGKILL")

    assert ("The exit code of A was 0, and of B 3.",) == between(a, b).endings
    assert {ENDING: 1} == between(a, b).counts
    assert ("The end of A was exit, and of B signal SIGKILL.",) == between(a, killed).endings
    assert () == between(a, unknown).endings


def test_times_are_shown_and_no_difference() -> None:
    """What was waited in each phase stands beside each other."""

    def run(took: int) -> Story:
        story = Story()
        story.socket(4)
        story.call("connect", 4, address=THERE)
        story.send(4)
        story.recv(4, 400, took=took, could_wait=True)
        return story

    it = between(run(10 * MS), run(30 * MS))
    times = {times.phase: times for times in it.groups[0].times}

    assert 0 == it.total
    assert ((1, 1), (10 * MS, 30 * MS), (10 * MS, 30 * MS)) == (
        times["wait"].calls, times["wait"].time, times["wait"].waited,
    )  # fmt: skip
    assert (0, 0) == times["send"].waited


def test_only() -> None:
    """A filter says which calls are compared."""
    a = program().trace()
    row = row_of(a, "send")
    b = edited(a, row, args=a[row].args | {"size": 50})
    studies = Study(a), Study(b)

    assert 0 == diff(*studies, (parse("recv", a), parse("recv", b))).total
    assert 1 == diff(*studies, (parse("send", a), parse("send", b))).total
    assert (2, 2) == diff(*studies, (parse("send", a), parse("send", b))).compared


# The kernel's side


def test_system_calls_beneath() -> None:
    """Where both runs have a kernel lane, other system calls under the same call are a difference of that call."""
    a = kernel()
    row = next(row for row, event in enumerate(a) if event.op == "sendto")
    b = edited(a, row, op="sendmsg")
    step = one(between(a, b))

    assert BENEATH == step.kind
    assert [REMOVED, ADDED] == [below.kind for below in step.beneath]
    assert step.says.endswith(" is the same in both, and 2 system calls under it differ (lookup.py:9).")
    assert step.beneath[0].says.startswith("Only A makes the system call sendto(")


def test_another_system_call_in_the_middle_of_repeats() -> None:
    """Under one of many equal calls, it is one difference, too."""
    a = kernel()
    row = [row for row, event in enumerate(a) if event.op == "recvfrom"][50]
    step = one(between(a, edited(a, row, args=a[row].args | {"size": 5})))

    assert BENEATH == step.kind
    assert [ARGUMENTS] == [below.kind for below in step.beneath]


def test_payload_without_nonce_and_date() -> None:
    """What went over a socket is compared by the kernel's lane, without nonces, dates, and bytes that are no text."""
    a = kernel()
    row = next(row for row, event in enumerate(a) if event.op == "sendto")

    def told(data: str, nonce: str) -> Trace:
        made = edited(a, row, args=a[row].args | {"data": data})
        return made.replace(header=Header(pid=traces.PID, server={"nonce": nonce}))

    for one_, other in (
        ("tracedemo abcd line 1\\ntracedemo ab…", "tracedemo 1234 line 1\\ntracedemo 12…"),
        ("cd line 2\\n", "34 line 2\\n"),
        ("Date: Mon, 1 Jan\\r\\n", "Date: Tue, 2 Jan\\r\\n"),
        ("\\x01\\x02", "\\x03"),
    ):
        assert 0 == between(told(one_, "abcd"), told(other, "1234")).total
    assert BENEATH == one(between(told("yes", "abcd"), told("no", "1234"))).kind


def test_only_one_has_a_kernel_lane() -> None:
    """System calls of one run alone are not compared, and that is said."""
    a = kernel()
    b = a.replace(events=[event for event in a if event.lane != KERNEL])
    it = between(a, b)

    assert (0, False) == (it.total, it.kernel)
    assert "Only A has system calls: they are not compared." in it.notes


def test_paced_otherwise() -> None:
    """What makes two runs hard to compare is said: another pace, no lock-step."""
    notes = between(Story(server={"pace": "lockstep"}), Story()).notes

    assert any(note.startswith("The server was paced not the same") or "paced" in note for note in notes)
    assert any("lock-step: how often a call is repeated" in note for note in notes)


# In common


def longest(a: Sequence[int], b: Sequence[int]) -> int:
    """The textbook's table."""
    table = [0] * (len(b) + 1)
    for left in a:
        before = 0
        for place, right in enumerate(b, start=1):
            before, table[place] = (
                table[place],
                before + 1 if left == right else max(table[place], table[place - 1]),
            )
    return table[-1]


SERIES = st.lists(st.integers(0, 3), max_size=14)


@given(SERIES, SERIES, st.sampled_from([1, 30, 1 << 29]))
def test_longest_in_common(a: list[int], b: list[int], room: int) -> None:
    """As long as by the textbook, in order, and of equal values, however little memory there is."""
    kept, common.MOST_BITS = common.MOST_BITS, room
    try:
        pairs = common.common(a, b)
    finally:
        common.MOST_BITS = kept

    assert longest(a, b) == len(pairs)
    assert all(a[one] == b[other] for one, other in pairs)
    assert pairs == sorted(pairs)
    assert len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs})


def test_twenty_thousand_calls() -> None:
    """20,000 calls against 20,000 of the same few kinds, where difflib takes minutes, take little of a processor's time."""
    draw = random.Random(5)
    a, b = ([draw.randrange(3) for _ in range(20_000)] for _ in "ab")
    began = time.process_time()

    assert len(common.common(a, b)) > 13_000
    assert time.process_time() - began < 10


# Whatever comes

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 1 << 40) | st.floats(allow_nan=False) | st.text(max_size=8)
    | st.sampled_from(["127.0.0.1:45000", "[::1]:99999", "\x1b[31m", "tmpabcdefgh", "connection 1"]),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(st.integers(0, 5), st.text(max_size=3)),
    max_leaves=4,
)  # fmt: skip
NAMES = st.sampled_from(
    "size timeout address selector what by events fd fds ready data new_fd peer watched value cpu waited".split()
) | st.text(max_size=4)
OPS = st.sampled_from(
    "socket connect send recv select close register accept socketpair dup getsockname selector listen epoll_wait"
    " recvfrom poll sendto callback yield".split()
) | st.text(max_size=4)


@st.composite
def hostile(draw: st.DrawFn) -> Trace:
    """A trace that anybody may have written."""
    events = []
    for seq in range(draw(st.integers(0, 12))):
        t0 = draw(st.integers(0, 50))
        event = Event(
            seq=seq,
            lane=draw(st.sampled_from([PYTHON, PYTHON, PYTHON, *LANES])),
            op=draw(OPS),
            t0=t0,
            t1=draw(st.none() | st.integers(t0, 60)),
            pid=draw(st.integers(1, 2)),
            tid=draw(st.integers(1, 3)),
            owner=draw(st.none() | st.sampled_from(["loop", "a", "b\n"])),
            fd=draw(st.none() | st.integers(-1, 6)),
            conn=draw(st.none() | st.none() | st.integers(1, 3)),
            args=draw(st.dictionaries(NAMES, VALUES, max_size=3)),
            result=draw(VALUES),
            errno=draw(st.none() | st.sampled_from(["EAGAIN", "EPIPE"])),
            bytes=draw(st.none() | st.integers(0, 9)),
            site=draw(st.none() | st.just(Site("a\n.py", 3, "f"))),
            mark=draw(st.none() | st.none() | st.sampled_from(MARKS)),
        )
        events.append(event)
    server = draw(st.dictionaries(st.sampled_from(["address", "nonce", "pace"]), VALUES, max_size=2))
    return Trace(Header(pid=1, server=server), events).sorted()


@settings(max_examples=60)
@given(hostile())
def test_no_trace_differs_from_itself(trace: Trace) -> None:
    """Whatever is in it."""
    it = between(trace, Trace(trace.header, list(trace)))

    assert 0 == it.total, [step.says for step in found(it)]


@settings(max_examples=60)
@given(hostile(), hostile())
def test_hostile_traces(a: Trace, b: Trace) -> None:
    """Two traces of any content have a diff that accounts for every call, can be written down, and obeys nobody."""
    it = between(a, b)
    for side, (trace, name) in enumerate(((a, "a"), (b, "b"))):
        rows = [row for group in it.groups for step in group.steps if step.kind != MOVED
                for row in (getattr(step, name).rows if getattr(step, name) else ())]  # fmt: skip
        assert len(rows) == len(set(rows)) == it.compared[side]
        assert {row for row, event in enumerate(trace) if is_call(event)} <= set(rows)

    assert it.total == sum(it.counts.values())
    assert set(it.counts) <= set(KINDS)
    for step in found(it):
        assert step.says.endswith(".")
        assert clean(step.says) == step.says
        json.dumps([side and [side.call, side.answer, side.rows] for side in (step.a, step.b)])


@settings(max_examples=60)
@given(hostile(), st.data())
def test_a_planted_change_is_found(trace: Trace, data: st.DataObject) -> None:
    """One call that fails otherwise, asks for something else, is missing, or is made twice is a difference."""
    rows = [row for row, event in enumerate(trace) if is_call(event)]
    if not rows:
        return
    row, events = data.draw(st.sampled_from(rows)), list(trace)
    event = events[row]
    match data.draw(st.sampled_from(["answer", "asked", "missing", "twice"])):
        case "answer":
            events[row] = event._replace(errno="EPLANTED", t1=event.t0 if event.t1 is None else event.t1)
        case "asked":
            events[row] = event._replace(args={**event.args, "planted": True})
        case "missing":
            del events[row]
        case "twice":
            events.insert(row, event)
    it = between(trace, Trace(trace.header, events))

    assert it.total
