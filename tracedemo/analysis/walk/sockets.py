"""What becomes of each socket while a run is walked through: opened, connecting, watched by the kernel, closed.

Theory
    Between two calls on it a socket stays as its last call left it, so its story is a list of changes, each made by one
    step. What it is at a step is the last change at or before that step; where that was made by a call that waits, and
    another thread's step is looked at meanwhile, it still holds its thread. The step's own call may say more: whose turn
    it is, and who is ready; that is added when somebody asks (`Walk.sockets`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple

from tracedemo.analysis.connections import Connection
from tracedemo.analysis.identity import opened_by
from tracedemo.analysis.segments import READINESS, State
from tracedemo.analysis.text import clean
from tracedemo.events import PYTHON, Event


class Status(StrEnum):
    """What a socket is, or what is done with it.  This order is the order of every legend."""

    UNOPENED = "not opened yet"
    HOLDS = "holds the thread"
    """Its call waits, and the thread with it."""
    BUSY = "has the thread"
    READY = "is ready"
    """A select has just said so."""
    WATCHED = "kernel watches"
    """Registered with a selector, or at an epoll or poll object."""
    CONNECTING = "connecting"
    AGAIN = "will be asked again"
    """Its last answer was a "not yet", and nobody watches it."""
    OPEN = "open"
    CLOSED = "closed"


class Change(NamedTuple):
    """A socket becomes something else."""

    step: int
    """Place in `Walk.rows`."""
    status: Status
    events: str
    """What is watched for, as `READ`; else empty."""
    fd: int | None
    op: str = ""
    """The call that made it, if that waits ..."""
    until: int | None = 0
    """... and when it returned, nanoseconds of the Trace's clock; None: never."""

    def holds(self, time: int) -> bool:
        """Whether its call still waits."""
        return bool(self.op) and (self.until is None or self.until > time)


class SocketNow(NamedTuple):
    """A socket at a step."""

    socket: Connection
    status: Status
    events: str
    """What is watched for, or what it is ready for; or, of one that holds the thread, the call."""
    fd: int | None
    """Its descriptor at that moment."""

    @property
    def words(self) -> str:
        """For people: "kernel watches for READ", "holds the thread in recv()"."""
        return status_words(self.status, self.events)


def status_words(status: Status, events: str) -> str:
    """What to say of a socket."""
    if not events:
        return status.value
    if status is Status.WATCHED:
        return f"kernel watches for {clean(events)}"
    if status is Status.READY:
        return f"is ready: {clean(events)}"
    return f"holds the thread in {clean(events)}()" if status is Status.HOLDS else status.value


@dataclass(frozen=True, slots=True)
class Stories:
    """The changes of every socket, by number of its connection."""

    changes: Mapping[int, Sequence[Change]] = field(default_factory=dict)

    def at(self, conn: int, step: int) -> Change:
        """The last change of a socket at or before a step."""
        told = self.changes.get(conn, ())
        place = bisect_right(told, step, key=lambda change: change.step)
        return told[place - 1] if place else Change(-1, Status.UNOPENED, "", None)


_WATCHES = frozenset({"register", "modify"})
_CLOSES = frozenset({"close", "detach"})
_CONNECTS = frozenset({"connect", "connect_ex"})


def stories(steps: Sequence[Event], states: Sequence[State | None], sockets: Iterable[Connection]) -> Stories:
    """What became of each socket.

    Args:
        steps: the Event of each step, in order of `t0`.
        states: what the thread did in each; None for a step that is no call.
        sockets: those whose stories are wanted.
    """
    teller = _Teller(steps, sockets)
    for step, (event, state) in enumerate(zip(steps, states, strict=True)):
        if event.lane == PYTHON:
            teller.tell(step, event, waits=state is State.BLOCKED)
    return Stories(teller.told)


class _Teller:
    """Tells all stories at once, step by step."""

    def __init__(self, steps: Sequence[Event], sockets: Iterable[Connection]) -> None:
        self.told: dict[int, list[Change]] = {}
        self._watched: dict[int, str] = {}
        self._selectors: dict[int, set[int | None]] = {}
        self._pids: dict[int, int] = {}
        self._opened: dict[tuple[int, int, int], int] = {}
        self._holder: dict[tuple[int, int], int] = {}
        for socket in sockets:
            self._pids[socket.number] = socket.pid
            fd = socket.fds[0] if socket.fds else None
            # One that came out of accept or dup is open before anybody makes a call on it.
            first = bisect_left(steps, socket.t_first, key=attrgetter("t0"))
            self.told[socket.number] = [Change(first, Status.OPEN, "", fd)]
            if fd is not None and socket.t_open == socket.t_first:
                self._opened[socket.pid, fd, socket.t_first] = socket.number

    def tell(self, step: int, event: Event, *, waits: bool) -> None:
        """What a call changes."""
        if event.op == "selector" or event.op in READINESS:
            self._selectors.setdefault(event.pid, set()).add(event.fd)
        elif event.op == "close" and event.args.get("what"):
            self._close_selector(step, event)
        for fd in opened_by(event):
            number = self._opened.get((event.pid, fd, event.t1 or event.t0))
            if number is not None:
                self.told[number][0] = Change(step, Status.OPEN, "", fd)
        if event.conn is not None and event.conn in self.told:
            self._add(event.conn, self._change(step, event, event.conn, waits=waits))

    def _add(self, conn: int, change: Change) -> None:
        told = self.told[conn]
        if change.fd is not None:
            self._take_over(change.step, change.fd, conn)
        if change.op or told[-1].op or told[-1][1:] != change[1:]:
            told.append(change)

    def _take_over(self, step: int, fd: int, conn: int) -> None:
        """A descriptor that stands for another socket now: the one before was closed, and nobody saw it."""
        before = self._holder.get((self._pids[conn], fd), conn)
        self._holder[self._pids[conn], fd] = conn
        if before != conn and self.told[before][-1].fd == fd:
            self._watched.pop(before, None)
            if self.told[before][-1].status is not Status.CLOSED:
                self.told[before].append(Change(step, Status.CLOSED, "", fd))

    def _close_selector(self, step: int, event: Event) -> None:
        """What was registered with it is watched no more; with several selectors, nobody knows what was."""
        selectors = self._selectors.get(event.pid, set())
        selectors.discard(event.fd)
        if selectors:
            return
        for conn in [conn for conn in self._watched if self._pids[conn] == event.pid]:
            del self._watched[conn]
            told = self.told[conn]
            if told[-1].status is Status.WATCHED:
                told.append(Change(step, Status.OPEN, "", told[-1].fd))

    def _change(self, step: int, event: Event, conn: int, *, waits: bool) -> Change:
        if event.op in _CLOSES:
            self._watched.pop(conn, None)
            return Change(step, Status.CLOSED, "", event.fd)
        if not event.failed:
            if event.op in _WATCHES:
                self._watched[conn] = str(event.args.get("events", ""))
            elif event.op == "unregister":
                self._watched.pop(conn, None)
        op, until = (event.op, event.t1) if waits else ("", 0)
        if conn in self._watched:
            return Change(step, Status.WATCHED, self._watched[conn], event.fd, op, until)
        status = Status.OPEN
        if event.not_yet:
            status = Status.CONNECTING if event.op in _CONNECTS else Status.AGAIN
        return Change(step, status, "", event.fd, op, until)
