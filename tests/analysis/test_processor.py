"""The states of a thread, put right by its own CPU clock."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.story import MS, PID, TID, US, Story
from tracedemo.analysis.processor import BUSY, LEAST, WAITING, Check, CpuClock, on_processor
from tracedemo.analysis.segments import Segment, State, totals
from tracedemo.analysis.states import Lane, states

RUNNING, CALL, NOT_YET, BLOCKED, ASLEEP, PARKED = State


def thread(story: Story) -> Lane:
    (lane,) = states(story.trace()).threads
    return lane


def shape(story: Story) -> list[tuple[State, int]]:
    """State and length in microseconds of each stretch."""
    return [(segment.state, (segment.t1 - segment.t0) // US) for segment in thread(story).segments]


def waited(story: Story, took: int = MS, **fields: Any) -> None:
    story.recv(4, 5, took=took, gap=100 * US, could_wait=True, **fields)


def test_waiting_call_has_worked() -> None:
    """CPU time for which there is no other place was used by the call that waited, at its begin."""
    story = Story()
    story.send(4, took=10 * US, gap=100 * US)
    waited(story, cpu=140 * US)

    assert [(CALL, 10), (RUNNING, 100), (CALL, 30), (BLOCKED, 970)] == shape(story)
    assert [0, None, 1, 1] == [segment.row for segment in thread(story).segments]


def test_waiting_calls_share_the_work() -> None:
    """Several waiting calls have worked equally long, but none longer than it was."""
    story = Story()
    waited(story)
    waited(story, took=60 * US)
    story.select([], took=MS, could_wait=True, cpu=460 * US)

    assert [
        (CALL, 100), (BLOCKED, 900), (RUNNING, 100), (CALL, 60), (RUNNING, 100), (CALL, 100), (ASLEEP, 900),
    ] == shape(story)  # fmt: skip


def test_interrupted_python() -> None:
    """Time for which there was no CPU is taken from the end of the longest stretch."""
    story = Story()
    story.send(4, took=10 * US, gap=100 * US)
    story.send(4, took=10 * US, gap=1000 * US)
    waited(story, cpu=320 * US)

    assert [(CALL, 10), (RUNNING, 100), (CALL, 10), (RUNNING, 200), (PARKED, 800), (BLOCKED, 1000)] == shape(
        story
    )


def test_several_interruptions() -> None:
    """What is taken from several stretches leaves them equally long."""
    story = Story()
    story.not_yet("recv", 4, took=5 * US, gap=400 * US)
    story.send(4, took=700 * US, gap=20 * US)
    story.send(4, took=10 * US, gap=0, cpu=155 * US)

    assert [
        (NOT_YET, 5), (RUNNING, 60), (PARKED, 340), (CALL, 60), (PARKED, 640), (RUNNING, 20), (CALL, 10),
    ] == shape(story)  # fmt: skip


def test_call_without_any_time_is_still_there() -> None:
    """A call in which the thread was off the processor all the time keeps its place on the line."""
    story = Story()
    story.send(4, took=MS, gap=0, cpu=0)

    assert [(CALL, 0), (PARKED, 1000)] == shape(story)


def test_wait_without_any_time_is_still_there() -> None:
    """A wait that took no time by a coarse clock is not lost where another one has worked."""
    right = on_processor(
        [Segment(0, 0, BLOCKED, 0), Segment(0, MS, ASLEEP, 1)], CpuClock(0, [Check(MS, 30 * US, own=True)])
    )

    assert [Segment(0, 0, BLOCKED, 0), Segment(0, 30 * US, CALL, 1), Segment(30 * US, MS, ASLEEP, 1)] == right


def test_small_differences_wait() -> None:
    """A difference that is too small to be told is made up for in the next period."""
    story = Story()
    waited(story, cpu=LEAST - 1)
    waited(story, cpu=100 * US + 1)

    assert [(BLOCKED, 1000), (RUNNING, 100), (CALL, 20), (BLOCKED, 980)] == shape(story)


def test_last_difference_does_not_wait() -> None:
    """The last of a thread's periods is put right, however small the difference."""
    story = Story()
    waited(story, cpu=7 * US)

    assert [(CALL, 7), (BLOCKED, 993)] == shape(story)


def test_nothing_is_known_after_the_last_check() -> None:
    """What follows the last row that tells CPU time stays as it seems."""
    story = Story()
    waited(story, cpu=30 * US)
    story.send(4, took=9 * MS)

    assert [(CALL, 30), (BLOCKED, 970), (RUNNING, 100), (CALL, 9000)] == shape(story)


@pytest.mark.parametrize("cpu", [None, -1, "much", 1.5])
def test_unknown_cpu_time(cpu: object) -> None:
    """A period whose CPU time is not known stays as it seems, and the next one begins after it."""
    story = Story()
    waited(story, cpu=cpu)
    waited(story, cpu=50 * US)

    assert [(BLOCKED, 1000), (RUNNING, 50), (PARKED, 50), (BLOCKED, 1000)] == shape(story)


def test_imports_are_a_period_before() -> None:
    """What the thread did before the program's first call is not charged to the program."""
    story = Story()
    story.call("selector", 3, took=10 * US, gap=MS, importing=True)
    story.call("close", 3, took=10 * US, gap=2 * MS, importing=True, cpu=500 * US)
    story.send(4, took=10 * US, gap=0, cpu=40 * US)

    assert [(CALL, 10)] == shape(story)


def test_imports_in_the_middle() -> None:
    """The CPU time that a library's call tells, while it is imported, belongs to the stretch that it lies in."""
    story = Story()
    story.send(4, took=10 * US, gap=100 * US)
    story.call("selector", 3, took=10 * US, gap=90 * US, importing=True, cpu=60 * US)
    story.send(4, took=10 * US, gap=0, cpu=60 * US)

    assert [(CALL, 10), (RUNNING, 100), (PARKED, 100), (CALL, 10)] == shape(story)


def test_first_period_after_dropped_rows() -> None:
    """Where the first rows of a process are missing, nobody knows how long its threads' first periods were."""
    story = Story()
    story.send(4)
    story.events.clear()
    waited(story, cpu=5 * MS)
    waited(story, cpu=150 * US)

    assert [(BLOCKED, 1000), (RUNNING, 100), (CALL, 50), (BLOCKED, 950)] == shape(story)


def test_threads_have_clocks_of_their_own() -> None:
    """Each thread, and each process, is put right by its own CPU time."""
    story = Story()
    waited(story, cpu=10 * US)
    waited(story, cpu=20 * US, tid=TID + 1)
    waited(story, cpu=30 * US, pid=PID + 1, tid=TID)

    assert [10, 20, 30] == [lane.totals[CALL] // US for lane in states(story.trace()).threads]


def test_request_stands_still_with_its_thread() -> None:
    """A request whose thread is off the processor is parked, and its waiting call has worked, as its thread's line says."""
    story = Story()
    story.socket(4)
    story.call("connect", 4, took=10 * US, gap=20 * MS, address="127.0.0.1:80")
    story.recv(4, 5, took=MS, gap=0, could_wait=True, cpu=300 * US)
    story.recv(4, 5, took=MS, gap=0, could_wait=True, cpu=40 * US)
    found = states(story.trace())

    (line,), (request,) = found.threads, found.connections
    assert (PARKED, BLOCKED, CALL, BLOCKED) == tuple(segment.state for segment in line.segments[-4:])
    assert line.segments == request.segments


def test_request_of_another_thread_goes_on() -> None:
    """A request is parked with the thread that works for it, and with no other."""
    story = Story()
    for tid in (TID, TID + 1):
        story.call("connect", tid, took=10 * US, gap=MS, tid=tid, at=0, address="127.0.0.1:80")
        story.recv(tid, 5, took=10 * US, tid=tid, cpu=1020 * US if tid == TID else 120 * US)
    first, second = states(story.trace()).connections

    assert 0 == first.totals[PARKED]
    assert 900 * US == second.totals[PARKED]


STRETCHES = st.lists(st.tuples(st.sampled_from(State), st.integers(0, 300_000)), min_size=1, max_size=30)
CPU = st.one_of(st.none(), st.integers(0, 600_000))


@given(
    STRETCHES,
    st.lists(st.tuples(st.integers(-10_000, 2_000_000), CPU, st.booleans())),
    st.integers(-500_000, 10),
)
def test_time_is_only_moved(
    lengths: list[tuple[State, int]], checks: list[tuple[int, int | None, bool]], seen: int
) -> None:
    """Whatever a CPU clock says, stretches follow each other from the same begin to the same end, and no row is lost."""
    cut: list[Segment] = []
    now = 0
    for row, (state, length) in enumerate(lengths):
        cut.append(Segment(now, now + length, state, None if state in (RUNNING, PARKED) else row))
        now += length

    right = on_processor(
        cut, CpuClock(seen, sorted((Check(*check) for check in checks), key=lambda check: check.t))
    )

    edges = [0, *(segment.t1 for segment in right)]
    assert now == edges[-1] == sum(totals(right).values())
    assert all(early <= late for early, late in pairwise(edges))
    assert edges[:-1] == [segment.t0 for segment in right]
    assert {segment.row for segment in cut} - {None} == {segment.row for segment in right} - {None}


@given(STRETCHES, st.integers(0, 3_000_000))
def test_busy_is_the_cpu_time(lengths: list[tuple[State, int]], cpu: int) -> None:
    """After one period the thread was busy for exactly its CPU time, as far as the time in it allows."""
    cut: list[Segment] = []
    now = 0
    for row, (state, length) in enumerate(lengths):
        cut.append(Segment(now, now + length, state, row))
        now += length
    possible = sum(totals(cut)[state] for state in BUSY | WAITING)

    found = totals(on_processor(cut, CpuClock(0, [Check(now, cpu, own=True)])))

    assert min(cpu, possible) == sum(found[state] for state in BUSY)
