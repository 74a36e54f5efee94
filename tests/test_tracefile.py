"""The trace file: what is written comes back, and whatever else a file holds is told apart from a trace."""

from __future__ import annotations

import errno
import io
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.test_events import EVENTS, event
from tracedemo.errors import FileError
from tracedemo.events import SERVER, Event, Header, Site, Trace
from tracedemo.tracefile import (
    Loaded,
    event_line,
    header,
    header_line,
    lines,
    parse,
    read,
    reading,
    write,
    writing,
)
from tracedemo.tracefile.pattern import Written

TEXT = st.text(max_size=8)
TRACES = st.builds(
    Trace,
    st.builds(
        Header,
        target=TEXT,
        argv=st.lists(TEXT, max_size=3).map(tuple),
        requests=st.none() | st.integers(0, 9),
        clock_start=st.tuples(st.integers(0, 99), st.integers(0, 99)),
        cpu_user=st.floats(0, 99),
        exit_code=st.none() | st.integers(0, 255),
        server=st.dictionaries(st.sampled_from(["delay", "gap", "pieces"]), st.integers(0, 9)),
        limits=st.dictionaries(TEXT, st.integers(0, 9), max_size=2),
        notes=st.lists(TEXT, max_size=2).map(tuple),
    ),
    st.lists(EVENTS.filter(lambda event: event.op), max_size=8),
    st.dictionaries(TEXT, TEXT, max_size=2),
).map(Trace.sorted)


def file_of(trace: Trace) -> bytes:
    return "".join(line + "\n" for line in lines(trace)).encode()


def load(data: bytes) -> Loaded:
    return parse(io.BytesIO(data), "x.jsonl")


def small() -> Trace:
    """A Trace that has a bit of everything."""
    here = Site("a.py", 3, "main")
    events = [
        event(1, fd=3, args={"family": "AF_INET"}, result=3, site=here, user_site=here),
        event(
            5, fd=3, conn=1, owner="fetch #1", errno="EAGAIN", exc="BlockingIOError", site=here, mark="late"
        ),
        event(9, lane=SERVER, op="sent", t1=None, bytes=400, result=((4, "READ"),)),
    ]
    return Trace(Header(target="a.py", pid=7, argv=("a.py",)), events, {"a.py": "import socket\n"})


@pytest.fixture(params=[1, 2, 1000], ids=["lines of their own", "blocks of two", "one block"])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read in blocks of different size, and nobody may notice."""
    monkeypatch.setattr(reading, "BLOCK", request.param)


@given(TRACES)
def test_form_of_lines_does_not_matter(trace: Trace) -> None:
    """Lines that another program wrote, with spaces and in another order, are read as ours are."""
    ours = [line.encode() for line in [*lines(trace)][:-1]] + [b'{"end":%d}' % len(trace)]
    others = [json.dumps(dict(reversed(json.loads(line).items()))).encode() for line in ours]
    found, expected = (load(b"\n".join(some) + b"\n") for some in (others, ours))

    assert list(map(repr, expected.trace)) == list(map(repr, found.trace))
    assert "" == expected.problem == found.problem


def test_lines_as_they_are_written_are_taken_apart_at_once() -> None:
    """What many events say is decoded once: the pattern knows every line that is written here."""
    trace = small()
    text = "".join(line + "\n" for line in lines(trace, sources=False) if '"lane"' in line)
    read_back = Trace()
    read_back.extend_columns(Written(read_back).columns(text))

    assert list(trace) == list(read_back)


@pytest.mark.parametrize(
    "line",
    [
        '{"seq":0,"lane":"python","op":"recv","t0":1,"pid":1,"tid":1,"colour":"red"}',
        '{"seq":0,"lane":"python","op":"recv","t0":1,"pid":1,"tid":1,"site":["a",1,"f"],"colour":"red"}',
        '{"seq":01,"lane":"python","op":"recv","t0":1,"pid":1,"tid":1}',
        '{"seq":0,"lane":"","op":"recv","t0":1,"pid":1,"tid":1}',
        '{"seq":0,"lane":"python","op":"recv","t0":1,"pid":1,"tid":1,"result":one}',
        '{"seq":0,"lane":"python","op":"recv","t0":1,"pid":1,"tid":1,"result":}',
        '{"seq":9223372036854775808,"lane":"python","op":"recv","t0":1,"pid":1,"tid":1}',
        'x{"seq":0,"lane":"python","op":"recv","t0":1,"pid":1,"tid":1}',
    ],
)
def test_pattern_takes_no_other_line(line: str) -> None:
    """What is of another form, or broken, is not for the pattern: others find out which of the two it is."""
    with pytest.raises((ValueError, OverflowError)):
        Written(Trace()).columns(line + "\n")


@given(TRACES)
def test_trace_comes_back(trace: Trace) -> None:
    """A Trace that was written is read as it was: header, events, sources, and nothing is wrong with it."""
    loaded = load(file_of(trace))

    assert "" == loaded.problem
    assert trace.header == loaded.trace.header
    assert list(map(repr, trace)) == list(map(repr, loaded.trace))
    assert trace.sources == loaded.trace.sources


@given(TRACES)
def test_every_reader_can_read(trace: Trace) -> None:
    """Each line is one JSON object in ASCII, and a line made alone is the line of the file."""
    found = list(lines(trace))

    assert all(line.isascii() and "\n" not in line for line in found)
    assert all(isinstance(json.loads(line), dict) for line in found)
    assert found[1 : len(trace) + 1] == [event_line(row) for row in trace]
    assert found[0] == header_line(trace.header)


@settings(max_examples=60)
@given(TRACES, st.data())
def test_prefix_shows_a_prefix(trace: Trace, data: st.DataObject) -> None:
    """Of a file that was cut short anywhere, a prefix of the events is shown, and the cut is said."""
    whole = file_of(trace)
    end = data.draw(st.integers(0, len(whole) - 1))
    try:
        loaded = load(whole[:end])
    except FileError:
        assert end <= whole.index(b"\n")
        return

    assert list(map(repr, trace))[: len(loaded.trace)] == list(map(repr, loaded.trace))
    assert len(loaded.trace) >= whole[:end].count(b'{"seq":') - 1
    assert "cut short" in loaded.problem or end == len(whole) - 1


@given(st.binary(max_size=80))
def test_any_bytes(data: bytes) -> None:
    """Whatever a file holds, it is refused in words or read; nothing else happens."""
    try:
        loaded = load(data)
    except FileError:
        return
    assert loaded.problem or data.startswith((b"{", b"\xef\xbb\xbf{"))


@given(st.binary(max_size=60), st.integers(0, 3))
def test_any_bytes_in_a_trace(data: bytes, place: int) -> None:
    """Whatever a line holds, what stands before it is shown."""
    found = file_of(small()).splitlines(keepends=True)
    loaded = load(b"".join([*found[: place + 1], data, b"\n", *found[place + 1 :]]))

    assert list(small())[: len(loaded.trace)] == list(loaded.trace)
    assert len(loaded.trace) >= place


WRONG = [None, True, 1, -1, 1 << 70, 1.5, "", "x", [], [1], {}, {"x": [1]}, [["a", None]]]


@settings(max_examples=300)
@given(st.integers(0, 4), st.data())
def test_any_value_anywhere(place: int, data: st.DataObject) -> None:
    """A value of the wrong type makes its line a broken one, or in the header is left out; and it is said."""
    found = [json.loads(line) for line in lines(small())]
    names = [*Event._fields, "text"] if place else [field.name for field in fields(Header)]
    name, value = data.draw(st.sampled_from(names)), data.draw(st.sampled_from(WRONG))
    found[place][name] = value
    loaded = load("".join(json.dumps(line) + "\n" for line in found).encode())

    for row in loaded.trace:
        again = load(file_of(Trace(events=[row])))
        assert ("", [repr(row)]) == (again.problem, list(map(repr, again.trace)))
    assert loaded.problem or 3 == len(loaded.trace)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize(
    "bad",
    [
        b"\xff\xfe",
        b"[1]",
        b"null",
        b"3",
        b'"text"',
        b"{",
        b"{}{}",
        b"{},{}",
        b'{"lane":"python"}',
        b'{"plane":"python","op":"recv"}',
        b'{"lane":"python","op":""}',
        b'{"lane":"python","op":5}',
        b'{"lane":5,"op":"recv"}',
        b'{"lane":"python","op":"recv","t0":"5"}',
        b'{"lane":"python","op":"recv","t0":-9223372036854775808}',
        b'{"lane":"python","op":"recv","fd":1e3}',
        b'{"lane":"python","op":"recv","fd":true}',
        b'{"lane":"python","op":"recv","fd":99999999999999999999}',
        b'{"lane":"python","op":"recv","site":["a.py",1]}',
        b'{"lane":"python","op":"recv","site":["a.py","1","f"]}',
        b'{"lane":"python","op":"recv","site":["a.py",1,"f"],"mark":5}',
        b'{"lane":"python","op":"recv","site":["a.py",1,"f"],"user_site":[]}',
        b'{"lane":"python","op":"recv","args":[]}',
        b'{"lane":"python","op":"recv","result":' + b"[" * 2000 + b"]" * 2000 + b"}",
        b'{"source":5,"text":"x"}',
        b'{"source":"a.py"}',
        b'{"end":"2"}',
        b'{"tracedemo":1}',
    ],
)
def test_broken_line(bad: bytes) -> None:
    """A broken line is told by its number; what stands before it is there, and what stands behind it is not."""
    found = file_of(small()).splitlines(keepends=True)
    loaded = load(b"".join([*found[:2], bad, b"\n", *found[2:]]))

    expected = "x.jsonl, line 3 is broken: what stands before it is shown, what follows is not"
    assert (expected, [small()[0]]) == (loaded.problem, list(loaded.trace))


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize(
    ("line", "row"),
    [
        ('{"lane":"python","op":"recv"}', Event(0, "python", "recv", 0, None, 0, 0)),
        ('{"lane":"python","op":"x","colour":"red","t0":4}', Event(0, "python", "x", 4, None, 0, 0)),
        ('{ "op" : "x", "lane" : "moon" }\r', Event(0, "moon", "x", 0, None, 0, 0)),
        ('{"op":"x","lane":"server","site":["é",1,"f"],"fd":3}',
         Event(0, "server", "x", 0, None, 0, 0, fd=3, site=Site("é", 1, "f"))),
        ('{"op":"x","lane":"flow","args":{"a":1,"site":["b"]},"mark":"late"}',
         Event(0, "flow", "x", 0, None, 0, 0, args={"a": 1, "site": ("b",)}, mark="late")),
        ('{"op":"x","lane":"flow","owner":",\\"site\\":[","args":null,"result":[1,[2]]}',
         Event(0, "flow", "x", 0, None, 0, 0, owner=',"site":[', result=(1, (2,)))),
    ],
)  # fmt: skip
def test_lines_of_others(line: str, row: Event) -> None:
    """Missing and unknown fields, other spaces and another order of fields are read as well as our own lines."""
    loaded = load(f'{{"tracedemo":1}}\n{line}\n{{"end":1}}\n'.encode())

    assert ("", [row]) == (loaded.problem, list(loaded.trace))


@pytest.mark.usefixtures("blocks")
def test_empty_lines() -> None:
    """Empty lines do no harm."""
    loaded = load(file_of(small()).replace(b"\n", b"\n\n"))

    assert ("", list(small())) == (loaded.problem, list(loaded.trace))


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize(
    "change", [(b'"fd":3', b'"fd":4'), (b'"target":"a.py"', b'"target":"b.py"'), (b"socket", b"sOcket")]
)
def test_changed_value(change: tuple[bytes, bytes]) -> None:
    """A file in which a value is another than was written is read, and it is said that it was changed."""
    loaded = load(file_of(small()).replace(*change))

    assert (
        "x.jsonl was changed after it was written: not all that is shown is as it was recorded"
        == loaded.problem
    )
    assert len(small()) == len(loaded.trace)


@pytest.mark.usefixtures("blocks")
def test_any_order() -> None:
    """Events may stand in any order: a Trace has them in order of time."""
    first, *events, end = file_of(small()).splitlines(keepends=True)
    rows, source = events[:3], events[3:]

    assert list(small()) == list(load(b"".join([first, *source, *rows[::-1], end])).trace)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "x.jsonl is empty"),
        (b"\n", "x.jsonl is empty"),
        (b"hello\n", "x.jsonl is not a trace of tracedemo: its first line is no header"),
        (b"\x00" * 99, "x.jsonl is not a trace of tracedemo: its first line is no header"),
        (b"[]\n", "x.jsonl is not a trace of tracedemo: its first line is no header"),
        (b'{"target":"x"}\n', "x.jsonl is not a trace of tracedemo: its first line is no header"),
        (b'{"tracedemo":"1"}\n', "x.jsonl is not a trace of tracedemo: its first line is no header"),
        (b'{"tracedemo":0}\n', "x.jsonl is not a trace of tracedemo: its first line is no header"),
        (b'{"tracedemo":true}\n', "x.jsonl is not a trace of tracedemo: its first line is no header"),
        (b"[" * 9999, "x.jsonl is not a trace of tracedemo: its first line is no header"),
        (b'{"tracedemo":2,"new":[]}\n', "x.jsonl has format 2, and this tracedemo reads up to 1"),
    ],
)
def test_no_trace(data: bytes, message: str) -> None:
    """What is no trace, or one of a newer format, is refused in words, with what to do."""
    with pytest.raises(FileError) as raised:
        load(data)

    assert message == raised.value.message
    assert raised.value.remedy


class Endless(io.RawIOBase):
    """A file without end, such as /dev/zero."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        buffer[:] = bytes(len(buffer))
        return len(buffer)


def test_endless_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose first line never ends is given up."""
    monkeypatch.setattr(reading, "MOST_HEADER", 1 << 16)

    with pytest.raises(FileError, match="is not a trace"):
        parse(io.BufferedReader(Endless()), "x.jsonl")


def test_end_line() -> None:
    """A file without an end line was cut short, and one with another number has lost lines, or has too many."""
    whole = file_of(small()).splitlines(keepends=True)

    assert "x.jsonl was cut short: it ends without an end line" == load(b"".join(whole[:-1])).problem
    assert (
        "x.jsonl has 2 events, but its end line tells of 3"
        == load(b"".join([*whole[:1], *whole[2:]])).problem
    )
    assert "x.jsonl was cut short in line 3: what stands before it is shown, what follows is not" == (
        load(b"".join(whole[:2]) + whole[2][:20]).problem
    )
    assert "line 7 is broken" in load(b"".join([*whole, whole[1]])).problem
    assert "line 7 is broken" in load(b"".join([*whole, *whole])).problem


def test_header_of_others() -> None:
    """A header may have fields that nobody knows, a mark of byte order, and may miss any field."""
    loaded = load(b'\xef\xbb\xbf{"tracedemo":1,"colour":"red","target":"x"}\n{"end":0}\n')

    assert ("", Header(target="x")) == (loaded.problem, loaded.trace.header)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("target", 5),
        ("pid", "7"),
        ("pid", True),
        ("pid", 1 << 64),
        ("requests", "3"),
        ("exit_code", 1.5),
        ("engine", 3),
        ("argv", "a.py"),
        ("argv", [1]),
        ("clock_start", [1]),
        ("clock_end", [1, "2"]),
        ("cpu_user", -1),
        ("cpu_user", float("nan")),
        ("cpu_system", "much"),
        ("server", []),
        ("server", {"delay": "x"}),
        ("server", {"pieces": "x"}),
        ("server", {"other": []}),
        ("limits", {"nofile": "many"}),
        ("dropped", {"python": None}),
        ("notes", {"a": 1}),
    ],
)
def test_header_value_of_the_wrong_type(name: str, value: object) -> None:
    """A value of the header that has not its type is left out, and it is said."""
    loaded = load(json.dumps({"tracedemo": 1, name: value}).encode() + b'\n{"end":0}\n')

    assert f"x.jsonl, line 1: left out what has not its type: {name}" == loaded.problem
    assert Header() == loaded.trace.header


def test_every_header_field_has_a_type() -> None:
    """The reader knows how to check each field of the header."""
    assert {str(field.type) for field in fields(Header)} <= header.FITS.keys()


def test_several_problems() -> None:
    """All that is wrong is said."""
    problem = load(b'{"tracedemo":1,"pid":"x","argv":3}\nrubbish\n').problem

    assert problem.startswith("x.jsonl, line 1: left out what has not its type: argv, pid; ")
    assert "x.jsonl, line 2 is broken" in problem


# On disk


def test_write_and_read(tmp_path: Path) -> None:
    """A Trace can be saved and read by name, with its sources or without them."""
    path = tmp_path / "run.jsonl"
    write(small(), path)
    assert small().sources == read(path).trace.sources

    write(small(), path, sources=False)
    loaded = read(path)
    assert ("", {}, list(small())) == (loaded.problem, loaded.trace.sources, list(loaded.trace))


def unreadable(folder: Path) -> Iterator[tuple[Path, str]]:
    (folder / "file").write_text("")
    yield folder / "none.jsonl", "No such file or directory"
    yield folder, "Is a directory"
    yield folder / "file" / "x.jsonl", "Not a directory"
    yield folder / ("x" * 300), "File name too long"


def test_cannot_read(tmp_path: Path) -> None:
    """A file that cannot be read is named, with the reason."""
    for path, why in unreadable(tmp_path):
        with pytest.raises(FileError) as raised:
            read(path)
        assert f"cannot read {path}: {why}" == raised.value.message


def test_cannot_write(tmp_path: Path) -> None:
    """A place that cannot be written is named, with the reason."""
    for path, why in unreadable(tmp_path):
        if path.name != "none.jsonl":
            with pytest.raises(FileError) as raised:
                write(small(), path)
            assert f"cannot write {path}: {why}" == raised.value.message


def test_what_stood_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that becomes full in the middle leaves the file of before, with its mode, and nothing beside it."""
    path = tmp_path / "run.jsonl"
    write(small(), path)
    path.chmod(0o640)
    before = path.read_bytes()

    def half(trace: Trace, *, sources: bool) -> Iterator[str]:
        yield from list(lines(trace, sources=sources))[:2]
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(writing, "lines", half)
        with pytest.raises(FileError, match=f"cannot write {path}: No space left"):
            write(small(), path, sources=False)
    assert ([path], before) == (list(tmp_path.iterdir()), path.read_bytes())

    write(small(), path, sources=False)
    assert before != path.read_bytes()
    assert 0o640 == stat.S_IMODE(path.stat().st_mode)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_full_disk() -> None:
    """A disk that is full is a FileError, too."""
    with pytest.raises(FileError, match="No space left"):
        write(small(), Path("/dev/full"))


def test_all_is_kept_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of many blocks, with a broken line in the last, gives all that stands before it."""
    monkeypatch.setattr(reading, "BLOCK", 10)
    events = [event(row, seq=row) for row in range(95)]
    whole = file_of(Trace(events=events)).splitlines(keepends=True)

    assert events == list(load(b"".join(whole)).trace)
    loaded = load(b"".join([*whole[:94], b"rubbish\n", *whole[94:]]))
    assert (events[:93], True) == (list(loaded.trace), "line 95 is broken" in loaded.problem)


def test_repeated_values_are_shared() -> None:
    """Rows that say the same share one object, so that a file of a million rows fits into memory."""
    here = Site("a.py", 3, "main")
    found = list(
        load(file_of(Trace(events=[event(n, args={"size": 4096}, site=here) for n in range(3)]))).trace
    )

    assert 1 == len({id(row.args) for row in found})
    assert 1 == len({id(row.site) for row in found})
