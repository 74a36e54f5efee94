"""A run, step by step: what a person walks through, forwards and backwards, alone or beside other runs.

Theory
    A step is a row that a reader of the log sees: a call of the program, or a step of a generator or of an event loop
    that did something. Steps stand in order of entry. A moment is a step at which something happens to the story: a call
    waits, a select wakes up, an answer is "not yet".
    Two runs are walked together by the clock, each counted from its own beginning; or by phase: the other stands at the
    call that is the counterpart of this one (`counterparts`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cached_property

from tracedemo.analysis.beneath import Beneath, beneath
from tracedemo.analysis.comparison import in_order
from tracedemo.analysis.connections import LISTENING, Connection
from tracedemo.analysis.lanes import has_lane
from tracedemo.analysis.segments import READINESS, State, is_call
from tracedemo.analysis.sentences import sentence
from tracedemo.analysis.study import Study
from tracedemo.analysis.walk.counterparts import Counterparts
from tracedemo.analysis.walk.sockets import SocketNow, Status, Stories, status_words, stories
from tracedemo.analysis.walking import ready_of
from tracedemo.events import FLOW, Event

__all__ = ["Moment", "SocketNow", "Status", "Walk", "status_words"]


class Moment(StrEnum):
    """Why a step is worth stopping at."""

    WAKEUP = "wakeup"
    WAIT = "wait"
    NOT_YET = "not yet"


class Walk:
    """The steps of one run.

    Args:
        study: the run.
    """

    def __init__(self, study: Study) -> None:
        self.study = study
        self.rows: Sequence[int] = tuple(_rows(study))
        """Row of the Trace, by step."""

    def __len__(self) -> int:
        return len(self.rows)

    def event(self, step: int) -> Event:
        """What happens there."""
        return self.study.events[self.rows[step]]

    def at(self, step: int) -> int:
        """Nanoseconds from the run's beginning to the entry of a step."""
        return self.event(step).t0 - self.study.origin

    def begin(self, step: int) -> int:
        """The entry of a step on the Trace's clock, nanoseconds."""
        return self.event(step).t0

    def end(self, step: int) -> int:
        """Nanoseconds from the run's beginning to the return of a step; of a call that never returned, to the run's end."""
        event, states = self.event(step), self.study.states
        end = (
            event.t1 if event.t1 is not None else event.t0 if event.lane == FLOW else max(states.t1, event.t0)
        )
        return end - self.study.origin

    def sentence(self, step: int) -> str:
        """What happens there, in words."""
        return sentence(self.event(step), self.study.context)

    def state(self, step: int) -> State:
        """What the thread does in a step."""
        return self.study.row_states[self.rows[step]] or State.RUNNING

    def beneath(self, step: int) -> tuple[Beneath, ...]:
        """The system calls inside a step; none where the kernel's lane was not recorded."""
        found = self.study.join
        row = self.rows[step]
        return beneath([row], found, self.study.events) if found and self.event(step).lane != FLOW else ()

    @cached_property
    def moments(self) -> Mapping[int, Moment]:
        """The moments among the steps, in order."""
        found = ((step, self._moment(step)) for step in range(len(self)))
        return {step: moment for step, moment in found if moment is not None}

    def _moment(self, step: int) -> Moment | None:
        event, state = self.event(step), self.study.row_states[self.rows[step]]
        if state is None:
            return None
        if event.op in READINESS and ready_of(event):
            return Moment.WAKEUP
        if state in (State.BLOCKED, State.ASLEEP):
            return Moment.WAIT
        return Moment.NOT_YET if event.not_yet else None

    # Where to go

    def find(self, step: int, by: int, *, moment: bool = False, conn: int | None = None) -> int:
        """The next step in a direction; the same one where there is none.

        Args:
            by: 1 forwards, -1 backwards.
            moment: only moments will do.
            conn: only steps of this connection will do.
        """
        found = step + by
        while 0 <= found < len(self):
            if (not moment or found in self.moments) and (conn is None or self.event(found).conn == conn):
                return found
            found += by
        return step

    def step_at(self, time: int) -> int:
        """The last step that was begun at a time, in nanoseconds from the beginning; 0 before the first."""
        entries = self.study.events
        place = bisect_right(self.rows, time + self.study.origin, key=lambda row: entries[row].t0)
        return max(0, place - 1)

    def step_of_row(self, row: int) -> int:
        """The step of a row, or the nearest one after it; the last one behind the last."""
        return max(0, min(bisect_left(self.rows, row), len(self) - 1))

    @cached_property
    def place_of(self) -> Mapping[int, int]:
        """What a connection is in order of connecting, from 1; those that the program took after those that it made."""
        first = [socket.number for socket in in_order(self.study.connections)]
        rest = (socket.number for socket in self.study.connections)
        return {number: place for place, number in enumerate(dict.fromkeys((*first, *rest)), 1)}

    @cached_property
    def counterparts(self) -> Counterparts:
        """What the steps stand for beside another run."""
        events = [self.study.events[row] for row in self.rows]
        phases = [self.study.phases.of_row[row] for row in self.rows]
        return Counterparts(events, phases, self.place_of)

    def counterpart(self, other: Walk, step: int) -> int | None:
        """The step of this run that stands for a step of another one; None: there is none."""
        return self.counterparts.find(other.counterparts, step)

    def conn_at(self, step: int) -> int | None:
        """The connection that a step is about: its own, the first one that a select found ready, or that of the last step
        before it that had one.
        """
        for place in range(step, -1, -1):
            event = self.event(place)
            if event.conn is not None:
                return event.conn
            ready = self.study.wakeup_of_row.get(self.rows[place])
            conns = [item.conn for item in ready.ready if item.conn is not None] if ready else []
            if conns:
                return conns[0]
        return None

    # Sockets

    @cached_property
    def stories(self) -> Stories:
        """What becomes of each socket."""
        events = [self.study.events[row] for row in self.rows]
        states = [self.study.row_states[row] for row in self.rows]
        return stories(events, states, self.told)

    @cached_property
    def shown(self) -> tuple[Connection, ...]:
        """The sockets that fetched or served something."""
        return tuple(socket for socket in self.study.connections if has_lane(socket))

    @cached_property
    def told(self) -> tuple[Connection, ...]:
        """The same, and those that listen: a server's loop watches them, too."""
        return tuple(
            socket for socket in self.study.connections if has_lane(socket) or socket.kind == LISTENING
        )

    def sockets(self, step: int) -> Iterator[SocketNow]:
        """What each socket is at a step, by number: those that fetched or served something, and those that listen.

        The socket that the step itself is about is told as the step leaves it; one that waits, as it waits.
        """
        event = self.event(step)
        ready = dict(ready_of(event)) if event.op in READINESS else {}
        waits = self.state(step) is State.BLOCKED
        for socket in self.told:
            change = self.stories.at(socket.number, step)
            status, events = change.status, change.events
            if socket.number == event.conn and event.op != "yield":
                if waits and event.lane != FLOW:
                    status, events = Status.HOLDS, event.op
                elif status is Status.OPEN:
                    status = Status.BUSY
            elif change.holds(event.t0):
                status, events = Status.HOLDS, change.op
            elif change.fd in ready and socket.pid == event.pid and status is not Status.CLOSED:
                status, events = Status.READY, ready[change.fd]
            yield SocketNow(socket, status, events, change.fd)


def _rows(study: Study) -> Iterator[int]:
    for row, event in enumerate(study.events):
        if is_call(event) or (event.lane == FLOW and (event.op != "callback" or row in study.busy_handles)):
            yield row
