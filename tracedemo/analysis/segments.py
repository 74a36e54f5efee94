"""The six states, and the sweep that cuts time into stretches of one state.

Theory
    A thread is always in exactly one state. Its calls are intervals; where no call is open it runs Python. A call may
    begin inside another one (a signal handler's), and then the inner one counts until it returns. So a line of time is
    cut by one sweep over the calls in order of entry, with a stack of those still open. Nothing is rounded: times are
    integer nanoseconds, stretches follow each other without hole or overlap, and their lengths sum to the whole.
    What calls alone cannot tell, a thread's CPU clock does: `processor`.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import islice
from typing import NamedTuple, overload

from tracedemo.events import FLOW, INJECTED, PYTHON, TRACER, Event, Header, Trace
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
    segments: Sequence[Segment]
    totals: Mapping[State, int]
    """Nanoseconds per state, all six, in the order of `State`; they sum to `total`."""

    @property
    def total(self) -> int:
        """Length of the lane in nanoseconds."""
        return self.t1 - self.t0


def is_call(event: Event) -> bool:
    """True for a call of the program: a row of the python lane that is not the tool's own, nor put in by it, nor made by a
    library while it is imported (`selectors` tries epoll out, urllib3 tries IPv6): that is not what the program came for.
    """
    return event.lane == PYTHON and event.mark not in _NOT_ITS_OWN and "importing" not in event.args


_NOT_ITS_OWN = frozenset({TRACER, INJECTED})


def own_calls(trace: Trace) -> bytes:
    """Of each row whether it is a call of the program: 1 or 0."""
    importing = trace.column("args").each(lambda args: "importing" in args)
    others, calls = (
        trace.column("mark").each(lambda mark: mark in _NOT_ITS_OWN),
        trace.column("lane").each(lambda lane: lane == PYTHON),
    )
    rows = zip(calls, others, importing, strict=True)
    return bytes(map(_IS_CALL.__eq__, rows))


_IS_CALL = (True, False, False)

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


def row_states(trace: Trace) -> tuple[State | None, ...]:
    """The state of a thread inside each row; None for rows that are no call of the program."""
    return tuple(_row_states(trace))


def _row_states(trace: Trace) -> Iterator[State | None]:
    # What rows say alike makes them alike: of each kind, the state after a short call, after a long one, and for ever.
    known: dict[tuple[int, ...], tuple[State | None, State | None, State | None]] = {}
    kinds, times, never = (
        trace.keys("lane", "op", "args", "mark", "errno"),
        trace.keys("t0", "t1"),
        trace.numbers("t1").none,
    )
    for row, (lane, key, (t0, t1)) in enumerate(zip(trace.column("lane"), kinds, times, strict=True)):
        if lane != PYTHON:
            yield None
            continue
        states = known.get(key)
        if states is None:
            states = known[key] = _states_of(trace[row], trace.header)
        yield states[2] if t1 == never else states[t1 - t0 > WAIT_NS]


def _states_of(event: Event, header: Header) -> tuple[State | None, State | None, State | None]:
    if not is_call(event):
        return None, None, None
    short, long, never = (state_of(event._replace(t0=0, t1=t1), header) for t1 in (0, WAIT_NS + 1, None))
    return short, long, never


@dataclass(frozen=True, slots=True)
class Timed:
    """The rows of a Trace with what every sweep needs to know of them."""

    events: Sequence[Event]
    begins: Sequence[int]
    """When each row began, nanoseconds."""
    own: Sequence[int]
    """Rows of the program's own calls and of the flow lane, in order."""
    ends: Sequence[int]
    """When each row ended, nanoseconds; a call that never returned lasts to the end of the Trace."""
    of_row: tuple[State | None, ...]
    """The state inside each row; None for rows that are no call of the program."""

    def calls(self, rows: Iterable[int]) -> Iterator[Segment]:
        """Those of `rows` that are calls, as stretches for a sweep."""
        begins, ends, of_row = self.begins, self.ends, self.of_row
        for row in rows:
            state = of_row[row]
            if state is not None:
                # As Segment(...), which is a function of Python.
                yield _new(Segment, (begins[row], ends[row], state, row))


def timed(trace: Trace) -> Timed:
    """Every row with its end and its state."""
    begins, returns, lanes = trace.numbers("t0").codes, trace.numbers("t1"), trace.column("lane")
    never = returns.none
    ends, open_rows = array("q", returns.codes), [row for row, t1 in enumerate(returns.codes) if t1 == never]
    for row in open_rows:
        ends[row] = begins[row]
    # The process may have been killed long after its last row was begun: the header knows when.
    end = max(max(ends, default=0), trace.header.clock_end[0])
    for row in open_rows:
        ends[row] = begins[row] if lanes[row] == FLOW else end
    of_row = row_states(trace)
    own = array("i", (row for row, (lane, state) in enumerate(zip(lanes, of_row, strict=True))
                      if state is not None or lane == FLOW))  # fmt: skip
    return Timed(trace.hold(), begins, own, ends, of_row)


class Cut(Sequence[Segment]):
    """Very many stretches that follow each other: in columns, and not before somebody asks for one of them.

    Args:
        make: gives them, each time anew.
    """

    def __init__(self, make: Callable[[], Iterable[Segment]]) -> None:
        self._make = make
        self.totals = totals(make())

    @cached_property
    def _columns(self) -> tuple[array[int], array[int], array[int]]:
        """Begins, with the end of the last one; states by number; rows, -1 for none."""
        begins, states, rows = array("q"), array("B"), array("i")
        last = 0
        for begin, end, state, row in self._make():
            last = end
            begins.append(begin)
            states.append(_NUMBER[state])
            rows.append(-1 if row is None else row)
        begins.append(last)
        return begins, states, rows

    def __len__(self) -> int:
        return len(self._columns[1])

    @overload
    def __getitem__(self, place: int) -> Segment: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Segment]: ...
    def __getitem__(self, place: int | slice) -> Segment | Sequence[Segment]:
        if isinstance(place, slice):
            return [self[one] for one in range(len(self))[place]]
        begins, states, rows = self._columns
        place = range(len(states))[place]
        row = rows[place]
        return Segment(begins[place], begins[place + 1], STATES[states[place]], None if row < 0 else row)


MOST_APART = 500_000
"""So many stretches are kept as they are: together they take ten times as much as in columns."""

STATES = tuple(State)
_NUMBER = {state: number for number, state in enumerate(STATES)}
_new = tuple.__new__


def kept(make: Callable[[], Iterable[Segment]]) -> Sequence[Segment]:
    """Stretches that follow each other without hole or overlap, to be kept.

    Args:
        make: gives them, each time anew.
    """
    some = tuple(islice(make(), MOST_APART + 1))
    return some if len(some) <= MOST_APART else Cut(make)


def sweep(stretches: Iterable[Segment], t0: int, t1: int, background: State) -> list[Segment]:
    """The time from `t0` to `t1`, cut: `stretches` in order of their begin, the later begun on top of those still open,
    and `background` where there is none.
    """
    return list(cuts(stretches, t0, t1, background))


def cuts(stretches: Iterable[Segment], t0: int, t1: int, background: State) -> Iterator[Segment]:
    """The same, one after another."""
    cut: list[Segment] = []
    still_open: list[Segment] = []
    now = t0
    for stretch in stretches:
        begin, end, state, row = stretch
        if still_open:
            top = still_open[0]
            if top[1] <= begin and top[0] == now and len(still_open) == 1:  # as mostly: done before the next
                yield top
                now = top[1]
                still_open.pop()
            else:
                now = _close(cut, still_open, now, begin)
                yield from cut
                cut.clear()
        if begin > now:
            yield _new(Segment, (now, begin, background, None))
            now = begin
        if end > begin:
            still_open.append(stretch)
        elif row is not None:
            yield Segment(now, now, state, row)
    now = _close(cut, still_open, now, t1)
    yield from cut
    if t1 > now:
        yield Segment(now, t1, background, None)


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
    if isinstance(segments, Cut):
        return dict(segments.totals)
    sums = dict.fromkeys(State, 0)
    for begin, end, state, _ in segments:
        sums[state] += end - begin
    return sums
