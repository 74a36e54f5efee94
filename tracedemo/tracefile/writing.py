"""A Trace as lines of a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any
from zlib import crc32

from tracedemo.errors import FileError
from tracedemo.events import Event, Header, Trace
from tracedemo.replacing import in_place_of
from tracedemo.tracefile.fields import FORMAT, NUMBERS

__all__ = ["FORMAT", "event_line", "header_line", "lines", "write"]

_AT_ONCE = 100
"""Lines that are summed together: one by one it would be felt."""

_encode = json.JSONEncoder(separators=(",", ":")).encode


def write(trace: Trace, path: Path, *, sources: bool = True) -> None:
    """Save a Trace, in place of what stood there: that stays until the new one is whole.

    Args:
        sources: whether the text of the source files goes in.

    Raises:
        FileError: the file cannot be written.
    """
    try:
        # The same bytes on every system: the end line has their checksum.
        with in_place_of(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(line + "\n" for line in lines(trace, sources=sources))
    except OSError as error:
        message = f"cannot write {path}: {error.strerror or error}"
        raise FileError(message, "Choose another place with -o.") from error


def lines(trace: Trace, *, sources: bool = True) -> Iterator[str]:
    """The lines of the file, each without its newline; the last one has the checksum of all before it."""
    crc, some = 0, []
    for line in _contents(trace, sources=sources):
        yield line
        some.append(line)
        if len(some) == _AT_ONCE:
            crc, some = _sum(some, crc), []
    yield _encode({"end": len(trace), "crc": _sum(some, crc)})


def _sum(some: Sequence[str], crc: int) -> int:
    """The checksum with some lines more."""
    return crc32(("\n".join(some) + "\n").encode("ascii"), crc) if some else crc


def _contents(trace: Trace, *, sources: bool) -> Iterator[str]:
    """All lines but the last."""
    yield header_line(trace.header)
    # What many events say is encoded once.
    parts = (trace.column(name).each(_writer(name)) for name in Event._fields)
    yield from (f"{{{''.join(row)[1:]}}}" for row in zip(*parts, strict=True))
    if sources:
        for name, text in trace.sources.items():
            yield _encode({"source": name, "text": text})


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
    if name in NUMBERS:
        return lambda value: "" if value is None else f',"{name}":{value}'
    default = Event._field_defaults.get(name)
    return lambda value: "" if value is None or value == default else f',"{name}":{_encode(value)}'
