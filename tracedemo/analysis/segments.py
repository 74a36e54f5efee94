"""The six states, and the sweep that cuts time into stretches of one state.

Theory
    A thread is always in exactly one state. Its calls are intervals; where no call is open it runs Python. A call may
    begin inside another one (a signal handler's), and then the inner one counts until it returns. So a line of time is
    cut by one sweep over the calls in order of entry, with a stack of those still open. Nothing is rounded: times are
    integer nanoseconds, stretches follow each other without hole or overlap, and their lengths sum to the whole.
    What calls alone cannot tell, a thread's CPU clock does: `processor`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from tracedemo.events import FLOW, PYTHON, TRACER, Event, Header, Trace
from tracedemo.syscalls import OPERATIONS

WAIT_NS = 50_000
"""Under the clock, a call that could sleep and took longer than this waited (docs/trace-format.md)."""


class State(StrEnum):
    """What a thread or a request is doing.  This order is the order of every legend and table."""

    RUNNING = "running"
    """Python code runs: no call that we know of."""
    CALL = "call"
    """In a call that returns at once."""
    NOT_YET = "not yet"
    """In a call that is answered EINPROGRESS or EAGAIN."""
    BLOCKED = "blocked"
    """In a call that waits, other than select and its kin: the thread is held."""
    ASLEEP = "asleep"
    """In a select, poll or control that waits: the one place where an event loop sleeps."""
    PARKED = "parked"
    """A request that waits and holds no thread.  Or a thread that is off the processor, and in no call that waits: another
    program or thread has its place, or a lock, a file or a sleep holds it (`processor`)."""


class Segment(NamedTuple):
    """A stretch of one state."""

    t0: int
    """Begin and end in nanoseconds of the Trace's clock.  Equal for a call that took no time by a coarse clock."""
    t1: int
    state: State
    row: int | None
    """Row of the call in the Trace; None where no call is open.  A call that waits can begin with CALL, where it works; one
    that does not wait can end with PARKED, where its thread was off the processor."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One line of the timeline: a thread, or a connection.  Segments follow each other without hole or overlap."""

    label: str
    """"the one thread", "main thread", the thread's name, "thread 2"; or `Connection.label`."""
    pid: int
    tid: int | None
    """The thread; for a connection, the thread of its first event."""
    conn: int | None
    """The connection's number; None for a thread."""
    t0: int
    t1: int
    segments: tuple[Segment, ...]
    totals: Mapping[State, int]
    """Nanoseconds per state, all six, in the order of `State`; they sum to `total`."""

    @property
    def total(self) -> int:
        """Length of the lane in nanoseconds."""
        return self.t1 - self.t0


def is_call(event: Event) -> bool:
    """True for a call of the program: a row of the python lane that is not the tool's own, nor made by a library while it
    is imported (`selectors` tries epoll out, urllib3 tries IPv6): that is not what the program came for.
    """
    return event.lane == PYTHON and event.mark != TRACER and "importing" not in event.args


READINESS = frozenset(row.name for row in OPERATIONS if row.family == "readiness")
"""Select, poll and control: the calls that ask which descriptors are ready."""

_NEVER_WAIT = frozenset(row.name for row in OPERATIONS if not row.could_wait)
"""A slow close or setsockopt is slow, but waits for nobody, even on a blocking socket."""


def is_readiness(op: str) -> bool:
    """True for an operation that asks which descriptors are ready."""
    return op in READINESS


def waits(event: Event, header: Header) -> bool:
    """Whether a call slept, by the rule of docs/trace-format.md.

    Under the clock: it could, and took over 50 microseconds. Under lock-step: it was looked up before, and nothing was
    ready. A call that could sleep and never returned waited under either.
    """
    args = event.args
    could = args.get("could_wait") is True
    if not (could or "waited" in args) or event.op in _NEVER_WAIT:
        return False
    if event.t1 is None:
        return could
    if header.lockstep:
        return args.get("waited") is True
    return could and event.t1 - event.t0 > WAIT_NS


def state_of(event: Event, header: Header) -> State:
    """The state of a thread inside this call.  Waiting comes first: a call with a timeout may wait and then say EAGAIN."""
    if waits(event, header):
        return State.ASLEEP if event.op in READINESS else State.BLOCKED
    return State.NOT_YET if event.not_yet else State.CALL


def row_states(events: Iterable[Event], header: Header) -> list[State | None]:
    """The state of a thread inside each row; None for rows that are no call of the program."""
    return [state_of(event, header) if event.lane == PYTHON and is_call(event) else None for event in events]


@dataclass(frozen=True, slots=True)
class Timed:
    """The rows of a Trace with what every sweep needs to know of them."""

    events: Sequence[Event]
    own: Sequence[int]
    """Rows of the program's own calls and of the flow lane, in order."""
    ends: Sequence[int]
    """When each row ended, nanoseconds; a call that never returned lasts to the end of the Trace."""
    of_row: Sequence[State | None]
    """The state inside each row; None for rows that are no call of the program."""

    def calls(self, rows: Iterable[int]) -> Iterator[Segment]:
        """Those of `rows` that are calls, as stretches for a sweep."""
        for row in rows:
            state = self.of_row[row]
            if state is not None:
                yield Segment(self.events[row].t0, self.ends[row], state, row)


def timed(trace: Trace) -> Timed:
    """Every row with its end and its state."""
    events = list(trace)
    # The process may have been killed long after its last row was begun: the header knows when.
    end = max((event.t0 if event.t1 is None else event.t1 for event in events), default=0)
    end = max(end, trace.header.clock_end[0])
    ends = [event.t1 if event.t1 is not None else event.t0 if event.lane == FLOW else end for event in events]
    of_row = row_states(events, trace.header)
    own = [row for row, event in enumerate(events) if of_row[row] is not None or event.lane == FLOW]
    return Timed(events, own, ends, of_row)


def sweep(stretches: Iterable[Segment], t0: int, t1: int, background: State) -> list[Segment]:
    """The time from `t0` to `t1`, cut: `stretches` in order of their begin, the later begun on top of those still open,
    and `background` where there is none.
    """
    cut: list[Segment] = []
    still_open: list[Segment] = []
    now = t0
    for stretch in stretches:
        begin = stretch.t0
        if still_open:
            now = _close(cut, still_open, now, begin)
        if begin > now:
            cut.append(Segment(now, begin, background, None))
            now = begin
        if stretch.t1 > begin:
            still_open.append(stretch)
        elif stretch.row is not None:
            cut.append(Segment(now, now, stretch.state, stretch.row))
    now = _close(cut, still_open, now, t1)
    if t1 > now:
        cut.append(Segment(now, t1, background, None))
    return cut


def _close(cut: list[Segment], still_open: list[Segment], now: int, until: int) -> int:
    """Note what was on top from `now` on, at most until `until`, and forget what has ended.  Returns the new now: when
    nothing is open any more, or `until`.
    """
    while still_open:
        top = still_open[-1]
        stop = top.t1 if top.t1 < until else until  # noqa: FURB136  # min() is half of the time here
        if stop > now:
            whole = top.t0 == now and top.t1 == stop
            cut.append(top if whole else Segment(now, stop, top.state, top.row))
            now = stop
        if top.t1 > until:
            break
        still_open.pop()
    return now


def totals(segments: Iterable[Segment]) -> dict[State, int]:
    """Nanoseconds per state, all six in their order."""
    sums = dict.fromkeys(State, 0)
    for begin, end, state, _ in segments:
        sums[state] += end - begin
    return sums
