"""The trace file: a Trace as JSON lines, and back.

Format 1 (docs/trace-format.md)
    a header line, one line an event in order of `t0`, one line a source file, and an end line with the number of events.
    Fields equal to their default are left out. Readers accept fields that they do not know and fields that are missing.

History
    1   2026-11  first format

Reading
    A block of lines is decoded at once and becomes columns, without an Event in between, which is twice as quick. A
    block in which anything is unusual is read again line by line, which finds out what it is. A line in which a value
    has not the type of its field is a broken one, so that analysis can rely on types.

What cannot be read is never lost silently: `read` gives what came before the broken line, and says which line it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import islice, repeat
from operator import le
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from tracedemo.errors import FileError
from tracedemo.events import Event, Header, Numbers, Site, Trace

FORMAT = 1
BLOCK = 1000
"""Lines that are decoded together."""
MOST_HEADER = 1 << 25
"""Bytes: a first line that is longer is no header but, for example, a device that never ends."""

_NUMBERS = ("seq", "t0", "t1", "pid", "tid", "fd", "conn", "bytes")
_ZEROS = ("seq", "t0", "pid", "tid")
"""Numbers that are 0 where they are missing."""
_NAMES = ("lane", "op")
"""Texts that are never missing, nor empty."""
_SITE = ',"site":['
"""Here the end of a line begins: its site, user site and mark."""
_REMEDY = "Make a trace with: tracedemo run selector -o run.jsonl"


class Loaded(NamedTuple):
    """A Trace from a file, and what was wrong with the file: empty when nothing was."""

    trace: Trace
    problem: str


# Writing

_encode = json.JSONEncoder(separators=(",", ":")).encode


def write(trace: Trace, path: Path, *, sources: bool = True) -> None:
    """Save a Trace.

    Args:
        sources: whether the text of the source files goes in.

    Raises:
        FileError: the file cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines(trace, sources=sources))
    except OSError as error:
        message = f"cannot write {path}: {error.strerror or error}"
        raise FileError(message, "Choose another place with -o.") from error


def lines(trace: Trace, *, sources: bool = True) -> Iterator[str]:
    """The lines of the file, each without its newline."""
    yield header_line(trace.header)
    # What many events say is encoded once.
    parts = (trace.column(name).each(_writer(name)) for name in Event._fields)
    yield from (f"{{{''.join(row)[1:]}}}" for row in zip(*parts, strict=True))
    if sources:
        for name, text in trace.sources.items():
            yield _encode({"source": name, "text": text})
    yield _encode({"end": len(trace)})


def header_line(header: Header) -> str:
    """The first line."""
    default = Header()
    values = ((field.name, getattr(header, field.name)) for field in fields(Header))
    return _encode(
        {"tracedemo": FORMAT} | {name: value for name, value in values if value != getattr(default, name)}
    )


def event_line(event: Event) -> str:
    """The line of one event."""
    parts = (_writer(name)(value) for name, value in zip(Event._fields, event, strict=True))
    return f"{{{''.join(parts)[1:]}}}"


def _writer(name: str) -> Callable[[Any], str]:
    """What makes `,"name":value` of a value of that field, and nothing of its default."""
    if name in _NUMBERS:
        return lambda value: "" if value is None else f',"{name}":{value}'
    default = Event._field_defaults.get(name)
    return lambda value: "" if value is None or value == default else f',"{name}":{_encode(value)}'


# Reading

_BROKEN = (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError)
"""What a broken line raises."""


def read(path: Path) -> Loaded:
    """Read a Trace back.

    Raises:
        FileError: there is no such file, it is no trace, or it is of a newer format.
    """
    try:
        with path.open("rb") as file:
            return parse(file, str(path))
    except OSError as error:
        message = f"cannot read {path}: {error.strerror or error}"
        raise FileError(message, _REMEDY) from error


def parse(file: BinaryIO, name: str = "the trace") -> Loaded:
    """A Trace from lines of bytes; `name` is used in messages.

    Raises:
        FileError: the first line is no header of a trace, or of a newer format.
    """
    header, unfit = _header(file.readline(MOST_HEADER), name)
    reader = _Reader(Trace(header))
    problems = [f"{name}, line 1: left out what has not its type: {', '.join(unfit)}"] if unfit else []
    if broken := reader.take_all(file):
        problems.append(f"{name}{broken}: what stands before it is shown, what follows is not")
    elif reader.end is None:
        problems.append(f"{name} was cut short: it ends without an end line")
    elif reader.end != len(reader.trace):
        problems.append(f"{name} has {len(reader.trace):,} events, but its end line tells of {reader.end:,}")
    times: Any = reader.trace.column("t0")
    ordered = all(map(le, times, islice(times, 1, None)))
    return Loaded(reader.trace if ordered else reader.trace.sorted(), "; ".join(problems))


class _Reader:
    """Takes lines in, and remembers how far it came."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.end: int | None = None
        """How many events the end line tells of, once it was there."""
        self._ends: dict[str, tuple[Any, Any, Any]] = {}

    def take_all(self, file: Iterable[bytes]) -> str:
        """Take all lines from the second on; say which one is broken, if one is."""
        number, rest = 2, iter(file)
        while block := list(islice(rest, BLOCK)):
            try:
                columns = self._columns(block)
            except _BROKEN:
                if broken := self._take_each(block, number):
                    return broken
            else:
                self.trace.extend_columns(columns)
            number += len(block)
        return ""

    def _columns(self, block: Sequence[bytes]) -> list[Iterable[Any]]:
        """A block of good events and nothing else, as columns.

        Raises:
            ValueError and its like: there is something else in it.
        """
        if self.end is not None:
            raise ValueError("something after the end")
        # Sites are most of a line, and most lines have the same ones. Their mark cannot stand inside a text: there, a
        # quote has a backslash before it.
        parts = [line.partition(_SITE) for line in b"".join(block).decode("utf-8").rstrip("\n").split("\n")]
        rows = json.loads("[" + ",".join([head + "}" if mark else head for head, mark, _ in parts]) + "]")
        if len(rows) != len(block):
            raise ValueError("not one object a line")
        for row, (_, mark, tail) in zip(rows, parts, strict=True):
            if mark:
                row["site"], row["user_site"], row["mark"] = self._end_of_line(tail)
        return _checked(rows)

    def _end_of_line(self, tail: str) -> tuple[Any, Any, Any]:
        """Site, user site and mark from the end of a line, behind `_SITE`."""
        found = self._ends.get(tail)
        if found is None:
            values = json.loads('{"site":[' + tail)
            if not values.keys() <= {"site", "user_site", "mark"}:
                raise ValueError("more than the end of a line")
            sites = _site(values["site"]), _site(values.get("user_site"))
            found = self._ends[tail] = (*sites, values.get("mark"))
        return found

    def _take_each(self, block: Sequence[bytes], number: int) -> str:
        """Take the lines of a block one by one; say which one is broken, if one is."""
        for place, line in enumerate(block, start=number):
            try:
                self._take(line)
            except _BROKEN:
                whole = line.endswith(b"\n")
                return f", line {place} is broken" if whole else f" was cut short in line {place}"
        return ""

    def _take(self, line: bytes) -> None:
        """Take one line in.

        Raises:
            ValueError and its like: the line is broken.
        """
        if not line.strip():
            return
        values = json.loads(line.decode("utf-8"))
        if type(values) is not dict or self.end is not None or "tracedemo" in values:
            raise ValueError("no object, something after the end, or another beginning")
        if "lane" in values:
            self.trace.extend_columns(_checked([values]))
        elif "source" in values:
            name, text = values["source"], values["text"]
            if not (_is_text(name) and _is_text(text)):
                raise ValueError("a source is a name and a text")
            self.trace.sources[name] = text
        elif "end" in values:
            if not _is_whole(values["end"]):
                raise ValueError("the end is a number")
            self.end = values["end"]


# What a field may hold

_NOTHING = type(None)
_KINDS: dict[str, frozenset[type]] = {
    **dict.fromkeys(_NUMBERS, frozenset({int, _NOTHING})),
    **dict.fromkeys(_NAMES, frozenset({str})),
    **dict.fromkeys(("owner", "errno", "exc", "mark"), frozenset({str, _NOTHING})),
    **dict.fromkeys(("site", "user_site"), frozenset({list, Site, _NOTHING})),
    "args": frozenset({dict, _NOTHING}),
    "result": frozenset({str, int, float, bool, list, dict, _NOTHING}),
}
_NESTED = {list, dict}


def _checked(rows: Sequence[dict[str, Any]]) -> list[Iterable[Any]]:
    """Columns in the order of an Event's fields, from objects as a file has them.

    Raises:
        ValueError and its like: a value has not the type of its field.
    """
    return [_column(name, list(map(dict.get, rows, repeat(name)))) for name in Event._fields]


def _column(name: str, values: list[Any]) -> Iterable[Any]:
    kinds = set(map(type, values))
    if not kinds <= _KINDS[name]:
        raise ValueError(f"{name} has not its type")
    if name in _ZEROS:
        numbers = Numbers.packed([value or 0 for value in values] if _NOTHING in kinds else values)
        if Numbers.NONE in numbers:
            raise ValueError(f"{name} is out of range")
        return numbers
    if name in _NUMBERS:
        return Numbers.packed(values)
    if name in _NAMES and "" in values:
        raise ValueError(f"{name} is empty")
    if name == "args":
        return [_frozen_args(args) if args else _NO_ARGS for args in values]
    if name == "result":
        return [_frozen(value) for value in values] if kinds & _NESTED else values
    return [_site(value) for value in values] if list in kinds else values


_NO_ARGS: Mapping[str, Any] = {}


def _site(value: Any) -> Site | None:
    if value is None or type(value) is Site:
        return value
    file, line, function = value
    if not (_is_text(file) and _is_whole(line) and _is_text(function)):
        raise ValueError("a site is a file, a line and a function")
    return Site(file, line, function)


def _frozen_args(args: dict[str, Any]) -> dict[str, Any]:
    return args if _NESTED.isdisjoint(map(type, args.values())) else _frozen(args)


def _frozen(value: Any) -> Any:
    """Lists as tuples, at any depth: what an Event holds does not change."""
    if type(value) is list:
        return tuple(_frozen(item) for item in value)
    if type(value) is dict:
        return {name: _frozen(item) for name, item in value.items()}
    return value


# The header


def _header(line: bytes, name: str) -> tuple[Header, list[str]]:
    """The header, and the names of its fields that have not their type.

    Raises:
        FileError: the line is no header of a trace, or of a newer format.
    """
    if not line.strip():
        raise FileError(f"{name} is empty", _REMEDY)
    try:
        values = json.loads(line.decode("utf-8-sig"))
        version = values["tracedemo"]
        if not _is_whole(version) or version < 1:
            raise ValueError("not a number of a format")
    except _BROKEN:
        raise FileError(f"{name} is not a trace of tracedemo: its first line is no header", _REMEDY) from None
    if version > FORMAT:
        message = f"{name} has format {version}, and this tracedemo reads up to {FORMAT}"
        raise FileError(message, "Update tracedemo: pip install --upgrade tracedemo")
    known = {field.name: str(field.type) for field in fields(Header) if field.name in values}
    fitting = {key: _frozen(values[key]) for key, kind in known.items() if _FITS[kind](values[key])}
    return Header(**fitting), [key for key in known if key not in fitting]


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_whole(value: Any) -> bool:
    return type(value) is int and abs(value) < 1 << 63


def _is_seconds(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < 1 << 32  # also false for a NaN


def _is_server(value: Any) -> bool:
    """Facts about our server: texts and numbers, and these are numbers."""
    return type(value) is dict and all(
        _is_seconds(fact) or (_is_text(fact) and not name.startswith(("delay", "gap", "pieces", "size")))
        for name, fact in value.items()
    )


_FITS: dict[str, Callable[[Any], bool]] = {
    "str": _is_text,
    "str | None": lambda value: value is None or _is_text(value),
    "int": _is_whole,
    "int | None": lambda value: value is None or _is_whole(value),
    "float": _is_seconds,
    "tuple[str, ...]": lambda value: type(value) is list and all(map(_is_text, value)),
    "tuple[int, int]": lambda value: type(value) is list and len(value) == 2 and all(map(_is_whole, value)),
    "Mapping[str, int]": lambda value: type(value) is dict and all(map(_is_whole, value.values())),
    "Mapping[str, Any]": _is_server,
}
"""By the type of a field of Header: whether a value fits it."""
