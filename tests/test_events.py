"""The record: a Trace keeps Events in columns and gives them back as they were."""

from __future__ import annotations

import pickle
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracedemo.events import FLOW, PYTHON, SERVER, Event, Header, Interned, Numbers, Site, Trace

NUMBERS = st.integers(-(1 << 62), 1 << 62)
TEXTS = st.sampled_from(["recv", "fetch #1", "EAGAIN", "x y", ""])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=5,
)
SITES = st.none() | st.builds(Site, TEXTS, st.integers(0, 99), TEXTS)
EVENTS = st.builds(
    Event,
    seq=NUMBERS,
    lane=st.sampled_from([PYTHON, FLOW, SERVER]),
    op=TEXTS,
    t0=NUMBERS,
    t1=st.none() | NUMBERS,
    pid=NUMBERS,
    tid=NUMBERS,
    owner=st.none() | TEXTS,
    fd=st.none() | NUMBERS,
    conn=st.none() | NUMBERS,
    args=st.dictionaries(TEXTS, VALUES, max_size=3),
    result=VALUES,
    errno=st.none() | TEXTS,
    exc=st.none() | TEXTS,
    bytes=st.none() | NUMBERS,
    site=SITES,
    user_site=SITES,
    mark=st.none() | TEXTS,
)
TRACES = st.lists(EVENTS, max_size=12)


def event(t0: int = 0, **fields: object) -> Event:
    return Event(
        **{"seq": 0, "lane": PYTHON, "op": "recv", "t0": t0, "t1": t0 + 5, "pid": 1, "tid": 1, **fields}
    )


@given(TRACES)
def test_events_come_back(events: list[Event]) -> None:
    """What goes into a Trace comes out of it: one by one, by number, from the end, and by column."""
    trace = Trace(events=events)

    assert events == list(trace)
    assert len(events) == len(trace)
    assert events == [trace[row] for row in range(len(events))]
    assert events[::-1] == [trace[-row] for row in range(1, len(events) + 1)]
    for name in Event._fields:
        column = trace.column(name)
        assert [getattr(event, name) for event in events] == list(column)
        assert [getattr(event, name) for event in events] == [column[row] for row in range(len(column))]
        assert list(map(repr, column)) == list(column.each(repr))


@given(TRACES)
def test_keys(events: list[Event]) -> None:
    """Two rows have the same key exactly if they say the same in all of its fields."""
    trace = Trace(events=events)
    keys = list(trace.keys("op", "t1", "args", "site"))

    assert len(events) == len(keys)
    for one, key in zip(events, keys, strict=True):
        for other, its_key in zip(events, keys, strict=True):
            says, its = ([event.op, event.t1, repr(event.args), event.site] for event in (one, other))
            assert (says == its) == (key == its_key)


def test_codes_become_rows() -> None:
    """Rows can be given as codes: the values behind them are those that the codes were made of."""
    column = Interned()
    column.extend("ab")
    column.extend(array("i", [column.code("c"), column.code("a"), column.code("c")]))

    assert [*"abcac"] == list(column)
    assert [*"abc"] == column.values


@given(TRACES, TRACES)
def test_append_is_extend(first: list[Event], second: list[Event]) -> None:
    """Events can come one by one, many at once, or as columns."""
    one_by_one, at_once, as_columns = Trace(events=first), Trace(events=first), Trace(events=first)
    for row in second:
        one_by_one.append(row)
    at_once.extend(second)
    if second:
        as_columns.extend_columns(zip(*second, strict=True))

    assert [*first, *second] == list(one_by_one) == list(at_once) == list(as_columns)


@given(TRACES)
def test_sorted(events: list[Event]) -> None:
    """Rows can be brought in order of time, and those of equal time keep theirs."""
    trace = Trace(Header(target="x"), events, {"a.py": "text"})
    found = trace.sorted()

    assert sorted(events, key=lambda event: event.t0) == list(found)
    assert events == list(trace)
    assert (trace.header, trace.sources) == (found.header, found.sources)


@given(TRACES)
def test_held_events(events: list[Event]) -> None:
    """A Trace that holds its Events gives the very same ones each time, and lets them go when one is added."""
    trace = Trace(events=events)
    held = trace.hold()

    assert tuple(events) == held
    assert held is trace.hold()
    assert all(one is other for one, other in zip(held, trace, strict=True))
    trace.append(event(7))
    assert (*events, event(7)) == tuple(trace)


def test_columns_are_replaced_in_a_copy() -> None:
    """A column can be replaced; the Trace itself stays as it is, and the copy grows without it."""
    trace = Trace(Header(target="x"), [event(1), event(2)])
    found = trace.with_columns(conn=[1, None], owner=["a", "b"])

    assert [(1, "a"), (None, "b")] == [(row.conn, row.owner) for row in found]
    assert [(None, None), (None, None)] == [(row.conn, row.owner) for row in trace]
    assert trace.column("op") is found.column("op")


def test_replace() -> None:
    """Header or rows can be replaced, and the sources stay."""
    trace = Trace(Header(target="x"), [event(1)], {"a.py": "text"})

    assert "y" == trace.replace(header=Header(target="y")).header.target
    assert [event(1)] == list(trace.replace(header=Header(target="y")))
    assert [event(2)] == list(trace.replace(events=[event(2)]))
    assert {"a.py": "text"} == trace.replace(events=[]).sources


def test_rows_outside() -> None:
    """There is no row before the first nor behind the last, held or not."""
    trace = Trace(events=[event()])
    for _ in range(2):
        for row in (1, -2):
            with pytest.raises(IndexError):
                trace[row]
        trace.hold()


def test_lanes() -> None:
    """A lane is a part of the rows, in their order."""
    trace = Trace(events=[event(1), event(2, lane=FLOW), event(3)])

    assert [1, 3] == [row.t0 for row in trace.lane(PYTHON)]


def test_unknown_column() -> None:
    """A field that there is not is no column."""
    with pytest.raises(ValueError, match="tuple"):
        Trace().column("colour")


def test_true_is_not_one() -> None:
    """Arguments that Python takes for equal are kept apart: True and 1, 0 and 0.0."""
    trace = Trace(events=[event(args={"x": value}, result=value) for value in (True, 1, 0, 0.0, False)])

    assert ["True", "1", "0", "0.0", "False"] == [repr(row.args["x"]) for row in trace]
    assert ["True", "1", "0", "0.0", "False"] == [repr(row.result) for row in trace]


def test_equal_values_are_kept_once() -> None:
    """Rows that say the same share one object."""
    trace = Trace(events=[event(args={"size": 4096}) for _ in range(3)])

    assert 1 == len({id(row.args) for row in trace})
    assert 1 == len(trace.column("args").values)


def test_numbers_of_64_bits() -> None:
    """Any integer of 64 bits but the least, which stands for None, is kept; -1 is one of them."""
    column = Numbers()
    column.extend([-1, 0, None, (1 << 63) - 1])

    assert [-1, 0, None, (1 << 63) - 1] == list(column)
    for wrong in (1 << 63, "1", 1.5):
        with pytest.raises((OverflowError, TypeError)):
            column.extend([2, wrong])
    assert 4 == len(column)


def test_taken_rows() -> None:
    """A column of some rows of another grows by itself."""
    column = Interned()
    column.extend("abcab")
    taken = column.take([4, 0])
    taken.extend("cd")

    assert [*"bacd"] == list(taken)
    assert [*"abcab"] == list(column)
    assert [*"abc"] == column.values


@pytest.mark.parametrize(
    ("fields", "not_yet", "failed", "duration"),
    [
        ({}, False, False, 5),
        ({"errno": "EAGAIN", "exc": "BlockingIOError"}, True, False, 5),
        ({"errno": "EINPROGRESS"}, True, False, 5),
        ({"errno": "ECONNREFUSED"}, False, True, 5),
        ({"exc": "KeyboardInterrupt"}, False, True, 5),
        ({"t1": None}, False, False, None),
    ],
)
def test_answers(fields: dict[str, object], not_yet: bool, failed: bool, duration: int | None) -> None:
    """An Event knows "not yet" from failed, and how long it took."""
    found = event(**fields)

    assert (not_yet, failed, duration) == (found.not_yet, found.failed, found.duration)


def test_place() -> None:
    """The line to show is the user's own, and the direct caller's where there is none."""
    direct, own = Site("socket.py", 5, "f"), Site("mine.py", 7, "g")

    assert None is event().place
    assert direct == event(site=direct).place
    assert own == event(site=direct, user_site=own).place


def test_lockstep_header() -> None:
    """A header knows whether the run was paced by cause."""
    assert Header(server={"pace": "lockstep"}).lockstep
    assert not Header(server={"pace": "clock"}).lockstep
    assert not Header().lockstep


def test_events_travel() -> None:
    """An Event can be pickled: tests and tools of others may want to hand it on."""
    assert event(3, args={"a": 1}) == pickle.loads(pickle.dumps(event(3, args={"a": 1})))
