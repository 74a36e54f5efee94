"""The numbers under a run."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.analysis.story import MS, PID, THERE, TID, Story, fetch
from tracedemo.analysis.identity import identify
from tracedemo.analysis.losses import Loss
from tracedemo.analysis.segments import State
from tracedemo.analysis.summary import ErrorCount, Summary, pace, summary
from tracedemo.events import KERNEL, TRACER, Event, Header, Trace


def told(story: Story) -> Summary:
    return summary(story.trace())


def test_summary_of_a_fetch() -> None:
    """Everything that a fetch did is counted once."""
    story = Story(cpu_user=0.002, cpu_system=0.001)
    fetch(story, 4, "fetch_data #1", "127.0.0.1:5000")
    found = told(story)

    assert (15, 1, 1) == (found.calls, found.tool_calls, found.threads)
    assert found.wall == found.thread_time == sum(found.states.values())
    assert {"EINPROGRESS": 1, "EAGAIN": 1} == found.not_yet == found.blocking_io_errors
    assert ["EINPROGRESS", "EAGAIN"] == list(found.not_yet)
    assert (2, 3, 0) == (found.not_yets, found.wakeups, found.empty_wakeups)
    assert (1, 1, 1, 0) == (found.connections, found.connected, found.in_flight, found.never_closed)
    assert (49, 800) == (found.bytes_sent, found.bytes_received)
    assert (2 * MS, MS) == (found.cpu_user, found.cpu_system)
    assert {"python": 16, "flow": 8, "server": 4} == found.recorded
    assert ((), (), ()) == (found.errors, found.losses, found.notes)
    assert found.share(State.ASLEEP) > 0.98
    assert found.system_calls is None
    assert ("recv", 4) == next(iter(found.by_op.items()))


def test_not_yet_without_an_exception() -> None:
    """connect_ex gives a "not yet" and raises nothing."""
    story = Story()
    story.call("connect_ex", 4, address=THERE, errno="EINPROGRESS", result=115)
    found = told(story)

    assert ({"EINPROGRESS": 1}, {}) == (found.not_yet, found.blocking_io_errors)


def test_errors_are_counted_by_kind() -> None:
    """Failures are counted by call and cause; what SO_ERROR tells is connect's; EINPROGRESS is none."""
    story = Story()
    for fd in (4, 5):
        story.socket(fd)
        story.connect(fd)
        story.select([[fd, "WRITE"]])
        story.call("getsockopt", fd, option="SO_ERROR", result=111)
    story.call("recv", 5, exc="TimeoutError")

    assert (ErrorCount("connect", "ECONNREFUSED", 2), ErrorCount("recv", "TimeoutError", 1)) == tuple(
        sorted(told(story).errors)
    )


def test_connections_in_flight() -> None:
    """Connections are in flight from connect to close, and one that ends as another begins is not beside it."""
    story = Story()
    story.call("connect", 4, at=0, address=THERE)
    story.call("connect", 5, at=20, address=THERE)
    story.call("close", 4, at=50)
    story.call("connect", 6, at=50, address=THERE)
    story.call("close", 5, at=60)
    story.call("connect", 7, at=70, address=THERE)

    assert (2, 4, 2) == (told(story).in_flight, told(story).connections, told(story).never_closed)


def test_server_program_counts_what_it_accepted() -> None:
    """A program that connects nowhere has in flight what it accepted."""
    story = Story()
    story.call("listen", 3)
    for fd in (7, 8):
        story.call("accept", 3, result=fd, new_fd=fd)
    found = told(story)

    assert (2, 2, 3) == (found.in_flight, found.connections, found.sockets)


def test_imports_are_not_the_program() -> None:
    """What a library does while it is imported is counted apart, and does not start the clock."""
    story = Story()
    story.call("selector", 3, selector="epoll", importing=True)
    story.call("close", 3, what="epoll", importing=True, gap=5 * MS)
    story.send(4)
    found = told(story)

    assert (1, 2, 0, 10) == (found.calls, found.import_calls, found.tool_calls, found.wall)
    assert {"send": 1} == found.by_op


def test_wakeups_without_news() -> None:
    """A select that reports nothing is a wakeup, and counted as an empty one; one that failed is none."""
    story = Story()
    story.select([])
    story.select([[4, "READ"]])
    story.call("select", 3, exc="KeyboardInterrupt")

    assert (2, 1) == (told(story).wakeups, told(story).empty_wakeups)


def test_losses_are_found_and_told() -> None:
    """What the recorder dropped, gaps in the numbers of rows besides, and open calls stand in the notes."""
    header = Header(notes=("Generators were not seen.",), dropped={"python": 1, "flow": 0})
    rows = [(0, "python"), (1, "python"), (5, "python"), (1, "flow")]
    events = [Event(seq, lane, "send", seq, None if seq == 5 else seq, PID, TID) for seq, lane in rows]
    found = summary(identify(Trace(header, events).sorted()))

    assert {Loss("python", PID, 3), Loss("flow", PID, 1)} == set(found.losses)
    assert 1 == found.unreturned
    assert {
        "Generators were not seen.",
        "1 row of the python lane dropped: the counts are too low.",
        f"2 rows of the python lane missing (process {PID}): the counts are too low.",
        f"1 row of the flow lane missing (process {PID}): the counts are too low.",
        "1 call had not returned when the trace ended.",
    } == set(found.notes)
    assert "Generators were not seen." == found.notes[0]


def test_part_of_a_run() -> None:
    """Where calls were dropped, one sentence says which were kept, of how many; and what a tracer's numbers lack."""
    events = [Event(seq, "python", "send", seq, seq, PID, TID) for seq in range(3)]

    def part(**facts: object) -> str:
        header = replace(Header(dropped={"python": 997}), **facts)  # type: ignore[arg-type]
        return summary(Trace(header, events)).partial

    assert "Of 1,000 calls the last 3 were kept: all numbers but the CPU time are of these." == part()
    assert part(keep="first").startswith("Of 1,000 calls the first 3 were kept: ")
    assert part(engine="strace").endswith("and calls that were dropped have left theirs under no call.")
    assert "" == part(dropped={"python": 0, "flow": 7})


def test_several_threads_and_processes() -> None:
    """Threads are counted over all processes."""
    story = Story()
    story.send(4)
    story.send(4, tid=TID + 1)
    story.send(4, tid=TID, pid=PID + 1)

    assert (3, 2) == (told(story).threads, told(story).processes)


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ({}, ""),
        (
            {"pace": "clock", "delay_ms": 30, "pieces": 3, "gap_ms": 10},
            "paced by the clock: 30 ms to the first byte, 3 pieces 10 ms apart",
        ),
        (
            {"pace": "clock", "delay": 2.5, "pieces": 1, "gap": 10},
            "paced by the clock: 2.5 ms to the first byte, 1 piece",
        ),
        ({"pace": "clock"}, "paced by the clock"),
        (
            {"pace": "lockstep", "pieces": 3, "delay_ms": 30},
            "paced in lock-step: the server moves when the program is about to wait; an answer is 3 pieces",
        ),
    ],
)
def test_pace(server: dict, expected: str) -> None:
    """How the server was paced is told in a clause."""
    assert expected == pace(Header(server=server))


def test_kernel_lane_is_counted() -> None:
    """System calls are the rows of the kernel lane."""
    story = Story()
    story.add("kernel", "recvfrom", 0, 5)
    story.add("kernel", "close", 6, 9)

    assert (2, 0) == (told(story).system_calls, told(story).calls)


def test_empty_trace() -> None:
    """A Trace without rows has a summary, of nothing."""
    found = summary(Trace())

    assert (0, 0, 0, 0, 0.0) == (
        found.wall,
        found.calls,
        found.in_flight,
        found.connections,
        found.share(State.CALL),
    )


def many(connections: int) -> Trace:
    """So many connections at once, each with four pieces that came one after the other."""
    story = Story()
    fds = range(4, 4 + connections)
    for fd in fds:
        story.socket(fd, owner="main")
        story.connect(fd, f"127.0.0.1:{fd}", owner="main")
    for turn in range(4):
        for fd in fds:
            story.select([[fd, "READ"]], took=100_000)
            story.server("sent", f"127.0.0.1:{fd}", story.clock[TID] - 50_000, 5, piece=turn)
            story.call("unregister", fd)
            story.recv(fd, 5)
    return story.trace()


def calls_made(work: Callable[[], object]) -> int:
    """How many functions, Python's and C's, a piece of work calls: its cost, whatever else the machine does."""
    counts = Counter[str]()
    before = sys.getprofile()
    sys.setprofile(lambda _frame, event, _arg: counts.update([event]))
    try:
        work()
    finally:
        sys.setprofile(before)
    return counts["call"] + counts["c_call"]


def test_many_connections() -> None:
    """What a summary costs grows with the events, not with events times connections."""
    few, more = many(100), many(400)
    found = summary(more)

    assert (400, 400, 1600) == (found.connections, found.in_flight, found.wakeups)
    assert calls_made(lambda: summary(more)) < 4.5 * calls_made(lambda: summary(few))


def test_system_calls() -> None:
    """System calls of the program after its start are counted by name; those of the start apart, the tool's nowhere."""
    story = Story(engine="strace")
    for at in (1, 2, 3):
        story.add(KERNEL, "openat", at, at + 1, args={}, result=3)
    story.call("connect", 4, at=100, took=50, address=THERE)
    story.add(KERNEL, "connect", 110, 111, fd=4, args={"fd": 4}, result=0)
    story.add(KERNEL, "write", 200, 201, fd=1, args={"fd": 1}, result=2)
    story.add(KERNEL, "write", 202, 203, fd=1, args={"fd": 1}, result=2)
    story.add(KERNEL, "close", 204, 205, fd=9, args={"fd": 9}, result=0, mark=TRACER)
    found = told(story)

    assert (3, 3, 1) == (found.system_calls, found.startup_calls, found.calls)
    assert [("write", 2), ("connect", 1)] == list(found.by_system_call.items())
    assert (
        "The one system call on sockets, polls and epolls after the start lies under a Python call (100 %)."
        == found.fit
    )
    assert (0, 0) == (found.bytes_sent, found.not_yets)


def test_no_system_calls_recorded() -> None:
    """Without a kernel lane nothing is said of system calls: none recorded is not none made."""
    story = Story()
    story.socket(4)
    found = told(story)

    assert (None, {}, 0, "") == (found.system_calls, found.by_system_call, found.startup_calls, found.fit)


def test_a_not_yet_of_the_kernel_is_not_counted_twice() -> None:
    """EINPROGRESS that only the kernel said, below a connect with a timeout, is no "not yet" of the program."""
    story = Story()
    story.call("connect", 4, at=100, took=50, address=THERE)
    story.add(KERNEL, "connect", 110, 111, fd=4, args={"fd": 4}, errno="EINPROGRESS")

    assert 0 == told(story).not_yets


def test_looks() -> None:
    """A select that was asked not to wait, and found nothing, was no wakeup in vain."""
    story = Story()
    for timeout, result in ((0, []), (0, [[4, "READ"]]), (0.5, []), (None, [])):
        story.call("select", None, took=MS, result=result, timeout=timeout)
    found = told(story)

    assert (4, 3, 1) == (found.wakeups, found.empty_wakeups, found.looks)
