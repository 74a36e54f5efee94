"""Lines of a file as a Trace.

A block of lines becomes columns at once, without an Event in between. Lines as they are written here are taken apart
by one pattern, and a text that many of them have is decoded once, which is half of the work of decoding them all. A
block in which a line is of another form is decoded as a whole; one in which anything is unusual, line by line,
which finds out what it is. A line in which a value has not the type of its field is a broken one, so that analysis
can rely on types.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, takewhile
from operator import le
from os import SEEK_END
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from zlib import crc32

from tracedemo.errors import FileError
from tracedemo.events import Trace
from tracedemo.tracefile.fields import BROKEN, REMEDY, checked, is_text, is_whole
from tracedemo.tracefile.header import read_header
from tracedemo.tracefile.pattern import Written

BLOCK = 100
"""Lines that are decoded together: of more of them a processor forgets the first ones before it is through."""
MOST_HEADER = 1 << 25
"""Bytes: a first line that is longer is no header but, for example, a device that never ends."""


class Loaded(NamedTuple):
    """A Trace from a file, and what was wrong with the file: empty when nothing was."""

    trace: Trace
    problem: str


def read(path: Path, watch: Callable[[], None] | None = None) -> Loaded:
    """Read a Trace back.

    Args:
        watch: is called again and again; what it raises, ends the reading.

    Raises:
        FileError: there is no such file, it is no trace, or it is of a newer format.
    """
    try:
        with path.open("rb") as file:
            return parse(file, str(path), watch)
    except BrokenPipeError:  # from `watch`: no fault of the file
        raise
    except OSError as error:
        message = f"cannot read {path}: {error.strerror or error}"
        raise FileError(message, REMEDY) from error


def parse(file: BinaryIO, name: str = "the trace", watch: Callable[[], None] | None = None) -> Loaded:
    """A Trace from lines of bytes; `name` is used in messages.

    Raises:
        FileError: the first line is no header of a trace, or of a newer format.
    """
    first = file.readline(MOST_HEADER)
    header, unfit = read_header(first, name)
    reader = _Reader(Trace(header), crc32(first))
    problems = [f"{name}, line 1: left out what has not its type: {', '.join(unfit)}"] if unfit else []
    if broken := reader.take_all(file if watch is None else _watched(file, watch)):
        problems.append(f"{name}{broken}: what stands before it is shown, what follows is not")
    elif reader.end is None:
        problems.append(f"{name} was cut short: it ends without an end line")
    elif reader.end != len(reader.trace):
        problems.append(f"{name} has {len(reader.trace):,} events, but its end line tells of {reader.end:,}")
    elif reader.changed and not problems:
        problems.append(
            f"{name} was changed after it was written: not all that is shown is as it was recorded"
        )
    trace = reader.trace if _is_ordered(reader.trace) else reader.trace.sorted()
    return Loaded(trace, "; ".join(problems))


def read_beginning(path: Path, rows: int) -> Trace | None:
    """The first rows of a long file, with its sources, which stand at its end.

    None, where that is no part of the file but all of it, or where anything is unusual: `read` tells what.
    """
    try:
        with path.open("rb") as file:
            first = file.readline(MOST_HEADER)
            header, _ = read_header(first, str(path))
            reader = _Reader(Trace(header), crc32(first))
            if reader.take_all(islice(file, rows)) or reader.end is not None:
                return None
            where = file.tell()
            reader.take_sources(_last_lines(file, where))
    except (OSError, FileError, *BROKEN):
        return None
    return reader.trace if _is_ordered(reader.trace) else None


def _last_lines(file: BinaryIO, least: int) -> Sequence[bytes]:
    """The lines at the end of a file that are no events.  None, if they are too long, or go back to `least`."""
    length = file.seek(0, SEEK_END)
    for size in (1 << 16, 1 << 20, 1 << 24):
        if length - size <= least:
            break
        file.seek(length - size)
        lines = file.read().split(b"\n")[1:]
        others = list(takewhile(lambda line: not line.startswith(_EVENT), reversed(lines)))
        if len(others) < len(lines):
            return others[::-1]
    raise ValueError("the end is not found")


_EVENT = b'{"seq":'
"""How the line of an event begins."""


def _is_ordered(trace: Trace) -> bool:
    times = trace.numbers("t0").codes
    return all(map(le, times, islice(times, 1, None)))


def _watched(lines: Iterable[bytes], watch: Callable[[], None]) -> Iterator[bytes]:
    rest = iter(lines)
    while some := list(islice(rest, BLOCK)):
        watch()
        yield from some


class _Reader:
    """Takes lines in, and remembers how far it came."""

    def __init__(self, trace: Trace, crc: int) -> None:
        self.trace = trace
        self.changed = False
        """What the end line says of the bytes before it is not true of them."""
        self._crc = crc
        self.end: int | None = None
        """How many events the end line tells of, once it was there."""
        self._written = Written(trace)

    def take_sources(self, lines: Iterable[bytes]) -> None:
        """Take lines that are no events.

        Raises:
            ValueError and its like: one of them is broken, or is an event.
        """
        rows = len(self.trace)
        for line in lines:
            self._take(line)
        if len(self.trace) != rows or self.end is None:
            raise ValueError("an event, or no end")

    def take_all(self, file: Iterable[bytes]) -> str:
        """Take all lines from the second on; say which one is broken, if one is."""
        number, rest = 2, iter(file)
        while block := list(islice(rest, BLOCK)):
            taken = any(self._take_block(block, form) for form in (self._written.columns, _columns))
            if not taken and (broken := self._take_each(block, number)):
                return broken
            number += len(block)
        return ""

    def _take_block(
        self, block: Sequence[bytes], columns_of: Callable[[str], Sequence[Iterable[Any]]]
    ) -> bool:
        """Take a block of good events and nothing else; False: there is something else in it."""
        try:
            columns = columns_of(b"".join(block).decode("utf-8"))
            if self.end is not None or not block[-1].endswith(b"\n"):
                return False
        except BROKEN:
            return False
        self.trace.extend_columns(columns)
        self._crc = crc32(b"".join(block), self._crc)
        return True

    def _take_each(self, block: Sequence[bytes], number: int) -> str:
        """Take the lines of a block one by one; say which one is broken, if one is."""
        for place, line in enumerate(block, start=number):
            try:
                self._take(line)
            except BROKEN:
                whole = line.endswith(b"\n")
                return f", line {place} is broken" if whole else f" was cut short in line {place}"
            if line.strip():
                self._crc = crc32(line, self._crc)
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
        if (
            "lane" in values or "op" in values
        ):  # an event needs both; a line of a kind that we do not know has neither
            self.trace.extend_columns(checked([values]))
        elif "source" in values:
            name, text = values["source"], values["text"]
            if not (is_text(name) and is_text(text)):
                raise ValueError("a source is a name and a text")
            self.trace.sources[name] = text
        elif "end" in values:
            if not is_whole(values["end"]):
                raise ValueError("the end is a number")
            self.end = values["end"]
            self.changed = values.get("crc", self._crc) != self._crc


def _columns(text: str) -> Sequence[Iterable[Any]]:
    """Columns of lines that are JSON objects.

    Raises:
        ValueError and its like: one is none, or no event.
    """
    lines = text.rstrip("\n").split("\n")
    rows = json.loads("[" + ",".join(lines) + "]")
    if len(rows) != len(lines):
        raise ValueError("not one object a line")
    return checked(rows)
