"""What a fetch costs, and what follows from the rows: on numbers made by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.story import MS, Story
from tracedemo.analysis.scaling import Bare, Base, Counted, Row, Scaling, count, most_at_once, told
from tracedemo.events import INJECTED, KERNEL


def bare(fetches: int, cpu: float, **settings: object) -> Bare:
    values = {"wall": 1.0, "user": cpu, "system": 0.0, "peak": (10 + fetches) << 20, "correct": fetches}
    return Bare(**{"fetches": fetches, "in_flight": fetches, **values, **settings})


def counted(**settings: object) -> Counted:
    values = dict.fromkeys(("calls", "wakeups", "ready", "in_flight", "correct", "dropped", "rows"), 0)
    return Counted(**{"system_calls": None, "user": 0.0, "system": 0.0, "wall": 0.0, **values, **settings})


def scaling(*rows: Row, **settings: object) -> Scaling:
    return Scaling(rows, **{"bases": {"a": Base(1.0, 10 << 20), "b": Base(1.0, 10 << 20)}, **settings})


def test_start_is_taken_off():
    """A fetch costs what all cost together, without the start and the fetch that it holds."""
    row = Row("a", bare(11, cpu=3.0))
    found = scaling(row)

    assert pytest.approx(0.2) == found.cpu_each(row)
    assert (11 << 20) / 11 == found.peak_each(row)


def test_too_little_to_tell():
    """What is less than half of the start cannot be told apart from it, nor can a run that failed."""
    little, failed, one = (
        Row("a", bare(11, cpu=1.2)),
        Row("a", bare(11, cpu=3.0, trouble="no")),
        Row("a", bare(1, cpu=3.0)),
    )

    assert [None] * 3 == [scaling(row).cpu_each(row) for row in (little, failed, one)]
    assert scaling(little, bases={}).cpu_each(little) is None


def test_starts_of_several_processes():
    """Each of several processes has made one fetch in its start, so that these are not counted again."""
    row = Row("a", bare(22, cpu=3.0))

    assert pytest.approx(0.1) == scaling(row, processes=2).cpu_each(row)


def test_memory_of_several_processes():
    """The peak is that of one process, and so is its part of the fetches."""
    row = Row("a", bare(20, cpu=3.0, peak=30 << 20))

    assert (20 << 20) / 10 == scaling(row, processes=2).peak_each(row)


def test_growth():
    """How much dearer a fetch becomes is told between the least and the largest step."""
    found = scaling(Row("a", bare(11, cpu=2.0)), Row("a", bare(101, cpu=16.0)), Row("b", bare(101, cpu=3.0)))

    assert (11, 101, pytest.approx(1.5)) == found.growth("a")
    assert found.growth("b") is None
    assert any("among 101 a fetch takes 1.50 times the CPU time" in text for text in told(found))


def test_cost_of_recording():
    """Recording is told as a ratio of whole runs; of what was not recorded, or failed, nothing is told."""
    row = Row("a", bare(11, cpu=2.0), counted(user=3.0))

    assert 1.5 == scaling(row).tracing(row)
    assert scaling(row).tracing(Row("a", bare(11, cpu=2.0))) is None
    assert scaling(row).tracing(row._replace(counted=counted(user=3.0, trouble="no"))) is None


def test_beside_each_other():
    """Programs are compared at the largest step at which two could be told."""
    found = scaling(
        Row("a", bare(101, cpu=2.0)), Row("b", bare(101, cpu=4.0)), Row("a", bare(1001, cpu=11.0))
    )

    assert "Of 101 at once a fetch takes 10,000 µs of CPU time with a; times as much: b 3.0." in told(found)


def test_losses_and_wrong_answers_are_told():
    """What was lost, and what failed, is told; that all is right is told only when it is."""
    good = Row("a", bare(11, cpu=2.0), counted(correct=11, rows=500, in_flight=11))
    lossy = Row("b", bare(11, cpu=2.0, trouble="it fell"), counted(rows=10, dropped=3))

    assert "All 22 answers were right: status, length and digest of each." in told(scaling(good))
    assert "500 rows were recorded, and none was lost." in told(scaling(good))
    texts = list(told(scaling(good, lossy)))
    assert "b, 11 at once: it fell" in texts
    assert any("3 of them were lost" in text for text in texts)
    assert not any("All" in text for text in texts)


def test_nothing_measured():
    """Of nothing nothing is told."""
    assert [] == list(told(scaling()))
    assert [] == scaling().steps


def test_counting():
    """Calls, wakeups, what they found ready, and connections in flight are counted; what is not the program's is not."""
    story = Story()
    story.call("selector", 3)
    for fd in (4, 5):
        story.socket(fd)
        story.call("setsockopt", fd, mark=INJECTED)
        story.connect(fd, local=f"127.0.0.1:{fd}")
    story.select([[4, "WRITE"], [5, "WRITE"]])
    story.select([[4, "READ"]])
    story.select([])
    story.call("select", 3, errno="EBADF", exc="OSError")
    story.call("select", 3, took=None)
    story.call("close", 4, at=100 * MS)
    story.add(KERNEL, "epoll_wait", 1, 2)
    found = count(story.trace(), correct=2, system_calls=7)

    assert (2, 7, 2) == (found.correct, found.system_calls, found.in_flight)
    assert (3, 3) == (found.wakeups, found.ready)
    assert 1 + 2 * 2 + 5 + 1 == found.calls
    assert 1.0 == found.ready_at_once
    assert counted().ready_at_once is None


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(1, 100)), max_size=30))
def test_most_at_once(stretches: list[tuple[int, int]]):
    """The most that lie over each other is what counting at every instant gives."""
    spans = [(begin, begin + length) for begin, length in stretches]
    by_hand = max((sum(begin <= now < end for begin, end in spans) for now in range(201)), default=0)

    assert by_hand == most_at_once(spans)
