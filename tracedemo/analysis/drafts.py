"""What the rows tell about one socket, collected while they come in: the mutable half of `connections`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from tracedemo.events import NOT_YET, PYTHON, TRACER, Event
from tracedemo.syscalls import OPERATION, OPERATIONS, RECEIVE, SEND, errno_name

SENT, RECEIVED = "sent", "received"

_MOVES = frozenset(
    row.name for row in OPERATIONS if row.phase in (SEND, RECEIVE) and row.could_wait in ("read", "write")
)
"""The calls that send or receive."""


T = TypeVar("T")

Several = tuple[T, ...] | dict[T, None]
"""A few values, each once, in order of appearance; or many."""

FEW = 8


def with_one(known: Several[T], one: T) -> Several[T]:
    """With one more value, if it is not there."""
    if one in known:
        return known
    if isinstance(known, dict):
        known[one] = None
        return known
    if not known:
        return only(one)
    return (*known, one) if len(known) < FEW else dict.fromkeys((*known, one))


@lru_cache(maxsize=65_536)
def only(one: T) -> tuple[T, ...]:
    """One value: as descriptors are used again, so is this."""
    return (one,)


@lru_cache(maxsize=4096)
def one_more(counts: tuple[tuple[str, int], ...], name: str) -> Mapping[str, int]:
    """Counts with one more of a name.  Thousands of sockets have the same ones, and share them."""
    before = dict(counts)
    return before | {name: before.get(name, 0) + 1}


_NONE: Mapping[str, int] = {}


@dataclass(slots=True)
class Draft:
    """A socket while its rows come in, in order of time.  Fields as in `connections.Connection`.  There may be hundreds of
    thousands at once: what is mostly one value, or none, is no list.
    """

    number: int
    pid: int
    t_first: int
    t_last: int
    opened_by: str = ""
    """`accept`, `socketpair`, `dup`, `socket`; empty: not seen."""
    original: int | None = None
    """The connection that a dup was made of."""
    listening: bool = False
    owners: Several[str] = ()
    unowned: bool = False
    """Somebody unknown made a call on it, too."""
    fds: Several[int] = ()
    peer: str | None = None
    local: str | None = None
    used: bool = False
    """A call other than a selector's was about it: a pipe has none of these."""
    kind: str = ""
    t_open: int | None = None
    lookup: tuple[int, int] | None = None
    """(nanoseconds, row)."""
    t_connect: int | None = None
    connecting: bool = False
    """Begun, and not yet proven."""
    t_woken: int | None = None
    """The first wakeup while connecting: connected, unless something takes it back."""
    t_connected: int | None = None
    t_request: int | None = None
    t_first_byte: int | None = None
    bytes_sent: int = 0
    bytes_received: int = 0
    pieces: int = 0
    calls: int = 0
    not_yet: Mapping[str, int] = field(default_factory=lambda: _NONE)
    direction: str = ""
    sendings: int = 0
    """How often sending began, first or after receiving; and the other way round."""
    receivings: int = 0
    t_close: int | None = None
    closed_by: str | None = None
    errors: list[tuple[str, str, int]] | None = None

    def add(self, row: int, event: Event) -> None:
        """A row on this socket: of the python or flow lane, or the tool's own."""
        _, lane, op, t0, t1, _, _, owner, fd, _, _, result, *_, mark = event
        self.t_last = max(self.t_last, t0 if t1 is None else t1)
        if op in ("port", "getsockname") and isinstance(result, str):
            self.local = result
        if owner is not None and owner != "loop" and owner not in self.owners:
            self.owners = with_one(self.owners, owner)
        if lane != PYTHON:
            return
        if fd is not None and fd not in self.fds:
            self.fds = with_one(self.fds, fd)
        if mark != TRACER:
            self._called(row, event)

    def _called(self, row: int, event: Event) -> None:
        """A call of the program."""
        op, t1 = event.op, event.t1
        self.calls += 1
        self.unowned |= event.owner is None
        if t1 is None or event.errno is not None or event.exc is not None:
            self._begun(event)
            if t1 is not None:
                self._refused(row, event)
        else:
            self._done(row, event, t1)
        if op in ("close", "detach"):
            self._closed(event)
        elif self.closed_by == "detach":
            self.t_close = self.closed_by = None  # another object went on with it

    def woken(self, t: int) -> None:
        """A select named this socket."""
        if self.connecting and self.t_woken is None:
            self.t_woken = t

    def _begun(self, event: Event) -> None:
        """What is known of a call that has not succeeded: where it wanted to go."""
        if event.op in ("connect", "connect_ex"):
            self.t_connect = event.t0 if self.t_connect is None else self.t_connect
            self.peer = _text(event.args.get("address")) or self.peer
            if event.errno in NOT_YET:
                self.connecting = True

    def _refused(self, row: int, event: Event) -> None:
        """What a call that has not succeeded was told."""
        error = str(event.errno or event.exc)
        if event.not_yet:
            self.not_yet = one_more(tuple(self.not_yet.items()), error)
            return
        if error == "EISCONN":  # asked again, and it is there: a way to learn it, not a failure
            self._proven(event.t0)
            return
        self._failed(event.op, error, row)
        if self.connecting and (event.op in ("connect", "connect_ex") or event.op in _MOVES):
            self.connecting, self.t_woken = False, None

    def _failed(self, op: str, error: str, row: int) -> None:
        if self.errors is None:
            self.errors = []
        self.errors.append((op, error, row))

    def _done(self, row: int, event: Event, t1: int) -> None:
        if event.op in _MOVES:
            self._proven(t1)
            self._moved(event, t1)
            return
        match event.op:
            case "connect" | "connect_ex":
                self._begun(event)
                self.connecting = True
                self._proven(t1)
            case "bind":
                self.local = self.local or _text(event.args.get("address"))
            case "listen":
                self.listening = True
            case "getpeername":
                self.peer = _text(event.result) or self.peer
                self._proven(t1)
            case "getsockopt" if event.args.get("option") == "SO_ERROR":
                self._asked(row, event, t1)

    def _asked(self, row: int, event: Event, t1: int) -> None:
        """SO_ERROR was read: 0 is good news only if something has happened since connect."""
        result = errno_name(event.result) if type(event.result) is int and event.result else event.result
        if result and isinstance(result, str):
            self._failed("connect", result, row)
            self.connecting, self.t_woken = False, None
        elif self.t_woken is not None:
            self._proven(t1)

    def _proven(self, t: int) -> None:
        if self.connecting and self.t_connected is None:
            self.t_connected = t if self.t_woken is None else self.t_woken
        self.connecting = False

    def _moved(self, event: Event, t1: int) -> None:
        """Bytes went out or came in."""
        count = event.bytes if event.bytes is not None else 0
        if OPERATION[event.op].phase == SEND:
            if event.bytes is None and type(event.args.get("size")) is int:
                count = event.args["size"]  # sendall says nothing, and means all
            self.bytes_sent += count
            self.sendings += self.direction != SENT
            self.direction = SENT
            if self.t_first_byte is None:
                self.t_request = t1
        elif count > 0:
            self.bytes_received += count
            self.pieces += 1
            self.receivings += self.direction != RECEIVED
            self.direction = RECEIVED
            if self.t_first_byte is None:
                self.t_first_byte = t1

    def _closed(self, event: Event) -> None:
        if self.closed_by in (None, "detach"):
            self.t_close = event.t0
            self.closed_by = "detach" if event.op == "detach" else str(event.args.get("by") or "close")


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
