"""The trace file under any content: what was written comes back, and no bytes whatever do harm."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracedemo.errors import FileError
from tracedemo.events import LANES, MARKS, Event, Header, Site, Trace
from tracedemo.tracefile import event_line, lines, parse

texts = st.text(max_size=20)
numbers = st.integers(min_value=0, max_value=1 << 62)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 62), 1 << 62) | texts,
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=5,
)
sites = st.builds(Site, texts, st.integers(0, 1 << 20), texts)
events = st.builds(
    Event,
    seq=numbers,
    lane=st.sampled_from(LANES),
    op=st.text(min_size=1, max_size=20),
    t0=numbers,
    t1=st.none() | numbers,
    pid=numbers,
    tid=numbers,
    owner=st.none() | texts,
    fd=st.none() | st.integers(0, 1 << 20),
    conn=st.none() | st.integers(1, 1 << 30),
    args=st.dictionaries(texts, values, max_size=3),
    result=values,
    errno=st.none() | texts,
    exc=st.none() | texts,
    bytes=st.none() | numbers,
    site=st.none() | sites,
    user_site=st.none() | sites,
    mark=st.none() | st.sampled_from(MARKS),
)


def in_order(rows: list[Event]) -> list[Event]:
    """As a reader gives them: by `t0`."""
    return sorted(rows, key=lambda event: event.t0)


def file_of(trace: Trace) -> bytes:
    return b"".join(line.encode() + b"\n" for line in lines(trace))


@given(st.lists(events, max_size=5).map(in_order), st.dictionaries(texts, texts, max_size=2))
def test_what_was_written_comes_back(rows: list[Event], sources: dict[str, str]) -> None:
    """Any events, and any source text, are read back as they were written."""
    found = parse(BytesIO(file_of(Trace(Header(target="x"), rows, sources))))

    assert "" == found.problem
    assert rows == list(found.trace)
    assert sources == found.trace.sources
    assert "x" == found.trace.header.target


@given(st.lists(events, min_size=1, max_size=5).map(in_order), st.data())
def test_a_file_that_was_cut_shows_its_beginning(rows: list[Event], data: st.DataObject) -> None:
    """Of a file that ends too soon the events of its whole lines are there, and it is said that it was cut."""
    whole = file_of(Trace(Header(), rows))
    first = whole.index(b"\n") + 1
    cut = whole[: data.draw(st.integers(first, len(whole) - 2))]
    found = parse(BytesIO(cut))

    assert list(found.trace) == rows[: len(found.trace)]
    assert found.problem


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_any_bytes_do_no_harm(garbage: list[bytes]) -> None:
    """Behind a good header any lines whatever give a trace and a problem, and no exception."""
    header = b'{"tracedemo":1}\n'
    found = parse(BytesIO(header + b"".join(line + b"\n" for line in garbage)))

    assert found.problem or 0 == len(found.trace)


@given(st.binary(max_size=200))
def test_what_is_no_trace_is_refused(data: bytes) -> None:
    """A file that does not begin with a header is refused with an error that has a remedy."""
    with pytest.raises(FileError) as caught:
        parse(BytesIO(data))

    assert caught.value.remedy


def test_defaults_are_left_out() -> None:
    """A line holds no field that says nothing."""
    line = event_line(Event(0, "python", "close", 5, 9, 1, 1))

    assert {"seq": 0, "lane": "python", "op": "close", "t0": 5, "t1": 9, "pid": 1, "tid": 1} == json.loads(
        line
    )
