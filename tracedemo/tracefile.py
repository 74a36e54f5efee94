"""The trace file: a Trace as JSON lines, and back.

Format 1 (docs/trace-format.md)
    a header line, one line an event in order of `t0`, one line a source file, and an end line with the number of events.
    Fields equal to their default are left out. Readers accept fields that they do not know and fields that are missing.

History
    1   2026-11  first format

What cannot be read is never lost silently: `read` gives what came before the broken line, and says which line it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import IO, Any, NamedTuple

from tracedemo.errors import FileError
from tracedemo.events import Event, Header, Site, Trace

FORMAT = 1

_DEFAULTS = Event._field_defaults
_SITES = ("site", "user_site")
_NUMBERS = ("seq", "t0", "pid", "tid")
_TUPLES = ("argv", "clock_start", "clock_end", "notes")


class Loaded(NamedTuple):
    """A Trace from a file, and what was wrong with the file: empty when nothing was."""

    trace: Trace
    problem: str


def lines(trace: Trace, *, sources: bool = True) -> Iterator[str]:
    """The lines of the file, each without its newline."""
    yield header_line(trace.header)
    for event in trace:
        yield event_line(event)
    if sources:
        for name, text in trace.sources.items():
            yield _dump({"source": name, "text": text})
    yield _dump({"end": len(trace)})


def header_line(header: Header) -> str:
    """The first line."""
    default = Header()
    values = ((field.name, getattr(header, field.name)) for field in fields(Header))
    return _dump(
        {"tracedemo": FORMAT} | {name: value for name, value in values if value != getattr(default, name)}
    )


def event_line(event: Event) -> str:
    """The line of one event."""
    values = event._asdict()
    return _dump({name: value for name, value in values.items() if not _is_default(name, value)})


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
        raise FileError(message, "Make a trace with: tracedemo run selector -o run.jsonl") from error


def parse(file: IO[bytes] | Iterable[bytes], name: str = "the trace") -> Loaded:
    """A Trace from lines of bytes; `name` is used in messages.

    Raises:
        FileError: the first line is no header of a trace, or of a newer format.
    """
    numbered = enumerate(file, start=1)
    trace = Trace(_header(next(numbered, (1, b""))[1], name))
    problem, complete = "", False
    for number, line in numbered:
        try:
            complete = _add_line(trace, line) or complete
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
            problem = f"{name}, line {number} is broken: what stands before it is shown, what follows is not"
            break
    if not problem and not complete:
        problem = f"{name} was cut short: it ends without an end line"
    return Loaded(trace, problem)


def _header(line: bytes, name: str) -> Header:
    if not line.strip():
        message = f"{name} is empty"
        raise FileError(message, "Make a trace with: tracedemo run selector -o run.jsonl")
    try:
        values = json.loads(line)
        version = values["tracedemo"]
    except (ValueError, TypeError, KeyError, RecursionError):
        message = f"{name} is not a trace of tracedemo: its first line is no header"
        raise FileError(message, "Make a trace with: tracedemo run selector -o run.jsonl") from None
    if not isinstance(version, int) or version > FORMAT:
        message = f"{name} has format {version}, and this tracedemo reads up to {FORMAT}"
        raise FileError(message, "Update tracedemo: pip install --upgrade tracedemo")
    known = {field.name for field in fields(Header)} & values.keys()
    default = Header()
    return Header(**{key: _fitting(key, values[key], getattr(default, key)) for key in known})


def _fitting(key: str, value: Any, default: Any) -> Any:
    """A header value in the type it should have; the default where it has another."""
    if key in _TUPLES:
        return _frozen(value) if isinstance(value, list) else default
    if isinstance(default, (dict, str)) and not isinstance(value, type(default)):
        return default
    return value


def _add_line(trace: Trace, line: bytes) -> bool:
    """Take one line in; True for the end line.

    Raises:
        ValueError and its like: the line is broken.
    """
    values = json.loads(line)
    if "lane" in values:
        trace.append(_event(values))
    elif "source" in values:
        trace.sources[str(values["source"])] = str(values["text"])
    elif "end" in values:
        return True
    return False


def _event(values: dict[str, Any]) -> Event:
    for name in _SITES:
        if values.get(name) is not None:
            file, line, function = values[name]
            values[name] = Site(str(file), int(line), str(function))
    for name in _NUMBERS:
        values[name] = int(values.get(name, 0))
    if "op" not in values or not isinstance(values.get("args", {}), dict):
        raise ValueError
    known = {name: _frozen(value) for name, value in values.items() if name in Event._fields}
    known.setdefault("t1", None)
    return Event(**known)


def _frozen(value: Any) -> Any:
    """Lists as tuples, at any depth: what an Event holds does not change."""
    if type(value) is list:
        return tuple(_frozen(item) for item in value)
    if type(value) is dict:
        return {name: _frozen(item) for name, item in value.items()}
    return value


def _is_default(name: str, value: Any) -> bool:
    return value is None or (name in _DEFAULTS and value == _DEFAULTS[name])


def _dump(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
