"""What threads and requests were doing at every nanosecond: the timeline.

The state of a call is found by its answer and by whether it waited (`segments.state_of`). A thread's line reaches from
its first to its last event; between calls it runs Python, unless its CPU clock says that it was off the processor
(`processor`). The tool's own calls (mark `tracer`) inside a call belong to it; outside they count as running Python.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

from tracedemo.analysis.connections import Connection, connections
from tracedemo.analysis.identity import LOOP
from tracedemo.analysis.lanes import request_lanes
from tracedemo.analysis.processor import CpuClock, cpu_clocks, put_right
from tracedemo.analysis.segments import Lane, Segment, State, Timed, cuts, kept, timed, totals, waits
from tracedemo.events import FLOW, Trace

__all__ = ["Lane", "Segment", "State", "States", "states", "waits"]


@dataclass(frozen=True)
class States:
    """The timeline of a Trace."""

    t0: int
    """First entry and last return of the program's own events (lanes python and flow), nanoseconds of its clock."""
    t1: int
    threads: tuple[Lane, ...]
    """One lane a thread, in order of appearance."""
    totals: Mapping[State, int]
    """Nanoseconds per state, over all threads: with one thread they sum to `wall`, with several to `thread_time`."""
    of_row: tuple[State | None, ...]
    """The state inside each row of the Trace; None for rows that are no call of the program."""
    make_connections: Callable[[], tuple[Lane, ...]] = field(repr=False, compare=False)

    @cached_property
    def connections(self) -> tuple[Lane, ...]:
        """One lane a connection that fetched or served something, by number: what a reader of the post calls a request.
        They take longer than all the rest, and most views show none.
        """
        return self.make_connections()

    @property
    def wall(self) -> int:
        """Nanoseconds from the first to the last event."""
        return self.t1 - self.t0

    @property
    def thread_time(self) -> int:
        """Nanoseconds of all threads together, each from its own first to its own last event."""
        return sum(lane.total for lane in self.threads)

    def share(self, state: State) -> float:
        """A state's part of `thread_time`, from 0 to 1; 0 for an empty trace."""
        whole = self.thread_time
        return self.totals[state] / whole if whole else 0.0


def states(trace: Trace, sockets: Sequence[Connection] | None = None) -> States:
    """The states of all threads and connections of an identified Trace.

    Args:
        sockets: what `connections(trace)` gave, if the caller has it already.
    """
    if sockets is None:
        sockets = connections(trace)
    rows = timed(trace)
    threads = _threads(trace, rows)
    sums = dict.fromkeys(State, 0)
    for lane in threads:
        for state, time in lane.totals.items():
            sums[state] += time
    return States(
        t0=min((lane.t0 for lane in threads), default=0),
        t1=max((lane.t1 for lane in threads), default=0),
        threads=threads,
        totals=sums,
        of_row=rows.of_row,
        make_connections=partial(request_lanes, rows, sockets, threads),
    )


def _threads(trace: Trace, timed: Timed) -> tuple[Lane, ...]:
    by_thread: dict[tuple[int, int], array[int]] = {}
    pids, tids = trace.numbers("pid").codes, trace.numbers("tid").codes
    for row in timed.own:
        key = pids[row], tids[row]
        rows = by_thread.get(key)
        if rows is None:
            rows = by_thread[key] = array("i")
        rows.append(row)
    main_pid = next((pid for pid, _ in by_thread), 0)
    clocks = cpu_clocks(trace, timed)
    lanes = []
    for number, ((pid, tid), rows) in enumerate(by_thread.items(), start=1):
        t0, t1 = timed.begins[rows[0]], max(map(timed.ends.__getitem__, rows))
        cut = kept(partial(_cut, timed, rows, t0, t1, clocks[pid, tid]))
        label = "the one thread"
        if len(by_thread) > 1:
            label = _name(trace, rows, number)
        if pid != main_pid:
            label = f"process {pid}, {label}"
        lanes.append(Lane(label, pid, tid, None, t0, t1, cut, totals(cut)))
    return tuple(lanes)


def _cut(timed: Timed, rows: Sequence[int], t0: int, t1: int, clock: CpuClock) -> Iterator[Segment]:
    return put_right(cuts(timed.calls(rows), t0, t1, State.RUNNING), clock)


def _name(trace: Trace, rows: Sequence[int], number: int) -> str:
    """A thread's name: in threaded code its one owner; the first thread of a process on Linux has the process's number."""
    lanes, owned = trace.column("lane"), trace.column("owner")
    owners = {owned[row] for row in rows} - {None, LOOP}
    if len(owners) == 1 and not any(lanes[row] == FLOW for row in rows):
        return str(owners.pop())
    first = trace[rows[0]]
    return "main thread" if first.tid == first.pid else f"thread {number}"
