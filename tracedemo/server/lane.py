"""Reads the server's log: lines of JSON in, raw events out.  What the fields mean stands in journal.py."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

OPS = ("accepted", "request", "sent", "closed", "reset", "refused", "error", "fault")


class RawServerEvent(NamedTuple):
    """One thing that the server did."""

    t: int
    """CLOCK_MONOTONIC nanoseconds."""
    op: str
    """One of OPS."""
    conn: int | None = None
    """The server's number of the connection, from 1; None: not about a connection."""
    peer: tuple[str, int] | None = None
    """Host and port of the client."""
    bytes: int | None = None
    """Of a request, or sent by this one call."""
    piece: int | None = None
    """Which piece of the answer, from 1; twice the same: it did not fit into one send."""
    detail: str | None = None
    """The request line, what went wrong, or the name of a fault."""


class RawLog(list[RawServerEvent]):
    """The events in the order of the log, and how many of its lines could not be understood."""

    def __init__(self, events: list[RawServerEvent], broken: int) -> None:
        super().__init__(events)
        self.broken = broken


def read_log(path: Path) -> RawLog:
    """All events of a log.  A line that was cut short or makes no sense is left out, and counted.

    Raises:
        OSError: the file cannot be read.
    """
    return parse_log(path.read_bytes())


def parse_log(data: bytes) -> RawLog:
    """The same from bytes."""
    lines = [line for line in data.split(b"\n") if line]
    events = [event for line in lines if (event := _parse(line)) is not None]
    return RawLog(events, len(lines) - len(events))


def _parse(line: bytes) -> RawServerEvent | None:
    try:
        fields = json.loads(line)
    # A line of ten thousand brackets is a RecursionError.
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or not _is_number(fields.get("t")) or fields.get("op") not in OPS:
        return None
    return _event(fields)


def _event(fields: dict[str, Any]) -> RawServerEvent | None:
    conn, size, piece = (fields.get(name) for name in ("conn", "bytes", "piece"))
    peer, detail = fields.get("peer"), fields.get("detail")
    if not all(one is None or _is_number(one) for one in (conn, size, piece)):
        return None
    if not (detail is None or isinstance(detail, str)) or not (peer is None or _is_peer(peer)):
        return None
    where = (peer[0], peer[1]) if peer else None
    return RawServerEvent(fields["t"], fields["op"], conn, where, size, piece, detail)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_peer(value: object) -> bool:
    pair = 2
    return (
        isinstance(value, list) and len(value) == pair and isinstance(value[0], str) and _is_number(value[1])
    )
