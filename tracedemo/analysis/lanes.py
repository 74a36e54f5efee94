"""Request lanes: what happened to one connection, from its first to its last event.

When does a request hold a thread? In a call on its connection; and while the generator that serves it, and nothing else, is
on top (between `start` or `resume` and `yield` or `return`, or in a turn of the event loop: the flow lane). In between it
is parked.

Programs without such steps are guessed from their threads. Between two calls of one thread on one connection the thread
works for it as long as it calls nothing else; from its next other call (another connection's, or a select) to its last one
before it comes back, the request is parked. So a blocking program's gaps are Python, a callback program's are parked.

What a thread's CPU clock has put right (`processor`) holds for what it works for, too: a request whose thread is off the
processor is parked, and a call that waits has worked at its begin.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise
from operator import itemgetter

from tracedemo.analysis.connections import ACCEPTED, CLIENT, OTHER, Connection
from tracedemo.analysis.segments import Lane, Segment, State, Timed, sweep, totals
from tracedemo.events import FLOW

Turns = dict[tuple[int, str], list[Segment]]
"""Stretches in which somebody was on top, by (pid, owner), in order of their begin."""


def has_lane(socket: Connection) -> bool:
    """Whether a socket is a request: not a listening one, not a loop's own wake-up pipe."""
    if socket.kind == OTHER:
        return bool(socket.bytes_sent or socket.bytes_received)
    return socket.kind in (CLIENT, ACCEPTED)


def request_lanes(timed: Timed, sockets: Sequence[Connection], threads: Sequence[Lane]) -> tuple[Lane, ...]:
    """One lane for each connection that is a request, by number.

    Args:
        threads: the lanes of all threads.
    """
    wanted = [socket for socket in sockets if has_lane(socket)]
    rows_of: dict[int, list[int]] = {socket.number: [] for socket in wanted}
    for row in timed.own:
        conn = timed.events[row].conn
        if conn is not None and conn in rows_of:
            rows_of[conn].append(row)
    turns = _turns(timed)
    changes = _Changes(timed, threads)
    between = _Threads(timed)
    served = Counter((socket.pid, owner) for socket in wanted for owner in socket.owners)
    lanes = []
    for socket in wanted:
        rows = rows_of[socket.number]
        if socket.lookup_row is not None:
            rows = sorted({socket.lookup_row, *rows})
        keys = [(socket.pid, owner) for owner in socket.owners]
        # Somebody with several connections is on top for one of them at a time, and no step says for which.
        alone = all(served[key] == 1 for key in keys)
        mine = list(chain.from_iterable(turns.get(key, ()) for key in keys)) if alone else []
        on_top = mine or between.gaps(row for row in rows if timed.of_row[row] is not None)
        lanes.append(_lane(timed, socket, rows, on_top, mine, changes))
    return tuple(lanes)


def _lane(timed: Timed, socket: Connection, rows: Sequence[int], on_top: Iterable[Segment],
          reaches: Sequence[Segment], changes: _Changes) -> Lane:  # fmt: skip
    """Calls over turns over "parked", from the first row to the last; a generator with this one connection belongs to it
    from its first step to its last, so the lane also covers `reaches`.
    """
    begins = [socket.t_first, *(timed.events[row].t0 for row in rows[:1]), *(turn.t0 for turn in reaches)]
    finishes = [socket.t_first, *(timed.ends[row] for row in rows), *(turn.t1 for turn in reaches)]
    t0, t1 = min(begins), max(finishes)
    # Sorting is stable: a turn goes below the call that begins at the same nanosecond.
    stretches = sorted(chain(on_top, timed.calls(rows)), key=itemgetter(0))
    cut = changes.put_right(sweep(stretches, t0, t1, State.PARKED), rows)
    tid = timed.events[rows[0]].tid if rows else None
    return Lane(socket.label, socket.pid, tid, socket.number, t0, t1, tuple(cut), totals(cut))


class _Changes:
    """Where threads were in another state than their calls tell."""

    def __init__(self, timed: Timed, threads: Iterable[Lane]) -> None:
        self._timed = timed
        self._of_row: dict[int, list[Segment]] = {}
        self._parked: dict[tuple[int, int | None], list[Segment]] = {}
        for lane in threads:
            for segment in lane.segments:
                if segment.row is not None and segment.state is not timed.of_row[segment.row]:
                    self._of_row.setdefault(segment.row, []).append(segment)
                if segment.state is State.PARKED:
                    self._parked.setdefault((lane.pid, lane.tid), []).append(segment)

    def put_right(self, cut: list[Segment], rows: Sequence[int]) -> list[Segment]:
        """The stretches of a request, as the thread was that worked for it: that of its last call, or of its first.

        Args:
            rows: the rows of the request, in order.
        """
        if not rows or not (self._of_row or self._parked):
            return cut
        right: list[Segment] = []
        event = self._timed.events[rows[0]]
        for segment in cut:
            _, _, state, row = segment
            changes: Sequence[Segment] = ()
            if row is not None:
                changes, event = self._of_row.get(row, ()), self._timed.events[row]
            elif state is State.RUNNING and self._parked:
                changes = self._parked.get((event.pid, event.tid), ())
            if changes:
                right += _changed(segment, changes)
            else:
                right.append(segment)
        return right


def _changed(segment: Segment, changes: Sequence[Segment]) -> Iterator[Segment]:
    now = segment.t0
    for place in range(bisect_right(changes, now, key=itemgetter(1)), len(changes)):
        begin, end, state, _ = changes[place]
        if begin >= segment.t1:
            break
        if begin > now:
            yield segment._replace(t0=now, t1=begin)
        yield segment._replace(t0=max(now, begin), t1=min(end, segment.t1), state=state)
        now = min(end, segment.t1)
    if now < segment.t1 or now == segment.t0:
        yield segment._replace(t0=now)


def _turns(timed: Timed) -> Turns:
    """When each generator, or task, was on top."""
    turns: Turns = {}
    begun: dict[tuple[int, str], int] = {}
    last: dict[int, int] = {}
    for row in timed.own:
        event = timed.events[row]
        last[event.pid] = max(last.get(event.pid, 0), timed.ends[row])
        if event.lane != FLOW or event.owner is None:
            continue
        key = (event.pid, event.owner)
        if event.op == "callback":
            turns.setdefault(key, []).append(Segment(event.t0, timed.ends[row], State.RUNNING, None))
        elif event.op in ("start", "resume"):
            begun[key] = event.t0
        elif key in begun:
            turns.setdefault(key, []).append(Segment(begun.pop(key), event.t0, State.RUNNING, None))
    for key, t0 in begun.items():  # killed in the middle of a step
        turns.setdefault(key, []).append(Segment(t0, last[key[0]], State.RUNNING, None))
    return turns


class _Threads:
    """The calls of each thread in order, to find what a thread did between two of them."""

    def __init__(self, timed: Timed) -> None:
        self._timed = timed
        self._calls: dict[tuple[int, int], list[int]] = {}
        self._place: dict[int, int] = {}
        for row in timed.own:
            if timed.of_row[row] is not None:
                calls = self._calls.setdefault(self._thread(row), [])
                self._place[row] = len(calls)
                calls.append(row)

    def _thread(self, row: int) -> tuple[int, int]:
        event = self._timed.events[row]
        return event.pid, event.tid

    def gaps(self, rows: Iterable[int]) -> Iterator[Segment]:
        """Where, between these calls, their thread ran Python for them."""
        events, ends = self._timed.events, self._timed.ends
        for row, following in pairwise(rows):
            if self._thread(row) != self._thread(following):
                continue  # handed over: nobody's until the other thread takes it up
            calls, first, last = (
                self._calls[self._thread(row)],
                self._place[row] + 1,
                self._place[following] - 1,
            )
            begin, end = ends[row], events[following].t0
            if first <= last:
                yield Segment(begin, events[calls[first]].t0, State.RUNNING, None)
                begin = min(ends[calls[last]], end)
            yield Segment(begin, end, State.RUNNING, None)
