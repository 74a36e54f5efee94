"""What several findings need to know of a run, each computed once, when the first of them asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from tracedemo.analysis.identity import OPENING, opened_by
from tracedemo.analysis.losses import losses
from tracedemo.analysis.segments import READINESS, is_call, waits
from tracedemo.analysis.walking import Row, walk
from tracedemo.events import FLOW, PYTHON, Event
from tracedemo.syscalls import OPERATIONS, RECEIVE, SEND

if TYPE_CHECKING:
    from tracedemo.analysis.study import Study

RECEIVES = frozenset(row.name for row in OPERATIONS if row.phase == RECEIVE)
"""The calls that take bytes."""

SENDS = frozenset(row.name for row in OPERATIONS if row.phase == SEND and row.could_wait)
"""The calls that give some."""

CALLBACK, BLOCKED = "callback", "blocked"
"""Steps of the flow lane: a handle that a loop ran; a sample of the watchdog."""


class Facts:
    """A Study, seen as findings look at it."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.events: Sequence[Event] = study.events

    @cached_property
    def calls(self) -> Sequence[tuple[int, Event]]:
        """Calls of the program and its libraries, with their rows: nothing of the tool's own."""
        return [(row, event) for row, event in enumerate(self.events) if is_call(event)]

    @cached_property
    def steps(self) -> Mapping[str, Sequence[int]]:
        """Rows of the flow lane about turns of an event loop: its callbacks, and what the watchdog saw."""
        found: dict[str, list[int]] = {CALLBACK: [], BLOCKED: []}
        for row, event in enumerate(self.events):
            if event.lane == FLOW and event.op in found:
                found[event.op].append(row)
        return found

    @cached_property
    def inside(self) -> Mapping[int, int]:
        """Of each call that a callback of an event loop made, on the loop's thread: the row of the callback."""
        handles = self.study.handles
        return {row: handles[row] for row, _ in self.calls if row in handles} if handles else {}

    @cached_property
    def of_conn(self) -> Mapping[int, Sequence[int]]:
        """Rows of the program's calls on each connection."""
        found: dict[int, list[int]] = {}
        for row, event in self.calls:
            if event.conn is not None:
                found.setdefault(event.conn, []).append(row)
        return found

    @cached_property
    def opened(self) -> Mapping[int, int]:
        """Of each connection the row of the call that made it, if the program made it."""
        made: dict[tuple[int, int, int], int] = {}
        for row, event in self.calls:
            if event.op in OPENING and event.t1 is not None:
                made.update(((event.pid, event.t1, fd), row) for fd in opened_by(event))
        found: dict[int, int] = {}
        for socket in self.study.connections:
            rows = (made.get((socket.pid, socket.t_open or 0, fd)) for fd in socket.fds)
            found.update((socket.number, row) for row in rows if row is not None)
        return found

    @cached_property
    def stretches(self) -> Sequence[tuple[Sequence[Row], Row | None]]:
        """The calls, and the returns of selects where they belong (`walking`)."""
        return [
            ([(row, event) for row, event in entries if is_call(event)], returned)
            for entries, returned in walk(self.events)
        ]

    @cached_property
    def complete(self) -> bool:
        """Whether all calls are here, so that what is not here did not happen."""
        dropped = self.study.trace.header.dropped.get(PYTHON, 0)
        return not dropped and not any(loss.lane == PYTHON for loss in losses(self.study.trace))

    @cached_property
    def last(self) -> int:
        """The end of the run, nanoseconds."""
        ends = (event.t0 if event.t1 is None else event.t1 for event in self.events)
        return max(self.study.trace.header.clock_end[0], max(ends, default=0))

    def end(self, row: int) -> int:
        """When a row ended; what never returned lasted to the end of the run."""
        t1 = self.events[row].t1
        return self.last if t1 is None else t1

    def took(self, row: int) -> int:
        """How long it was open, nanoseconds."""
        return self.end(row) - self.events[row].t0

    def time(self, rows: Iterable[int]) -> int:
        """How long all of them were open together."""
        return sum(map(self.took, rows))

    def waited(self, event: Event) -> bool:
        """Whether a call put its thread to sleep."""
        return waits(event, self.study.trace.header)

    def given_away(self, conn: int) -> bool:
        """Whether no socket of Python's stands for a connection any more that the program opened, though it is open:
        multiprocessing takes the descriptor out of the object (detach), and moves bytes by os.read(). ssl makes a new
        object of the descriptor before it does so.
        """
        objects = 1
        for row in self.of_conn.get(conn, ()):
            event = self.events[row]
            objects += event.op == "socket" and "fileno" in event.args and row != self.opened.get(conn)
            objects -= event.op == "detach" and not event.failed
        return objects < 1

    def could_sleep(self, event: Event) -> bool:
        """Whether it is a select that sleeps if nothing is ready: a program that makes it does not spin."""
        return event.op in READINESS and event.args.get("could_wait") is True

    def beneath(self, rows: Iterable[int]) -> int | None:
        """How many system calls lie beneath some calls; None: the trace has no kernel lane."""
        join = self.study.join
        return None if join is None else sum(len(join.beneath.get(row, ())) for row in rows)
