"""Phases: what each call was for, and what each phase cost.

The table in `syscalls.py` gives each operation its phase. One thing it cannot know: a receive may be waiting for an answer
that has not begun, or taking in one that has. So, on a connection whose request has been sent and not yet answered by a
byte, a receive that waits or says "not yet" is of the phase `wait`, and so is the one that waited for the first byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tracedemo.analysis.connections import Connection, connections
from tracedemo.analysis.segments import State
from tracedemo.analysis.states import States, states
from tracedemo.events import Event, Trace
from tracedemo.syscalls import OPERATION, PHASES, RECEIVE, SEND, WAIT

UNKNOWN = "other"
"""The phase of a call that is not in the table."""


@dataclass(frozen=True, slots=True)
class PhaseTotal:
    """What a phase cost: the program's calls of it, the tool's own left out."""

    phase: str
    time: int
    """Nanoseconds inside the calls; time of a call within a call counts for the inner one only."""
    calls: int
    not_yet: int
    by_state: Mapping[State, int]
    """Nanoseconds per state, states without time left out."""

    @property
    def state(self) -> State | None:
        """The state with most time: gives the bar its colour; None when no time was spent."""
        return max(self.by_state, key=self.by_state.__getitem__, default=None)


@dataclass(frozen=True, slots=True)
class Phases:
    """A Trace, phase by phase."""

    of_row: tuple[str | None, ...]
    """Phase of each row of the Trace; None for rows that are no call of the program."""
    totals: Mapping[str, PhaseTotal]
    """By phase: all of `syscalls.PHASES` in their order, even those without calls, and `other` if there was any."""
    by_connection: Mapping[int, Mapping[str, PhaseTotal]]
    """The same for each connection's own calls; phases without calls are left out.  A lookup counts for the connection
    that used its answer; select belongs to none."""


def phases(
    trace: Trace, sockets: Sequence[Connection] | None = None, timeline: States | None = None
) -> Phases:
    """The phases of an identified Trace.

    Args:
        sockets: what `connections(trace)` gave, if the caller has it already.
        timeline: what `states(trace)` gave, likewise.
    """
    if sockets is None:
        sockets = connections(trace)
    if timeline is None:
        timeline = states(trace, sockets)
    time: dict[int, int] = {}
    for lane in timeline.threads:
        for begin, end, _, row in lane.segments:
            if row is not None:
                time[row] = time.get(row, 0) + end - begin
    looked_up = {socket.lookup_row: socket.number for socket in sockets if socket.lookup_row is not None}
    unanswered: set[int] = set()
    of_row: list[str | None] = []
    whole = {phase: _Sum() for phase in PHASES}
    parts: dict[int, dict[str, _Sum]] = {}
    for row, (event, state) in enumerate(zip(trace, timeline.of_row, strict=True)):
        if state is None:
            of_row.append(None)
            continue
        phase = _phase(event, state, unanswered)
        of_row.append(phase)
        whole.setdefault(phase, _Sum()).add(event, state, time.get(row, 0))
        conn = looked_up.get(row, event.conn)
        if conn is not None:
            parts.setdefault(conn, {}).setdefault(phase, _Sum()).add(event, state, time.get(row, 0))
    return Phases(
        tuple(of_row), _totals(whole), {conn: _totals(sums) for conn, sums in sorted(parts.items())}
    )


def _phase(event: Event, state: State, unanswered: set[int]) -> str:
    """The phase of a call; `unanswered` holds the connections with a request under way, and is kept up to date."""
    row = OPERATION.get(event.op)
    if row is None:
        return UNKNOWN
    conn = event.conn
    if conn is not None and not event.failed and not event.not_yet:
        if row.phase == SEND and row.could_wait:
            unanswered.add(conn)
        elif row.phase == RECEIVE and conn in unanswered:
            if event.t1 is not None:
                unanswered.discard(conn)
            return WAIT if state is State.BLOCKED else RECEIVE
    if row.phase == RECEIVE and conn in unanswered and state in (State.BLOCKED, State.NOT_YET):
        return WAIT
    return row.phase


@dataclass(slots=True)
class _Sum:
    time: int = 0
    calls: int = 0
    not_yet: int = 0
    by_state: dict[State, int] = field(default_factory=dict)

    def add(self, event: Event, state: State, time: int) -> None:
        self.time += time
        self.calls += 1
        self.not_yet += event.not_yet
        if time:
            self.by_state[state] = self.by_state.get(state, 0) + time


def _totals(sums: Mapping[str, _Sum]) -> dict[str, PhaseTotal]:
    """In the order of the phases, `other` last."""
    order = sorted(sums, key=(*PHASES, UNKNOWN).index)
    return {phase: PhaseTotal(phase, it.time, it.calls, it.not_yet, it.by_state)
            for phase in order for it in (sums[phase],)}  # fmt: skip
