"""Wakeups: each return of select or poll, what woke it, and who went on because of it.

What is the cause? For a descriptor that the server of ours serves, the server lane knows: the first thing that the server
did on that connection since the program last dealt with it (a wakeup, or a receive) is what made it ready. Without the
server lane it is told by what came of it: bytes, the end of the stream, an error. Server events are stamped before they are
done, so a cause is never later than the wakeup.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import NamedTuple

from tracedemo.analysis.connections import LISTENING, PAIR, Connection, connections
from tracedemo.analysis.identity import LOOP
from tracedemo.analysis.segments import is_call, waits
from tracedemo.analysis.walking import ready_of, walk
from tracedemo.events import FLOW, PYTHON, SERVER, Event, Header, Site, Trace
from tracedemo.syscalls import OPERATIONS, RECEIVE, WATCH

UNTOLD = "it is ready"
"""The cause where nothing better is known."""


class Ready(NamedTuple):
    """One descriptor that a select reported."""

    fd: int
    events: str
    """`READ`, `WRITE`, `READ|WRITE`, or `IN`, `OUT`, `HUP` ... below selectors."""
    conn: int | None
    owner: str | None
    """Who uses the connection: whoever worked on it last."""
    cause: str
    """In words, without capital and stop: "the server sent piece 2", "the handshake is done"."""
    cause_row: int | None
    """Row of the server's event, where there is one."""


class Resumed(NamedTuple):
    """Somebody who went on after a wakeup, before the next select of the same thread."""

    owner: str
    """A generator, a task, or, where these are unknown, the label of the connection that was worked on."""
    t: int
    """Nanoseconds of the Trace's clock."""
    row: int
    site: Site | None
    """The line where it goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wakeup:
    """One return of select, poll or control that did not fail."""

    row: int
    op: str
    pid: int
    tid: int
    who: str | None
    """Owner of the call: "loop" mostly."""
    t0: int
    """Entry, nanoseconds of the Trace's clock."""
    t: int
    """Return: the moment of the wakeup."""
    slept: int
    """Nanoseconds asleep: the whole call when it waited, else 0."""
    timeout: float | None
    """Seconds it would have slept at most; None: for ever, or not recorded."""
    watched: int | None
    ready: tuple[Ready, ...]
    resumed: tuple[Resumed, ...]
    """In the order in which they went on, each once."""
    cause: str
    """All causes in one clause: "woken: the server sent piece 2 (fd 4)"; "ready already: ..." when it did not wait;
    "timeout"; "nothing was ready"."""

    @property
    def empty(self) -> bool:
        """True when nothing was ready."""
        return not self.ready


def wakeups(trace: Trace, sockets: Sequence[Connection] | None = None) -> tuple[Wakeup, ...]:
    """All wakeups of an identified Trace, in order of their return.

    Args:
        sockets: what `connections(trace)` gave, if the caller has it already.
    """
    events = trace.hold()
    known = {socket.number: socket for socket in (connections(trace) if sockets is None else sockets)}
    watch = _Watch(trace.header, known, _server_events(events))
    for entries, returned in walk(events):
        for row, event in entries:
            if event.lane in (PYTHON, FLOW):
                watch.entered(row, event)
        if returned is not None:
            watch.returned(*returned)
    return tuple(draft.finish() for draft in watch.found)


_Server = dict[int, deque[tuple[int, Event]]]
"""Server events by connection, as (row, Event); those that are no cause of anything any more are taken away."""


def _server_events(events: Iterable[Event]) -> _Server:
    """What our server did that a client can see, by connection, in order of time."""
    seen: _Server = {}
    for row, event in enumerate(events):
        if event.lane == SERVER and event.conn is not None and event.op in ("sent", "closed", "reset"):
            seen.setdefault(event.conn, deque()).append((row, event))
    return seen


@dataclass(slots=True)
class _Draft:
    """A wakeup whose consequences are still coming in."""

    row: int
    event: Event
    t: int
    slept: int
    ready: list[Ready] = field(default_factory=list)
    resumed: dict[str, Resumed] = field(default_factory=dict)
    called: dict[str, Resumed] = field(default_factory=dict)
    """Who made calls: counts when no generator was seen to go on."""

    def runs_for(self, conn: int, owner: str) -> None:
        """A callback about a connection is in this name: it is the one that waited, whoever worked on it last."""
        self.ready = [item._replace(owner=owner) if item.conn == conn else item for item in self.ready]

    def finish(self) -> Wakeup:
        event = self.event
        timeout, watched = event.args.get("timeout"), event.args.get("watched")
        return Wakeup(
            row=self.row,
            op=event.op,
            pid=event.pid,
            tid=event.tid,
            who=event.owner,
            t0=event.t0,
            t=self.t,
            slept=self.slept,
            timeout=timeout if isinstance(timeout, (int, float)) else None,
            watched=watched if isinstance(watched, int) else None,
            ready=tuple(self.ready),
            resumed=tuple((self.resumed or self.called).values()),
            cause=self._cause(),
        )

    def _cause(self) -> str:
        if not self.ready:
            return "timeout" if self.slept else "nothing was ready"
        fds: dict[str, list[int]] = {}
        for item in self.ready:
            fds.setdefault(item.cause, []).append(item.fd)
        causes = "; ".join(f"{cause} (fd {', '.join(map(str, numbers))})" for cause, numbers in fds.items())
        return f"{'woken' if self.slept else 'ready already'}: {causes}"


_WATCHING = frozenset(row.name for row in OPERATIONS if row.phase == WATCH)
"""What the loop does for others: nobody goes on by it."""

_RECEIVES = frozenset(row.name for row in OPERATIONS if row.phase == RECEIVE)

_READABLE = ("READ", "IN", "HUP", "ERR", "PRI")
"""Words of an event mask that say more than "you may send"."""


class _Watch:
    """What is known while time goes by."""

    def __init__(self, header: Header, sockets: Mapping[int, Connection], server: _Server) -> None:
        self.found: list[_Draft] = []
        self._header = header
        self._sockets = sockets
        self._server = server
        self._served = frozenset(server)
        self._now: dict[tuple[int, int], int] = {}
        self._owner: dict[int, str] = {}
        self._latest: dict[tuple[int, int], _Draft] = {}
        self._guesses: dict[int, tuple[_Draft, int]] = {}
        """By connection: a wakeup, and which of its ready entries waits for a cause until we see what came of it."""

    def entered(self, row: int, event: Event) -> None:
        """A call or a step."""
        if event.conn is not None:
            self._seen(event, event.conn)
        draft = self._latest.get((event.pid, event.tid))
        if draft is not None:
            self._goes_on(draft, row, event)

    def _seen(self, event: Event, conn: int) -> None:
        """Something happened on a connection."""
        if event.fd is not None:
            self._now[event.pid, event.fd] = conn
        if event.owner is not None and event.owner != LOOP:
            self._owner[conn] = event.owner
        if event.op in _RECEIVES and event.t1 is not None:
            self._learn(event)
            if not event.not_yet:  # it found nothing, so whatever the server began by then is still to come
                self._dealt_with(conn, event.t1, ended=not event.bytes)

    def _goes_on(self, draft: _Draft, row: int, event: Event) -> None:
        """Something happened on the thread that was woken."""
        if event.lane == FLOW:
            owner = event.owner
            if owner is None or owner == LOOP:
                return
            if event.op == "callback" and event.conn is not None:
                draft.runs_for(event.conn, owner)
            if owner in draft.resumed:
                return
            if event.op in ("resume", "start", "callback"):
                draft.resumed[owner] = Resumed(owner, event.t0, row, event.place)
        elif event.conn is not None and event.op not in _WATCHING and is_call(event):
            name = self._name(event)
            if name not in draft.called:
                draft.called[name] = Resumed(name, event.t0, row, event.place)
            seen = draft.resumed.get(name)
            if seen is not None and seen.site is None:  # the step has no line of its own: its first call has
                draft.resumed[name] = seen._replace(site=event.place)

    def returned(self, row: int, event: Event) -> None:
        """A select has returned."""
        t = event.t0 if event.t1 is None else event.t1
        draft = _Draft(row, event, t, t - event.t0 if waits(event, self._header) else 0)
        self.found.append(draft)
        self._latest[event.pid, event.tid] = draft
        for fd, what in ready_of(event):
            conn = self._now.get((event.pid, fd))
            cause, cause_row = self._cause(conn, what, t, slept=draft.slept)
            if conn is not None:
                if not cause:
                    self._guesses[conn] = (draft, len(draft.ready))
                self._dealt_with(conn, t)
            owner = None if conn is None else self._owner.get(conn)
            draft.ready.append(Ready(fd, what, conn, owner, cause or UNTOLD, cause_row))

    def _name(self, event: Event) -> str:
        if event.owner is not None and event.owner != LOOP:
            return event.owner
        socket = self._sockets.get(event.conn or 0)
        return socket.label if socket else f"conn {event.conn}"

    def _cause(self, conn: int | None, what: str, t: int, *, slept: int) -> tuple[str, int | None]:
        """Why a connection is ready at time `t`, and the server's row; an empty cause: wait and see."""
        socket = self._sockets.get(conn or 0)
        if socket is None or conn is None:
            return UNTOLD, None
        readable = not what or any(word in what for word in _READABLE)
        events = list(takewhile(lambda item: item[1].t0 <= t, self._server.get(conn, ())))
        if socket.kind == LISTENING:
            cause = "a connection waits to be accepted"
        elif socket.t_connect is not None and socket.t_connected is None:
            cause = "the connection attempt has failed"
        elif socket.t_connect is not None and t <= (socket.t_connected or 0):
            cause = "the handshake is done"
        elif events and readable:
            return _did(event for _, event in events), events[0][0]
        elif not readable:
            cause = "there is room to send"
        elif socket.kind == PAIR:
            cause = "the other end of the pair was written to"
        else:
            cause = "it was ready before" if conn in self._served and not slept else ""
        return cause, None

    def _dealt_with(self, conn: int, t: int, *, ended: bool = False) -> None:
        """What the server sent up to now is no cause of anything later; that it closed remains one until the program has
        read the end.
        """
        pending = self._server.get(conn)
        while pending and pending[0][1].t0 <= t and (ended or pending[0][1].op == "sent"):
            pending.popleft()

    def _learn(self, event: Event) -> None:
        """Without a server lane: the receive after a wakeup tells what it was for."""
        draft, place = self._guesses.pop(event.conn or 0, (None, 0))
        if draft is None:
            return
        if event.not_yet:
            cause = "something happened, but no data is there"
        elif event.failed:
            cause = f"the connection failed: {event.errno or event.exc}"
        else:
            cause = "data has arrived" if event.bytes else "the other side has finished"
        draft.ready[place] = draft.ready[place]._replace(cause=cause)


def _did(events: Iterable[Event]) -> str:
    """What the server did, in words: "the server sent pieces 2 to 3 and closed the connection"."""
    done = list(events)
    pieces = [event.args.get("piece") for event in done if event.op == "sent"]
    parts = []
    if len(pieces) == 1 or (pieces and pieces[0] == pieces[-1]):
        parts.append("sent data" if pieces[0] is None else f"sent piece {pieces[0]}")
    elif pieces:
        parts.append("sent data" if None in pieces else f"sent pieces {pieces[0]} to {pieces[-1]}")
    if any(event.op == "closed" for event in done):
        parts.append("closed the connection")
    if any(event.op == "reset" for event in done):
        parts.append("broke the connection off")
    return "the server " + " and ".join(parts)
