"""The sockets of a run, one record each: where to, how long until connected and until the first byte, how it ended.

When is a connection there? A blocking connect says so by returning. A non-blocking one says EINPROGRESS, and later events
must prove it: the first wakeup that names the socket, unless what follows (SO_ERROR, a send that fails) takes it back; or
the first send, receive or getpeername that succeeds. So the time until connected is the time until the program could know.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, count, islice
from typing import NamedTuple

from tracedemo.analysis.drafts import Draft
from tracedemo.analysis.identity import OPENING, opened_by
from tracedemo.analysis.lookups import LOOKUPS, Lookups
from tracedemo.analysis.walking import ready_of, walk
from tracedemo.events import FLOW, PYTHON, TRACER, Event, Trace
from tracedemo.syscalls import OPERATIONS, WATCH

CLIENT, ACCEPTED, LISTENING, PAIR, OTHER = KINDS = ("client", "accepted", "listening", "pair", "other")
"""What a socket is: it connected somewhere, it came out of accept, it listens, it is one end of a socketpair (an event
loop's own wake-up pipe is one), or nothing of this was seen.  A dup is what its original is."""


_WATCHING = frozenset(row.name for row in OPERATIONS if row.phase == WATCH)


class Failure(NamedTuple):
    """Something that failed on a connection: not a "not yet"."""

    op: str
    error: str
    """Name of the errno, or of the exception where there is no errno."""
    row: int
    """Row of the Trace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One socket, from its first to its last event.  Instants (`t_...`) are nanoseconds of the Trace's clock, durations
    (`..._ns`) nanoseconds; None: it did not happen, or was not seen.
    """

    number: int
    """`Event.conn`: from 1, in order of appearance."""
    kind: str
    """One of `KINDS`."""
    label: str
    """What to call it: its owner ("fetch_data #1") when all its calls have the same one and that owner has no other
    connection (wake-up pipes and listening sockets do not count), else "conn 1"."""
    owners: tuple[str, ...]
    """Everybody who made a call on it (the loop excepted), in order of appearance."""
    pid: int
    fds: tuple[int, ...]
    """Descriptors it had, in order of appearance: mostly one."""
    peer: str | None
    """Address of the other side: of connect, even if that failed; of accept; of getpeername."""
    local: str | None
    """Local address, where it was asked for (by the program or by the tool) or bound."""
    t_first: int
    """Entry of the first call on it (for an accepted one, return of the accept) ..."""
    t_last: int
    """... and return of the last event on it, flow lane included; entry, if it never returned."""
    t_open: int | None
    """Return of `socket`, `accept`, `socketpair` or `dup`."""
    lookup_ns: int | None
    """Duration of the name lookup whose answer named `peer`; a lookup counts for one connection only."""
    lookup_row: int | None
    t_connect: int | None
    """Entry of the first connect."""
    t_connected: int | None
    """When the program could first know that it was connected; for an accepted one, return of the accept."""
    t_request: int | None
    """Return of the last send before the first byte came back."""
    t_first_byte: int | None
    """Return of the receive that brought the first byte."""
    bytes_sent: int
    bytes_received: int
    pieces: int
    """Receives that brought at least one byte."""
    calls: int
    """Calls of the program on it, the tool's own not counted.  An accept counts for the listening socket."""
    not_yet: Mapping[str, int]
    """"Not yet" answers by errno."""
    requests: int
    """How often it was used for a request: a client that sends, receives and sends again makes 2; an accepted
    connection that receives, sends and receives again makes 2."""
    t_close: int | None
    """Entry of the close (or of the detach, if nothing followed)."""
    closed_by: str | None
    """`close`, `garbage collection`, `detach`; None: never closed in this trace."""
    errors: tuple[Failure, ...]
    only_watched: bool = False
    """Nothing was done with it but watching: no call shows that it is a socket.  Selectors watch pipes, too."""

    @property
    def connect_ns(self) -> int | None:
        """From the entry of connect until it was known to be connected; None if it never was, or was accepted."""
        if self.t_connect is None or self.t_connected is None:
            return None
        return self.t_connected - self.t_connect

    @property
    def first_byte_ns(self) -> int | None:
        """From the request sent until its first byte came back."""
        if self.t_request is None or self.t_first_byte is None:
            return None
        return self.t_first_byte - self.t_request


def connections(trace: Trace) -> tuple[Connection, ...]:
    """All sockets of an identified Trace, by number."""
    collector = _Collector(trace.header.pid)
    for entries, returned in walk(trace.hold()):
        for row, event in entries:
            if event.lane in (PYTHON, FLOW):
                collector.add(row, event)
        if returned is not None:
            collector.woken(returned[1])
    drafts = collector.finish()
    works: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for draft in drafts.values():
        draft.kind = _kind(draft, drafts)
        if draft.kind not in (PAIR, LISTENING):
            works[draft.pid].update(draft.owners)
    # Each draft goes when it is done: there may be hundreds of thousands.
    return tuple(_finished(drafts.pop(number), works) for number in sorted(drafts))


class _Opening(NamedTuple):
    """A socket that was made by a call on another one: nobody has used it yet."""

    t1: int
    row: int
    fd: int
    event: Event


class _Collector:
    """All sockets, while the rows come in."""

    def __init__(self, main_pid: int) -> None:
        self._main = main_pid
        self._drafts: dict[int, Draft] = {}
        self._now: dict[tuple[int, int], int] = {}
        self._openings: dict[tuple[int, int], list[_Opening]] = {}
        self._unused: list[_Opening] = []
        self._lookups = Lookups()

    def woken(self, select: Event) -> None:
        """The return of a select."""
        for fd, _ in ready_of(select):
            number = self._now.get((select.pid, fd))
            if number is not None and select.t1 is not None:
                self._drafts[number].woken(select.t1)

    def add(self, row: int, event: Event) -> None:
        """The entry of a call or of a step."""
        op, conn, fd = event.op, event.conn, event.fd
        if op in LOOKUPS:
            self._lookups.note(row, event)
        elif op in OPENING:
            self._note_opening(row, event)
        if conn is None:
            return
        draft = self._drafts.get(conn)
        if draft is None:
            draft = self._drafts[conn] = self._begin(event)
        if event.lane == PYTHON and op not in _WATCHING and not (event.mark == TRACER and event.failed):
            draft.used = True
        if fd is not None:
            self._now[event.pid, fd] = conn
        if draft.t_open is None and op in ("socket", "socketpair"):
            draft.t_open, draft.opened_by = event.t1, op
        draft.add(row, event)
        if draft.peer and draft.lookup is None and op in ("connect", "connect_ex"):
            draft.lookup = self._lookups.take(event, draft.peer)

    def _note_opening(self, row: int, event: Event) -> None:
        """Keep what this call opened, other than the descriptor that its own row is about."""
        for place, fd in enumerate(opened_by(event)):
            if place or event.op in ("accept", "dup"):
                opening = _Opening(event.t1 or event.t0, row, fd, event)
                self._openings.setdefault((event.pid, fd), []).append(opening)

    def _begin(self, event: Event) -> Draft:
        """The first row of a socket: if a call on another one made it, that is where it begins; for a forked child,
        that call was its parent's.
        """
        fd = -1 if event.fd is None else event.fd
        waiting = self._openings.get((event.pid, fd)) or self._openings.get((self._main, fd), [])
        returned = [opening for opening in waiting if opening.t1 <= event.t0]
        if not returned or event.op in ("socket", "socketpair"):
            return Draft(number=event.conn or 0, pid=event.pid, t_first=event.t0, t_last=event.t0)
        latest = max(returned)
        # Those that returned before it with the same descriptor were closed unseen, and never used.
        self._unused.extend(opening for opening in returned if opening is not latest)
        waiting[:] = [opening for opening in waiting if opening.t1 > event.t0]
        return _opened(event.conn or 0, latest)

    def finish(self) -> dict[int, Draft]:
        """All drafts by number.  A socket that was opened and never used has the number that no row has."""
        unused = sorted(chain(self._unused, *self._openings.values()))
        free = (number for number in count(1) if number not in self._drafts)
        for number, opening in zip(list(islice(free, len(unused))), unused, strict=True):
            self._drafts[number] = _opened(number, opening)
        return self._drafts


def _opened(number: int, opening: _Opening) -> Draft:
    """A socket that accept, socketpair or dup made."""
    event = opening.event
    draft = Draft(number=number, pid=event.pid, t_first=opening.t1, t_last=opening.t1, t_open=opening.t1,
                  opened_by=event.op, fds=(opening.fd,))  # fmt: skip
    if event.op == "accept":
        draft.t_connected = opening.t1
        peer = event.args.get("peer")
        draft.peer = peer if isinstance(peer, str) else None
    elif event.op == "dup":
        draft.original = event.conn
    return draft


def _kind(draft: Draft, drafts: Mapping[int, Draft]) -> str:
    # A dup is made of a socket that came before it; a file that says otherwise must not send us round in circles.
    while draft.original is not None and draft.original < draft.number and draft.original in drafts:
        draft = drafts[draft.original]
    if draft.listening:
        return LISTENING
    if draft.opened_by == "accept":
        return ACCEPTED
    if draft.t_connect is not None:
        return CLIENT
    return PAIR if draft.opened_by == "socketpair" else OTHER


def _finished(draft: Draft, works: Mapping[int, Mapping[str, int]]) -> Connection:
    owners = tuple(draft.owners)
    alone = len(owners) == 1 and not draft.unowned and works[draft.pid][owners[0]] <= 1
    lookup_ns, lookup_row = draft.lookup or (None, None)
    return Connection(
        number=draft.number,
        kind=draft.kind,
        label=owners[0] if alone else f"conn {draft.number}",
        owners=owners,
        pid=draft.pid,
        fds=tuple(draft.fds),
        peer=draft.peer,
        local=draft.local,
        t_first=draft.t_first,
        t_last=draft.t_last,
        t_open=draft.t_open,
        lookup_ns=lookup_ns,
        lookup_row=lookup_row,
        t_connect=draft.t_connect,
        # Begun, woken, and nothing has taken it back: connected.
        t_connected=draft.t_woken if draft.t_connected is None and draft.connecting else draft.t_connected,
        t_request=draft.t_request,
        t_first_byte=draft.t_first_byte,
        bytes_sent=draft.bytes_sent,
        bytes_received=draft.bytes_received,
        pieces=draft.pieces,
        calls=draft.calls,
        not_yet=draft.not_yet,
        requests=draft.receivings if draft.kind == ACCEPTED else draft.sendings,
        t_close=draft.t_close,
        closed_by=draft.closed_by,
        errors=tuple(Failure(*error) for error in draft.errors or ()),
        # A socket that a call made, and nobody used, has no row.
        only_watched=draft.kind == OTHER and not draft.opened_by and not draft.used,
    )
