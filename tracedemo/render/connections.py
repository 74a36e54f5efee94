"""The connections: where to, how long until connected and until the first byte, how much, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

from tracedemo.analysis.connections import ACCEPTED, CLIENT, KINDS, LISTENING, Connection
from tracedemo.analysis.sentences import duration_words
from tracedemo.analysis.study import Study
from tracedemo.events import PYTHON, Header
from tracedemo.render.glyphs import Glyphs
from tracedemo.render.grid import Cell, Column, Grid, cell, note
from tracedemo.render.lines import BLANK, Line, safe
from tracedemo.render.options import Options
from tracedemo.render.words import count, counts, name_of, took

KIND_WORDS = dict(zip(KINDS, ("", "accepted", "listening", "socket pair", "no peer seen"), strict=True))
_NO_SOCKET = "a pipe, or another file"
"""What only a selector was told of: its close is nobody's socket's."""

_COLUMNS = (
    Column("no.", right=True),
    Column("who", rank=4, least=8, most=24, middle=True),
    Column("to", rank=1, least=15, most=40, wrap=True),
    Column("lookup", right=True),
    Column("connect", right=True),
    Column("1st byte", right=True),
    Column("sent", right=True),
    Column("received", right=True),
    Column("requests", rank=5, right=True, optional=True),
    Column("not yet", rank=6, right=True, optional=True),
    Column("closed", rank=2, least=7, most=18, wrap=True),
    Column("failed", rank=1, least=12, most=40, wrap=True),
)


def table(study: Study, options: Options) -> Iterator[Line]:
    """One row a connection."""
    glyphs = options.glyphs
    found = _wanted(study, options)
    yield from note(safe(f"{name_of(study)}: connection by connection", glyphs), options.width, "title")
    yield BLANK
    if found:
        yield from _laid_out(found, study.trace.header, options)
    else:
        yield from note("None of the sockets fits." if study.connections else "No sockets.", options.width)
    left_out = len(study.connections) - len(found)
    if left_out:
        yield BLANK
        yield from note(f"--only leaves out {count(left_out, 'socket')}.", options.width)


def _wanted(study: Study, options: Options) -> Sequence[Connection]:
    if options.only is None:
        return study.connections
    numbers = {study.events[row].conn for row in study.rows(options.only)}
    return [it for it in study.connections if it.number in numbers]


def _laid_out(found: Sequence[Connection], header: Header, options: Options) -> Iterator[Line]:
    """Columns, or, where these don't fit, a paragraph for each."""
    cells = [_cells(it, header, options.glyphs) for it in found]
    grid = Grid(_COLUMNS, cells, options.glyphs, options.width)
    yield from _stacked(found, header, options) if grid.widths is None else grid.lines()


def _cells(it: Connection, header: Header, glyphs: Glyphs) -> tuple[Cell, ...]:
    dim = "" if it.kind in (CLIENT, ACCEPTED) else "dim"
    return (
        cell(str(it.number), dim),
        cell(safe(it.label, glyphs), dim),
        cell(safe(_other_side(it, header), glyphs), dim),
        cell(took(it.lookup_ns, glyphs)),
        cell(took(it.connect_ns, glyphs)),
        cell(took(it.first_byte_ns, glyphs)),
        cell(f"{it.bytes_sent:,}", dim),
        cell(f"{it.bytes_received:,}", dim),
        cell(f"{it.requests:,}", dim),
        _not_yet(it, glyphs),
        cell(_closed(it, header), dim or ("" if it.closed_by == "close" else "note")),
        cell(safe(_failures(it, glyphs.times), glyphs), "error"),
    )


def _no_socket(it: Connection, header: Header) -> bool:
    """Whether nothing shows that it is a socket, though all calls were kept."""
    return it.only_watched and not header.dropped.get(PYTHON)


def _other_side(it: Connection, header: Header) -> str:
    """Who is at the other end, or what it is if nobody is."""
    kind = _NO_SOCKET if _no_socket(it, header) else KIND_WORDS[it.kind]
    if it.kind == ACCEPTED:
        return f"from {it.peer}" if it.peer else kind
    if it.kind == LISTENING:
        return f"listening on {it.local}" if it.local else kind
    return it.peer or kind


def _not_yet(it: Connection, glyphs: Glyphs) -> Cell:
    number = sum(it.not_yet.values())
    return cell(f"{glyphs.not_yet} {number:,}", "not-yet") if number else ()


def _closed(it: Connection, header: Header) -> str:
    """How it ended; of what may be no socket nothing."""
    if it.closed_by is None:
        return "" if _no_socket(it, header) else "never" if _all_seen(it, header) else "not seen"
    return "yes" if it.closed_by == "close" else f"by {it.closed_by}"


def _all_seen(it: Connection, header: Header) -> bool:
    """Whether a close that is not there never was: all calls were kept, up to the end that the program came to itself."""
    elsewhere = header.pid and it.pid != header.pid  # a child may have been ended, and nothing tells of that
    return header.ended == "exit" and not header.dropped.get(PYTHON) and not elsewhere


def _failures(it: Connection, times: str) -> str:
    """What went wrong, and how often: `connect ECONNREFUSED`."""
    seen: dict[str, int] = {}
    for failure in it.errors:
        text = f"{failure.op} {failure.error}"
        seen[text] = seen.get(text, 0) + 1
    return ", ".join(text if number == 1 else f"{text} {times}{number:,}" for text, number in seen.items())


def _stacked(found: Sequence[Connection], header: Header, options: Options) -> Iterator[Line]:
    """A paragraph for each connection."""
    glyphs = options.glyphs
    for it in found:
        yield from note(
            safe(f"{it.number}  {it.label}  {_other_side(it, header)}", glyphs), options.width, "strong"
        )
        for text, style in _facts(it, header, glyphs):
            yield from note(safe(text, glyphs), options.width, style, 3)


def _facts(it: Connection, header: Header, glyphs: Glyphs) -> Iterator[tuple[str, str]]:
    times = (("lookup", it.lookup_ns), ("connect", it.connect_ns), ("first byte", it.first_byte_ns))
    known = [f"{label} {took(ns, glyphs)}" for label, ns in times if ns is not None]
    if known:
        yield ", ".join(known), ""
    moved = f"sent {count(it.bytes_sent, 'byte')}, received {it.bytes_received:,} for {count(it.requests, 'request')}"
    closed = _closed(it, header)
    yield f"{moved}{f'; closed: {closed}' if closed else ''}", "dim"
    if it.not_yet:
        yield f"{glyphs.not_yet} {counts(it.not_yet)}", "not-yet"
    if it.errors:
        yield f"failed: {_failures(it, glyphs.times)}", "error"


# Other forms


def plain(study: Study, options: Options) -> Iterator[str]:
    """A sentence for each connection."""
    if not study.connections:
        yield "No sockets."
    header = study.trace.header
    for it in _wanted(study, options):
        parts = [f"Connection {it.number}, {it.label}, {_to(it, header)}"]
        times = (
            ("looked up in", it.lookup_ns),
            ("connected in", it.connect_ns),
            ("first byte after", it.first_byte_ns),
        )
        parts += [f"{label} {duration_words(ns)}" for label, ns in times if ns is not None]
        parts.append(f"{count(it.bytes_sent, 'byte')} sent, {it.bytes_received:,} received")
        parts.append(count(it.requests, "request"))
        if it.not_yet:
            parts.append(f'"not yet": {counts(it.not_yet)}')
        parts += [f"failed: {_failures(it, 'times ')}"] if it.errors else []
        parts += _ending(it, header)
        yield safe(f"{'; '.join(parts)}.", options.glyphs)


def _ending(it: Connection, header: Header) -> Iterator[str]:
    words = {"": "", "yes": "closed", "never": "never closed", "not seen": "not seen to be closed"}
    closed = _closed(it, header)
    if closed:
        yield words.get(closed, f"closed {closed}")


def _to(it: Connection, header: Header) -> str:
    return f"to {it.peer}" if it.kind == CLIENT and it.peer else _other_side(it, header)


def rows(study: Study, options: Options) -> Iterator[dict[str, object]]:
    """One object a connection, with all that is known."""
    for it in _wanted(study, options):
        known = {field.name: getattr(it, field.name) for field in fields(it)}
        known |= {"not_yet": dict(it.not_yet), "errors": [failure._asdict() for failure in it.errors]}
        yield known | {"connect_ns": it.connect_ns, "first_byte_ns": it.first_byte_ns}
