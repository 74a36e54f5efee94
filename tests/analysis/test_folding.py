"""Repeats as one line."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.story import TID, Story, fetch
from tracedemo.analysis.folding import fold, unfold
from tracedemo.events import Event, Trace


def counts(story: Story, least: int = 3) -> list[tuple[str, int | None, int]]:
    trace = story.trace()
    return [(trace[line.first].op, trace[line.first].fd, line.count) for line in fold(trace, least=least)]


def test_call_in_a_row() -> None:
    """The same call with the same answer becomes one line with a count and the whole time."""
    story = Story()
    for _ in range(5):
        story.not_yet("recv", 4)
    (line,) = fold(story.trace())

    assert (5, 0, 4, 50) == (line.count, line.first, line.last, line.time)


def test_another_answer_ends_a_run() -> None:
    """Other answers, other descriptors and other callers are other lines."""
    story = Story()
    for size in (5, 5, 5, 6):
        story.recv(4, size)
    for fd in (5, 5, 5, 6):
        story.recv(fd, 6)
    for owner in ("a", "a", "a", "b"):
        story.recv(7, 6, owner=owner)

    assert [
        ("recv", 4, 3),
        ("recv", 4, 1),
        ("recv", 5, 3),
        ("recv", 6, 1),
        ("recv", 7, 3),
        ("recv", 7, 1),
    ] == counts(story)


def test_asking_in_turn() -> None:
    """Asking several sockets in turn is folded socket by socket, across the steps of their generators."""
    story = Story()
    for _ in range(10):
        for fd in (4, 5, 6):
            story.step("resume", f"a #{fd}")
            story.not_yet("recv", fd, owner=f"a #{fd}")
            story.step("yield", f"a #{fd}", fd, value="READ")

    assert [
        (op, fd, 10) for fd in (4, 5, 6) for op, fd in (("resume", None), ("recv", fd), ("yield", fd))
    ] == counts(story)


def test_something_happens_in_between() -> None:
    """A stretch ends when something happens, and what comes after is folded anew."""
    story = Story()
    for _ in range(2):
        for _ in range(4):
            story.not_yet("recv", 4)
            story.not_yet("recv", 5)
        story.recv(4, 100)

    assert [("recv", 4, 4), ("recv", 5, 4), ("recv", 4, 1)] * 2 == counts(story)


def test_few_stay_as_they_are() -> None:
    """Fewer than three stay one by one, in their order; how few is for the caller to say."""
    story = Story()
    for fd in (4, 5, 4, 5):
        story.not_yet("recv", fd)

    assert [("recv", 4, 1), ("recv", 5, 1), ("recv", 4, 1), ("recv", 5, 1)] == counts(story)
    assert [("recv", 4, 2), ("recv", 5, 2)] == counts(story, least=2)


def test_empty_looks_and_lockstep() -> None:
    """A select that finds nothing, and the tool's own exchanges, do not end a stretch."""
    story = Story()
    for _ in range(3):
        story.select([])
        story.call("lockstep", mark="tracer")
        story.not_yet("recv", 4)

    assert [("select", 3, 3), ("lockstep", None, 3), ("recv", 4, 3)] == counts(story)


def test_server_does_not_end_a_stretch() -> None:
    """What the server does meanwhile keeps its line and divides no stretch, but it divides what the program received."""
    story = Story()
    for _ in range(2):
        story.not_yet("recv", 4)
        story.server("sent", "p", story.clock[TID] - 1, 5, piece=1)
        story.not_yet("recv", 4)
    for _ in range(3):
        story.recv(4, 5)
        story.server("sent", "p", story.clock[TID] - 1, 5, piece=2)

    assert [("recv", 4, 4), ("sent", None, 1), ("sent", None, 1)] == counts(story)[:3]
    assert [("recv", 4, 1), ("sent", None, 1)] * 3 == counts(story)[3:]


def test_fetch_is_not_folded() -> None:
    """A fetch in which nothing repeats keeps all its lines."""
    story = Story()
    fetch(story, 4, "a #1", "127.0.0.1:5")
    trace = story.trace()

    assert len(trace) == len(fold(trace))


def test_chosen_rows() -> None:
    """Only the rows asked for are folded, and what lies between them does not count."""
    story = Story()
    for _ in range(4):
        story.recv(4, 5)
        story.send(5)
    (line,) = fold(story.trace(), rows=[0, 2, 4])

    assert (0, 2, 4) == line.rows
    assert () == fold(story.trace(), rows=[])


def test_call_without_return() -> None:
    """A call that never returned adds no time, and is not like one that did."""
    story = Story()
    story.call("recv", 4)
    story.call("recv", 4, took=None)

    assert [10, 0] == [line.time for line in fold(story.trace(), least=2)]


ROWS = st.builds(
    Event,
    seq=st.just(0),
    lane=st.sampled_from(["python", "python", "flow", "server"]),
    op=st.sampled_from(["recv", "select", "yield"]),
    t0=st.just(0),
    t1=st.sampled_from([None, 5]),
    pid=st.just(1),
    tid=st.just(1),
    owner=st.none(),
    fd=st.integers(4, 5),
    conn=st.none(),
    args=st.just({}),
    result=st.sampled_from([None, [[4, "READ"]]]),
    errno=st.sampled_from([None, "EAGAIN", "EAGAIN"]),
    exc=st.none(),
    bytes=st.none(),
    site=st.none(),
    user_site=st.none(),
    mark=st.sampled_from([None, None, "tracer"]),
)


@settings(deadline=None)
@given(st.lists(ROWS, max_size=40), st.integers(1, 4))
def test_nothing_is_lost(events: list[Event], least: int) -> None:
    """Unfolding gives every row back, once and in order; lines stand by their first row, and all rows of one are alike."""
    trace = Trace(events=events)
    lines = fold(trace, least=least)

    assert list(range(len(trace))) == unfold(lines)
    assert sorted(line.first for line in lines) == [line.first for line in lines]
    assert all(line.count == 1 or line.count >= least for line in lines)
    assert {1} >= {
        len({(trace[row].op, trace[row].fd, trace[row].errno) for row in line.rows}) for line in lines
    }
