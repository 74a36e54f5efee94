"""Which connection, and whose: numbers that are never used again, for descriptors that are.

Theory
    The kernel hands out the lowest free descriptor, so a number like 5 stands for one socket after another. Here each
    socket gets a number of its own, from 1 in the order in which they came about, and every row that names a descriptor is
    told which socket that was at the time.

Rules
    * A descriptor begins to stand for a new socket when `socket`, `accept`, `socketpair` or `dup` has returned (t1), and
      stops when `close` is entered (t0): another thread may be given the number while close still runs.
    * `socket(fileno=5)` and `detach` change the Python object, not the kernel's socket: the number goes on. TLS does so.
    * What was never seen to be opened gets a number when it is first used; what is unregistered or fails with EBADF after
      its close is still the old socket, and so is what is asked for its addresses after garbage collection began to close
      it (the ResourceWarning does that).
    * A descriptor is one process's. A forked child that uses one which it has not opened means its parent's.
    * Selectors and epoll descriptors are no sockets.
    * A row that has a number already keeps it: a Trace that was identified comes out as it went in.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter

from tracedemo.analysis.handles import handles_of
from tracedemo.analysis.join import join
from tracedemo.analysis.segments import is_call, is_readiness
from tracedemo.events import FLOW, KERNEL, PYTHON, SERVER, TRACER, Event, Trace

LOOP = "loop"
"""The owner of waits and of selectors, where nobody else is known."""

_KEEPS = frozenset({"unregister", "modify"})
"""Operations that may come after the close of what they name."""

_NAMES = frozenset({"getsockname", "getpeername"})
"""Operations that come after the close by garbage collection."""


def identify(trace: Trace) -> Trace:
    """The same Trace with `conn` filled on the python, flow and server lanes, and `owner` where it was null.

    Owners: a call on a connection belongs to whoever of the same thread was last seen working on that connection, or
    first, if nobody was before; waits and selectors belong to the loop, as does what an event loop calls in no task's
    name. A system call has the owner and the connection of the Python call above it. What is left is unknown.
    """
    if not lacks_any(trace):
        return trace
    events = trace.hold()
    numbers = _number(events, trace.header.pid)
    owners = _owners(events, numbers)
    _lend(trace, numbers, owners)
    if all(event.conn == number and event.owner == owner
           for event, number, owner in zip(events, numbers, owners, strict=True)):  # fmt: skip
        return trace
    return trace.with_columns(conn=numbers, owner=owners)


def lacks_any(trace: Trace) -> bool:
    """Whether any row lacks something; rows that say the same are asked once."""
    none = trace.numbers("conn").none
    nobody = trace.column("owner").each(lambda owner: owner is None)
    says = trace.keys("conn", "lane", "op", "args", "mark", "site", "fd", "owner")
    asked: set[tuple[int, ...]] = set()
    for row, (unowned, key) in enumerate(zip(nobody, says, strict=True)):
        if (unowned or key[0] == none) and key not in asked:
            asked.add(key)
            if _lacks(trace[row]):
                return True
    return False


def _lacks(event: Event) -> bool:
    """Whether a number, or an owner, might be found for this row.  A Trace from a file has no such rows, mostly."""
    if event.lane == SERVER:
        return event.conn is None
    if event.lane not in (PYTHON, FLOW):
        return False
    waits = _of_selector(event)
    numberless = event.conn is None and (event.op in OPENING or (event.fd is not None and not waits))
    if event.lane == FLOW:
        return numberless or (event.owner is None and _of_loop(event))
    ownerless = event.owner is None and (event.conn is not None or (waits and is_call(event)))
    return numberless or ownerless


def _number(events: Sequence[Event], main_pid: int) -> list[int | None]:
    """The connection of each row."""
    table = _Descriptors(events, main_pid)
    for row, event in enumerate(events):
        if event.lane in (PYTHON, FLOW):
            table.apply(row, event)
    table.catch_up(None)
    _tie_server(events, table)
    return table.numbers


OPENING = frozenset({"socket", "socketpair", "accept", "dup"})
"""Operations that make a descriptor."""


def opened_by(event: Event) -> tuple[int, ...]:
    """The descriptors that a call of the program opened; none if it failed or never returned."""
    if event.op not in OPENING or event.lane != PYTHON or event.t1 is None or event.errno or event.exc:
        return ()
    match event.op:
        case "socket":
            found = [event.fd]
        case "accept":
            found = [event.args.get("new_fd", event.result)]
        case "dup":
            found = [event.result]
        case "socketpair":
            found = list(event.result) if isinstance(event.result, (list, tuple)) else [event.fd]
        case _:
            return ()
    return tuple(fd for fd in found if type(fd) is int and fd >= 0)


class _Descriptors:
    """What each descriptor of each process stands for, while time goes by."""

    def __init__(self, events: Sequence[Event], main_pid: int) -> None:
        known = [event.conn for event in events if event.conn is not None]
        self.numbers: list[int | None] = [event.conn for event in events]
        self.born: dict[int, int] = {}
        """Entry of the call that opened a connection, or of its first use, nanoseconds."""
        self.locals: dict[str, list[tuple[int, int]]] = {}
        """Connections by local address, as (born, number)."""
        self._next = max(known, default=0) + 1
        self._main = main_pid or next((event.pid for event in events if event.lane == PYTHON), 0)
        self._open: dict[tuple[int, int], int] = {}
        self._last: dict[tuple[int, int], int] = {}
        self._collected: set[tuple[int, int]] = set()
        self._opening: list[tuple[int, int, Event]] = []

    def apply(self, row: int, event: Event) -> None:
        """One row of the python or flow lane, in order of entry."""
        self.catch_up(event.t0)
        opened = event.op in OPENING and opened_by(event)
        if opened:
            heapq.heappush(self._opening, (event.t1 or event.t0, row, event))
        fd = event.fd
        if fd is None or _of_selector(event):
            return
        if opened and event.op in ("socket", "socketpair"):
            return  # numbered when it has returned
        number = self.numbers[row]
        if number is None:
            number = self.numbers[row] = self._find(event, fd)
        else:
            self._stands(event.pid, fd, number, event.t0)
        if event.op == "close" and event.lane == PYTHON:
            self._open.pop((event.pid, fd), None)
            if "by" in event.args:
                self._collected.add((event.pid, fd))
        elif event.op in ("port", "getsockname") and isinstance(event.result, str) and number is not None:
            self.locals.setdefault(event.result, []).append((self.born[number], number))

    def catch_up(self, now: int | None) -> None:
        """Sockets whose opening has returned by `now` exist from here on."""
        while self._opening and (now is None or self._opening[0][0] <= now):
            _, row, event = heapq.heappop(self._opening)
            for place, fd in enumerate(opened_by(event)):
                # The row's own number is that of its own descriptor: the first of a pair, never the accepted one.
                own = event.op in ("socket", "socketpair") and place == 0
                number = self.numbers[row] if own else None
                if number is None and "fileno" in event.args:
                    number = self._open.get((event.pid, fd))
                if number is None:
                    number = self._new()
                if own:
                    self.numbers[row] = number
                self._stands(event.pid, fd, number, event.t0)

    def _find(self, event: Event, fd: int) -> int | None:
        key = (event.pid, fd)
        number = self._open.get(key)
        if number is not None or event.mark == TRACER:  # the tool's own descriptors are nobody's connection
            return number
        late = event.op in _KEEPS or event.errno == "EBADF" or (event.op in _NAMES and key in self._collected)
        if late and key in self._last:
            return self._last[key]
        if event.pid != self._main and key not in self._last:
            number = self._last.get((self._main, fd))
        if number is None:
            number = self._new()
        self._stands(*key, number, event.t0)
        return number

    def _new(self) -> int:
        self._next += 1
        return self._next - 1

    def _stands(self, pid: int, fd: int, number: int, since: int) -> None:
        self._open[pid, fd] = self._last[pid, fd] = number
        self._collected.discard((pid, fd))
        self.born.setdefault(number, since)


def _tie_server(events: Sequence[Event], table: _Descriptors) -> None:
    """The server knows a connection by the client's local address: the client's newest one there, at that time.

    The first event of each of the server's own numbers decides for all of them: its goodbye may come when the local port
    has been given to the next connection.
    """
    for known in table.locals.values():
        known.sort()
    tied: dict[tuple[int, object], int] = {}
    for row, event in enumerate(events):
        if event.lane != SERVER or table.numbers[row] is not None:
            continue
        key = (event.pid, event.args.get("server_conn"))
        number = tied.get(key)
        if number is None:
            known = table.locals.get(str(event.args.get("peer")), [])
            place = bisect_right(known, event.t0, key=itemgetter(0))
            number = known[place - 1][1] if place else None
        if number is not None:
            table.numbers[row] = number
            if key[1] is not None:
                tied[key] = number


def _owners(events: Sequence[Event], numbers: Sequence[int | None]) -> list[str | None]:
    """The owner of each row."""
    # By thread, too: a scheduler and its generators share one, while a thread's name says nothing about another thread.
    latest: dict[tuple[int, int, int], str] = {}
    for event, number in zip(events, numbers, strict=True):
        if number is not None and _works(event):
            latest.setdefault((number, event.pid, event.tid), str(event.owner))
    handles = handles_of(events)
    owners: list[str | None] = []
    for row, (event, number) in enumerate(zip(events, numbers, strict=True)):
        owner, key = event.owner, (number or 0, event.pid, event.tid)
        if number is not None and _works(event):
            latest[key] = str(owner)
        elif owner is None and (_of_loop(event) or _in_nobodys(row, handles, events)):
            owner = LOOP
            if number is not None:
                latest.setdefault(key, owner)
        elif owner is None and event.lane == PYTHON:
            if number is not None:
                owner = latest.get(key)
            elif _of_selector(event) and is_call(event):
                owner = LOOP
        owners.append(owner)
    return owners


def _in_nobodys(row: int, handles: Mapping[int, int], events: Sequence[Event]) -> bool:
    """Whether a call was made in a callback that is in no task's name."""
    return row in handles and events[handles[row]].owner in (None, LOOP)


def _lend(trace: Trace, numbers: list[int | None], owners: list[str | None]) -> None:
    """A system call has the owner of the Python call above it, and its connection where it is about the same descriptor."""
    found = join(trace)
    if found is None:
        return
    events = trace.hold()
    for row, above in found.parent.items():
        event, call = events[row], events[above]
        if event.owner is None:
            owners[row] = owners[above]
        same = call.fd is not None and call.fd in (event.fd, event.args.get("fd"))
        if event.conn is None and same and not _of_selector(call):
            numbers[row] = numbers[above]
    for row, owner in _of_threads(events, owners):
        owners[row] = owner


def _of_threads(events: Sequence[Event], owners: Sequence[str | None]) -> Iterator[tuple[int, str]]:
    """System calls under no Python call, with the one owner that all calls of their thread have, if there is one."""
    known: dict[tuple[int, int], set[str | None]] = {}
    for event, owner in zip(events, owners, strict=True):
        if event.lane == PYTHON and event.mark != TRACER and owner != LOOP:
            known.setdefault((event.pid, event.tid), set()).add(owner)
    for row, event in enumerate(events):
        names = known.get((event.pid, event.tid), ())
        if event.lane == KERNEL and owners[row] is None and len(names) == 1 and (name := next(iter(names))):
            yield row, name


def _of_selector(event: Event) -> bool:
    """A wait, or the making or closing of what waits: its descriptor is no socket."""
    return is_readiness(event.op) or event.op == "selector" or "what" in event.args


_SELF_PIPE = ("_make_self_pipe", "_close_self_pipe")
"""Where asyncio makes and closes the pair of sockets by which other threads wake its loop."""


def _of_loop(event: Event) -> bool:
    """What an event loop does for itself, in no task's name."""
    if event.lane == FLOW:
        return event.op in ("callback", "blocked")
    return event.lane == PYTHON and event.site is not None and event.site.function.endswith(_SELF_PIPE)


def _works(event: Event) -> bool:
    return event.owner is not None and event.owner != LOOP and event.lane in (PYTHON, FLOW)
