"""Turns of event loops: a select, and the callbacks that ran after it, until the next one.

Theory
    An event loop does two things in turn. It asks the kernel which of its descriptors are ready, and sleeps until one is,
    or until its next timer is due; if callbacks are due already it asks without waiting. Then it runs what is due:
    callbacks of transports and futures, and steps of tasks. What these ask to be called "soon" runs in the next turn.
    Nothing else happens in its thread, so the calls of a turn are those that its callbacks made.

Rules
    * A select inside of a callback is the callback's own, and no turn.
    * A loop begins with its selector: a thread that runs two loops, one after the other, has two here. A selector after
      which no callback ran was no event loop's.
    * A callback that took over `BLOCKS_NS` has blocked the loop: nobody else's socket was looked at meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tracedemo.events import Site, Trace

if TYPE_CHECKING:
    from tracedemo.analysis.connections import Connection
    from tracedemo.analysis.join import Join
    from tracedemo.analysis.wakeups import Wakeup

BLOCKS_NS = 50_000_000
"""Nanoseconds in one callback after which the loop counts as blocked."""


class Asked(NamedTuple):
    """What a callback asked the kernel, once or several times."""

    call: str
    """`recv`, `getsockopt(SO_ERROR)`, `getaddrinfo(localhost)`."""
    answer: str
    """Never cut; empty for a plain ok."""
    fd: int | None
    times: int
    word: str
    """What it is for, if it is furniture of the loop (`furniture.word`)."""


class Sample(NamedTuple):
    """Where a callback stood while it blocked the loop: an answer of the watchdog."""

    t: int
    site: Site | None
    """The nearest line of the user's, or, where there is none, that which ran."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handle:
    """One callback that a loop ran: the step of a task, or a plain one."""

    row: int
    owner: str | None
    """The task in whose context it ran."""
    name: str
    """The callback's qualified name; of a step, the coroutine's."""
    step: bool
    t0: int
    t1: int
    """When it returned; if it was not seen to return, up to when it is known to have run."""
    returned: bool
    nested: bool
    """It ran inside of another callback, whose time its time is part of."""
    fd: int | None
    site: Site | None
    """The line at which a task goes on."""
    asked: tuple[Asked, ...]
    system_calls: int | None
    """How many the kernel lane has of it; None: there is no such lane."""
    samples: tuple[Sample, ...]
    word: str
    """What it does, if it is furniture of the loop."""

    @property
    def time(self) -> int:
        """Nanoseconds that it ran."""
        return self.t1 - self.t0

    @property
    def blocked(self) -> bool:
        """True when nobody else had a turn for so long that one could notice."""
        return self.time > BLOCKS_NS or bool(self.samples)


class Found(NamedTuple):
    """One descriptor that was ready."""

    fd: int
    events: str
    conn: int | None
    label: str
    """Whose it is: "self-pipe", or the label of the connection; may be empty."""
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn of a loop."""

    number: int
    """From 1; 0 for what ran before the first select that was seen."""
    row: int | None
    """Row of the select; None in turn 0."""
    t0: int
    """Entry of the select; in turn 0, of its first callback."""
    t1: int | None
    """Return of the select; None: it never returned."""
    slept: int
    """Nanoseconds asleep; 0: it did not wait."""
    timeout: float | None
    """Seconds that it would have slept at most; None: for ever, or not recorded."""
    failed: str
    """The error of the select, if it failed."""
    ready: tuple[Found, ...]
    registered: int | None
    """How many descriptors the selector watched; None: not known."""
    watched: tuple[str, ...]
    """Which: "self-pipe READ", "fd 6 READ"; empty if they are not all known, or too many to name."""
    handles: tuple[Handle, ...]
    lost: bool = False
    """Rows were dropped, and with them whatever ran in this turn."""

    @property
    def empty(self) -> bool:
        """True when the select returned, and had found nothing."""
        return self.row is not None and self.t1 is not None and not self.ready and not self.failed

    @property
    def time(self) -> int:
        """Nanoseconds in callbacks."""
        return sum(handle.time for handle in self.handles if not handle.nested)

    @property
    def blocked(self) -> bool:
        """True when one of the callbacks blocked the loop."""
        return any(handle.blocked for handle in self.handles)


class OwnerTotal(NamedTuple):
    """What ran in the context of one task; of no task: None."""

    owner: str | None
    callbacks: int
    time: int


@dataclass(frozen=True, slots=True)
class Loop:
    """One event loop."""

    pid: int
    tid: int
    turns: tuple[Turn, ...]

    @property
    def rounds(self) -> tuple[Turn, ...]:
        """The turns that began with a select: all but turn 0."""
        return tuple(turn for turn in self.turns if turn.row is not None)

    @property
    def handles(self) -> Iterator[Handle]:
        """All callbacks, in order."""
        return (handle for turn in self.turns for handle in turn.handles)

    @property
    def slept(self) -> int:
        """Nanoseconds asleep."""
        return sum(turn.slept for turn in self.turns)

    @property
    def time(self) -> int:
        """Nanoseconds in callbacks."""
        return sum(turn.time for turn in self.turns)

    @property
    def longest(self) -> Handle | None:
        """The callback that took the most time."""
        return max(self.handles, key=lambda handle: handle.time, default=None)

    @property
    def end(self) -> int:
        """The last moment that is known."""
        ends = (max((turn.t0 if turn.t1 is None else turn.t1, *(handle.t1 for handle in turn.handles)))
                for turn in self.turns)  # fmt: skip
        return max(ends)

    @property
    def by_owner(self) -> tuple[OwnerTotal, ...]:
        """What ran for whom, most time first."""
        sums: dict[str | None, list[int]] = {}
        for handle in self.handles:
            total = sums.setdefault(handle.owner, [0, 0])
            total[0] += 1
            total[1] += 0 if handle.nested else handle.time
        totals = (OwnerTotal(owner, number, time) for owner, (number, time) in sums.items())
        return tuple(sorted(totals, key=lambda total: -total.time))


def turns(
    trace: Trace,
    wakeups: Mapping[int, Wakeup],
    sockets: Sequence[Connection] = (),
    join: Join | None = None,
) -> tuple[Loop, ...]:
    """The event loops of an identified Trace, in order of their first turn.

    Args:
        wakeups: what `wakeups(trace)` gave, by the row of the select.
        sockets: what `connections(trace)` gave.
        join: what `join(trace)` gave.
    """
    from tracedemo.analysis.turns_reading import Reading

    return Reading(trace, wakeups, sockets, join).loops()
