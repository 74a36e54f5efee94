"""The numbers that stand under a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from tracedemo.analysis.connections import ACCEPTED, CLIENT, Connection, connections
from tracedemo.analysis.join import Join, join
from tracedemo.analysis.lanes import has_lane
from tracedemo.analysis.losses import Loss, beyond_dropped, kept, losses
from tracedemo.analysis.segments import State, is_readiness
from tracedemo.analysis.states import States, states
from tracedemo.events import INJECTED, KERNEL, LANES, PYTHON, TRACER, Event, Header, Trace


class ErrorCount(NamedTuple):
    """A way in which calls failed, and how often."""

    op: str
    error: str
    """Name of the errno, or of the exception where there is no errno."""
    times: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A run in numbers.  Times are nanoseconds."""

    header: Header
    wall: int
    """From the program's first to its last event."""
    thread_time: int
    """The same for each thread alone, added up; equals `wall` for one thread."""
    states: Mapping[State, int]
    """Nanoseconds per state over all threads; they sum to `thread_time`.  PARKED is the time in which a thread was off the
    processor, and in no call of ours that waits."""
    calls: int
    """The program's own calls (python lane); the tool's are not counted."""
    tool_calls: int
    """The tool's own, marked `tracer`."""
    import_calls: int
    """Made by libraries while they were imported: in the log, but in no other number here."""
    by_op: Mapping[str, int]
    """Calls by operation, most frequent first."""
    system_calls: int | None
    """System calls after the start, without the tool's own; None when there is no kernel lane ..."""
    by_system_call: Mapping[str, int]
    """... by name, most frequent first."""
    startup_calls: int
    """System calls of interpreters that start."""
    fit: str
    """How many of them lie under a Python call, a sentence; empty when there is no kernel lane."""
    not_yet: Mapping[str, int]
    """"Not yet" answers by errno, EINPROGRESS first."""
    blocking_io_errors: Mapping[str, int]
    """BlockingIOErrors that Python raised, by errno (connect_ex gives a "not yet" without one)."""
    wakeups: int
    """Returns of select, poll and control ..."""
    empty_wakeups: int
    """... and those of them that reported nothing ..."""
    looks: int
    """... because they were asked not to wait (a timeout of 0), as an event loop does that has other work."""
    in_flight: int
    """Most connections connecting or connected at once: those the program made, or those it accepted if it made none."""
    connections: int
    """Sockets that fetched or served something: not those that listen, not a loop's own wake-up pipe."""
    sockets: int
    """All kinds."""
    connected: int
    """Those of `connections` that were seen to come about."""
    never_closed: int
    """Those of `connections` without a close in the trace."""
    bytes_sent: int
    bytes_received: int
    threads: int
    processes: int
    cpu_user: int
    """CPU time of the whole process in user mode, nanoseconds; 0: not measured."""
    cpu_system: int
    errors: tuple[ErrorCount, ...]
    """Failures other than "not yet", most frequent first."""
    unreturned: int
    """Calls that never returned."""
    events: int
    """Rows of the Trace, all lanes."""
    recorded: Mapping[str, int]
    """Rows by lane, as counted here."""
    dropped: Mapping[str, int]
    """Rows by lane that the recorder says it dropped."""
    losses: tuple[Loss, ...]
    pace: str
    """How the server was paced, a sentence without a stop; empty when there was no server of ours."""
    partial: str
    """Of which part of the rows all numbers here are, a sentence; empty when all were kept."""
    notes: tuple[str, ...]
    """What the reader must know: the header's notes, then what was found here (losses, calls that never returned)."""

    @property
    def not_yets(self) -> int:
        """All "not yet" answers."""
        return sum(self.not_yet.values())

    def share(self, state: State) -> float:
        """A state's part of `thread_time`, from 0 to 1; 0 for an empty trace."""
        return self.states[state] / self.thread_time if self.thread_time else 0.0


def summary(
    trace: Trace,
    sockets: Sequence[Connection] | None = None,
    timeline: States | None = None,
    kernel: Join | None = None,
) -> Summary:
    """The summary of an identified Trace.

    Args:
        sockets: what `connections(trace)` gave, if the caller has it already.
        timeline: what `states(trace)` gave, likewise.
        kernel: what `join(trace)` gave, likewise.
    """
    if sockets is None:
        sockets = connections(trace)
    if timeline is None:
        timeline = states(trace, sockets)
    if kernel is None:
        kernel = join(trace)
    system_calls = _by_system_call(trace, kernel)
    counts = _counted(trace, timeline)
    for socket in sockets:
        counts.errors.update(("connect", failure.error) for failure in socket.errors if failure.op == "connect"
                             and trace[failure.row].op == "getsockopt")  # fmt: skip
    requests = [socket for socket in sockets if has_lane(socket)]
    missing = losses(trace)
    header = trace.header
    return Summary(
        header=header,
        wall=timeline.wall,
        thread_time=timeline.thread_time,
        states=timeline.totals,
        calls=counts.by_op.total(),
        tool_calls=counts.tool_calls,
        import_calls=counts.import_calls,
        by_op=dict(counts.by_op.most_common()),
        system_calls=None if kernel is None else system_calls.total(),
        by_system_call=dict(system_calls.most_common()),
        startup_calls=len(kernel.startup) if kernel else 0,
        fit=kernel.told if kernel else "",
        not_yet=_by_errno(counts.not_yet),
        blocking_io_errors=_by_errno(counts.blocking_io_errors),
        wakeups=counts.wakeups,
        empty_wakeups=counts.empty_wakeups,
        looks=counts.looks,
        in_flight=_most_at_once(requests, timeline.t1),
        connections=len(requests),
        sockets=len(sockets),
        connected=sum(socket.t_connected is not None for socket in requests),
        never_closed=sum(socket.closed_by is None for socket in requests),
        bytes_sent=sum(socket.bytes_sent for socket in requests),
        bytes_received=sum(socket.bytes_received for socket in requests),
        threads=len(timeline.threads),
        processes=len({lane.pid for lane in timeline.threads}),
        cpu_user=round(header.cpu_user * 1e9),
        cpu_system=round(header.cpu_system * 1e9),
        errors=tuple(ErrorCount(op, error, times) for (op, error), times in counts.errors.most_common()),
        unreturned=counts.unreturned,
        events=len(trace),
        recorded={lane: counts.recorded[lane] for lane in LANES if lane in counts.recorded},
        dropped=header.dropped,
        losses=missing,
        pace=pace(header),
        partial=_partial(header, counts.recorded[PYTHON]),
        notes=(
            *header.notes,
            *_notes(header, beyond_dropped(missing, header), counts.unreturned),
            *_injected(counts.injected),
        ),
    )


class _Counts:
    """What one pass over the rows can count."""

    def __init__(self) -> None:
        self.by_op: Counter[str] = Counter()
        self.recorded: Counter[str] = Counter()
        self.not_yet: Counter[str] = Counter()
        self.blocking_io_errors: Counter[str] = Counter()
        self.errors: Counter[tuple[str, str]] = Counter()
        self.injected: Counter[str] = Counter()
        self.tool_calls = self.import_calls = self.wakeups = self.empty_wakeups = self.looks = (
            self.unreturned
        ) = 0

    def add(self, event: Event, times: int, *, own: bool) -> None:
        """Rows that are alike; `own`: calls of the program."""
        self.recorded[event.lane] += times
        if not own:
            self.tool_calls += times * (event.mark == TRACER and event.lane == PYTHON)
            self.import_calls += times * (event.mark not in (TRACER, INJECTED) and event.lane == PYTHON)
            if event.mark == INJECTED and event.lane == PYTHON:
                self.injected[event.op] += times
            return
        self.by_op[event.op] += times
        self.unreturned += times * (event.t1 is None)
        if event.exc == "BlockingIOError":
            self.blocking_io_errors[event.errno or "unknown"] += times
        if event.not_yet:
            self.not_yet[str(event.errno)] += times
        elif event.failed:
            self.errors[event.op, str(event.errno or event.exc)] += times
        elif event.t1 is not None and is_readiness(event.op):
            self.wakeups += times
            self.empty_wakeups += times * (not event.result)
            self.looks += times * (not event.result and event.args.get("timeout") == 0)


def _counted(trace: Trace, timeline: States) -> _Counts:
    """All rows.  Those that say the same, as far as it counts, are counted together: they are of few kinds."""
    never = trace.numbers("t1").none
    kinds = Counter(
        zip(
            trace.keys("lane", "op", "errno", "exc", "mark"),
            (state is not None for state in timeline.of_row),
            map(never.__eq__, trace.numbers("t1").codes),
            trace.column("result").each(bool),
            trace.column("args").each(_looks),
            strict=True,
        )
    )
    lanes, ops, errnos, excs, marks = map(trace.values, ("lane", "op", "errno", "exc", "mark"))
    counts = _Counts()
    for ((lane, op, errno, exc, mark), own, open_, result, looks), times in kinds.items():
        event = Event(
            0, lanes[lane], ops[op], 0, None if open_ else 0, 0, 0, args={"timeout": 0} if looks else {},
            result=result, errno=errnos[errno], exc=excs[exc], mark=marks[mark],
        )  # fmt: skip
        counts.add(event, times, own=own)
    return counts


def _looks(args: Mapping[str, Any]) -> bool:
    return args.get("timeout") == 0


def _by_system_call(trace: Trace, kernel: Join | None) -> Counter[str]:
    """The program's own system calls after the start."""
    if kernel is None:
        return Counter()
    others = {*kernel.startup, *kernel.tool}
    rows = zip(trace.column("lane"), trace.column("op"), strict=True)
    return Counter(op for row, (lane, op) in enumerate(rows) if lane == KERNEL and row not in others)


def _by_errno(counter: Mapping[str, int]) -> dict[str, int]:
    """EINPROGRESS first, since it comes first in a fetch; the rest by name."""
    return {name: counter[name] for name in sorted(counter, key=lambda name: (name != "EINPROGRESS", name))}


def flights(requests: Iterable[Connection]) -> dict[int, tuple[int, int | None]]:
    """When each connection is in flight, by number: from its connect to its close (None: never closed).  Those made, or, if
    there are none, those accepted.
    """
    return {socket.number: (begin, socket.t_close) for socket, begin in _flying(requests)}


def _flying(requests: Iterable[Connection]) -> list[tuple[Connection, int]]:
    """The same connections, each with its begin."""
    some = list(requests)
    made = [(one, one.t_connect) for one in some if one.kind == CLIENT and one.t_connect is not None]
    return made or [(one, one.t_first) for one in some if one.kind == ACCEPTED]


def in_flight(requests: Iterable[Connection], end: int) -> list[tuple[int, int]]:
    """When a connection begins (+1) and ends (-1), in order.

    Args:
        end: nanoseconds of the Trace's clock; a connection that was never closed is open beyond it.
    """
    spans = ((begin, end + 1 if close is None else close) for begin, close in flights(requests).values())
    # At equal times the end comes first: a connection that ends as another begins is not beside it.
    return sorted(change for begin, close in spans for change in ((begin, 1), (close, -1)))


def _most_at_once(requests: Sequence[Connection], end: int) -> int:
    """Most connections between begin and end at one moment.

    Args:
        end: nanoseconds of the Trace's clock; a connection that was never closed is open beyond it.
    """
    flying = _flying(requests)
    begins = sorted(begin for _, begin in flying)
    closes = iter(sorted(end + 1 if one.t_close is None else one.t_close for one, _ in flying))
    most = closed = 0
    following = next(closes, end)
    for opened, begin in enumerate(begins, start=1):
        # At equal times the end comes first: a connection that ends as another begins is not beside it.
        while following <= begin and closed < len(begins):
            closed, following = closed + 1, next(closes, end)
        most = max(most, opened - closed)
    return most


def pace(header: Header) -> str:
    """How our server was paced, a clause without a stop; empty when there was none."""
    server = header.server
    if not server:
        return ""
    pieces = server.get("pieces")
    parts = f"{pieces} pieces" if pieces != 1 else "1 piece"
    if header.lockstep:
        answer = f"; an answer is {parts}" if pieces else ""
        return f"paced in lock-step: the server moves when the program is about to wait{answer}"
    delay, gap = (server.get(f"{name}_ms", server.get(name)) for name in ("delay", "gap"))
    known = []
    if delay is not None:
        known.append(f"{delay:g} ms to the first byte")
    if pieces:
        known.append(f"{parts} {gap:g} ms apart" if gap is not None and pieces > 1 else parts)
    return "paced by the clock" + (": " if known else "") + ", ".join(known)


def _partial(header: Header, recorded: int) -> str:
    """Which part of the calls all numbers are about, when not all were kept."""
    part = kept(replace(header, recorded={PYTHON: recorded}))
    if not part:
        return ""
    also = ", and calls that were dropped have left theirs under no call" if header.engine else ""
    return f"{part}: all numbers but the CPU time are of these{also}."


def _notes(header: Header, missing: Iterable[Loss], unreturned: int) -> Iterator[str]:
    """What was found here, in sentences."""
    for lane, dropped in header.dropped.items():
        if dropped:
            yield f"{_rows(dropped)} of the {lane} lane dropped: the counts are too low."
    for loss in missing:
        yield f"{_rows(loss.missing)} of the {loss.lane} lane missing (process {loss.pid}): the counts are too low."
    if unreturned:
        calls = "1 call" if unreturned == 1 else f"{unreturned} calls"
        yield f"{calls} had not returned when the trace ended."


def _injected(calls: Mapping[str, int]) -> Iterator[str]:
    """What was put in on purpose, and is in no number."""
    if calls:
        total = sum(calls.values())
        told = ", ".join(f"{op} {times:,}" for op, times in calls.items())
        what = "1 call was" if total == 1 else f"{total:,} calls were"
        yield f"{what} put in by tracedemo, to make a limit small ({told}): marked `injected`, and in no other number here."


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
