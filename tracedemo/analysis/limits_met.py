"""Where a limit shows in a run: the first call that met it, from the real trace.

Each limit has a call in which it comes out, and an answer: EMFILE from socket(), EADDRNOTAVAIL from connect(), a send()
that took a part, a connection that took a second to come about.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tracedemo.analysis.connections import connections
from tracedemo.analysis.segments import is_call, is_readiness
from tracedemo.analysis.sentences import context, sentence
from tracedemo.events import INJECTED, PYTHON, Event, Trace

RETRANSMITTED_NS = 900_000_000
"""A connect that took so long has sent its SYN again: the kernel does that after a second (RFC 6298, section 2)."""


class Kind(NamedTuple):
    """One limit that can be shown small."""

    name: str
    """What is typed."""
    title: str
    shows: str
    """The call in which it shows, and how, a clause."""
    errno: str
    """The errno, or empty where there is none."""
    large: str
    """How the same looks where the limit is as large as it is by default, a sentence or two."""


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "fds", "open files", "socket() fails", "EMFILE",
            "With thousands of sockets it is the same call and the same errno, at the soft limit of the process (often"
            " 1,024), which a program may raise to the hard one by itself: resource.setrlimit. A server meets it in"
            " accept(), and its clients see nothing but a connection that nobody answers.",
        ),
        Kind(
            "backlog", "backlog", "a connection takes a second or more", "",
            "With thousands of clients it is a server that does not call accept() often enough: its queue holds what"
            " listen() was told, at most net.core.somaxconn (4,096). Beyond that the kernel drops the SYN, and the client"
            " sends it again after 1 s, then after longer and longer waits: no error, only times of 1, 3, 7 s.",
        ),
        Kind(
            "ports", "local ports", "connect() fails", "EADDRNOTAVAIL",
            "With tens of thousands of connections to one address it is the same call: the kernel hands out the ports of"
            " net.ipv4.ip_local_port_range, 28,232 by default, once for each destination. Another address, or another port,"
            " of the server has them all anew. Closed connections keep theirs for a minute (TIME_WAIT) on the side that"
            " closed first.",
        ),
        Kind(
            "buffers", "send buffer", "send() takes only a part", "",
            "With the buffers that the kernel has by default (up to 4 MB, net.ipv4.tcp_wmem) it shows with large bodies, or"
            " when the other side does not read: send() returns less than it was given, then says EAGAIN. Thousands of"
            " sockets share the memory of net.ipv4.tcp_mem; where that is short, all their buffers become small.",
        ),
    )
}  # fmt: skip
"""By name."""


class Met(NamedTuple):
    """A limit that was met."""

    kind: Kind
    limit: str
    """What it was set to, and where, a clause."""
    row: int | None
    """The call in which it showed, as a row of the Trace; None: it did not show."""
    said: str
    """That call, as a sentence."""
    answer: str
    """The errno, or what else came back."""
    before: str
    """What went well before it, a clause."""
    around: tuple[str, ...]
    """The call among its neighbours, those of the same connection if it has one: sentences ..."""
    place: int
    """... of which it is this one."""
    injected: int
    """Calls that were put in to make it small."""
    times: int
    """How often it showed."""


def find(kind: Kind, limit: str, trace: Trace) -> Met:
    """Where a limit shows in an identified Trace.

    Args:
        limit: what it was set to.
    """
    events = list(trace)
    rows = _FINDERS[kind.name](events, trace)
    injected = sum(event.mark == INJECTED for event in events)
    if not rows:
        return Met(kind, limit, None, "", "", "", (), 0, injected, 0)
    row = rows[0]
    event = events[row]
    known = context(trace)
    near = _near(events, row)
    return Met(
        kind=kind,
        limit=limit,
        row=row,
        said=sentence(event, known),
        answer=kind.errno or _answer(event),
        before=_before(event, events[:row]) if kind.name != "backlog" else _quick(events, rows),
        around=tuple(sentence(events[one], known) for one in near),
        place=near.index(row),
        injected=injected,
        times=len(rows),
    )


BEFORE, AFTER = 4, 2
"""Calls that are shown around the one in which a limit shows."""


def _near(events: list[Event], row: int) -> list[int]:
    """Rows around one: of its connection, or, where it has none, of its thread."""
    it = events[row]
    alike = [at for at, event in enumerate(events) if event.lane == PYTHON and (is_call(event) or event.mark == INJECTED)
             and (event.tid == it.tid if it.conn is None else event.conn == it.conn)]  # fmt: skip
    place = alike.index(row)
    return alike[max(place - BEFORE, 0) : place + AFTER + 1]


def _answer(event: Event) -> str:
    if event.op in ("send", "sendall"):
        return f"{event.bytes:,} of {event.args.get('size', 0):,} bytes"
    return f"after {(event.duration or 0) / 1e9:.2f} s"


def _before(event: Event, earlier: list[Event]) -> str:
    alike = sum(one.op == event.op and is_call(one) and not one.failed for one in earlier)
    if not alike or is_readiness(event.op):
        return ""
    return (
        f"{alike:,} {event.op}() before it went well" if alike > 1 else f"1 {event.op}() before it went well"
    )


def _quick(events: list[Event], slow: list[int]) -> str:
    """How many connects did not wait: threads begin in any order, so it may be before or after.  Where none waits in
    connect(), empty.
    """
    if events[slow[0]].op != "connect":
        return ""
    found = sum(event.op == "connect" and is_call(event) for event in events)
    quick = found - sum(events[row].op == "connect" for row in slow)
    return f"{quick:,} other connect() went well at once" if quick else ""


def _failing(op: str, errno: str) -> Callable[[list[Event], Trace], list[int]]:
    def rows(events: list[Event], _trace: Trace) -> list[int]:
        return [
            row
            for row, event in enumerate(events)
            if event.op == op and event.errno == errno and is_call(event)
        ]

    return rows


def _slow(events: list[Event], trace: Trace) -> list[int]:
    """The connects that waited; where connect() does not wait, the selects that did for them."""
    waited = [row for row, event in enumerate(events)
              if event.op == "connect" and is_call(event) and (event.duration or 0) > RETRANSMITTED_NS]  # fmt: skip
    if waited:
        return waited
    late = {
        socket.t_connected
        for socket in connections(trace)
        if socket.t_connect is not None
        and socket.t_connected is not None
        and socket.t_connected - socket.t_connect > RETRANSMITTED_NS
    }
    if not late:
        return []
    return [row for row, event in enumerate(events) if is_call(event) and is_readiness(event.op)
            and event.t1 is not None and any(event.t0 <= moment <= event.t1 for moment in late if moment)]  # fmt: skip


def _partial(events: list[Event], _trace: Trace) -> list[int]:
    return [row for row, event in enumerate(events) if event.op == "send" and is_call(event) and not event.failed
            and event.bytes is not None and event.bytes < event.args.get("size", 0)]  # fmt: skip


_FINDERS: dict[str, Callable[[list[Event], Trace], list[int]]] = {
    "fds": _failing("socket", "EMFILE"),
    "backlog": _slow,
    "ports": _failing("connect", "EADDRNOTAVAIL"),
    "buffers": _partial,
}
