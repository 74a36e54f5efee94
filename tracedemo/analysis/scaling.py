"""What the same fetch costs, ten times and ten thousand times: rows that were measured, and what follows from them.

A fetch costs what all of them cost together, without what the interpreter costs that makes none: the start of a program is
measured by itself (`Base`), and taken off. Where the rest is smaller than what two starts differ by, nothing can be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

from tracedemo.analysis.segments import is_call, is_readiness
from tracedemo.analysis.walking import ready_of
from tracedemo.events import PYTHON, Trace

TOLD_APART = 0.5
"""Of the CPU time of a start: what several fetches must take at least, so that it can be told from the start's own."""


class Bare(NamedTuple):
    """One program at one step, run as it always is, without us in it.  Times are seconds."""

    fetches: int
    wall: float
    """From its start to its end."""
    user: float
    """CPU time of the process, with the interpreter's start (wait4) ..."""
    system: float
    peak: int
    """Bytes of memory at most (ru_maxrss); of several processes, the largest one."""
    correct: int
    """Answers of which status, length and digest were right."""
    in_flight: int
    """Most connections at once, by the servers' log; 0: it makes none."""
    trouble: str = ""
    """How it failed; empty: it did not."""

    @property
    def cpu(self) -> float:
        """User and system together."""
        return self.user + self.system


class Counted(NamedTuple):
    """The same program at the same step, recorded: what it asked for."""

    calls: int
    """Calls of Python's socket and selector interface."""
    wakeups: int
    """Returns of select, poll or control ..."""
    ready: int
    """... and what they reported as ready, together."""
    in_flight: int
    """Most connections between connect and close at one moment."""
    system_calls: int | None
    """System calls after the start; None: nobody recorded them."""
    user: float
    """CPU time, seconds, with the recorder in it ..."""
    system: float
    wall: float
    correct: int
    dropped: int
    """Rows that the recorder had no room for."""
    rows: int
    engine: str = ""
    """What recorded the system calls."""
    seen: bool = True
    """Whether its sockets are Python's, so that there was anything to count."""
    trouble: str = ""

    @property
    def cpu(self) -> float:
        """User and system together."""
        return self.user + self.system

    @property
    def ready_at_once(self) -> float | None:
        """Sockets for each wakeup; None: nobody was woken."""
        return self.ready / self.wakeups if self.wakeups else None


class Base(NamedTuple):
    """What a program costs that makes a single fetch in each process: mostly the interpreter's start, and its imports."""

    cpu: float
    peak: int


class Row(NamedTuple):
    """One program at one step."""

    program: str
    bare: Bare
    counted: Counted | None = None
    """None: it was not recorded."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """All that was measured, in the order in which it was."""

    rows: tuple[Row, ...]
    bases: Mapping[str, Base] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    """What a program is called, by name."""
    fits: tuple[str, ...] = ()
    """What the machine allows, in sentences ..."""
    notes: tuple[str, ...] = ()
    """... and what else must be known: limits that were met, what is not installed, how it was measured."""
    processes: int = 1
    """Client processes among which the fetches of a row were shared out."""
    planned: int = 0
    """Rows that there would be if nobody had stopped it."""
    stopped: bool = False

    @property
    def programs(self) -> Sequence[str]:
        """Names, in order."""
        return list(dict.fromkeys(row.program for row in self.rows))

    @property
    def steps(self) -> Sequence[int]:
        """How many fetches, ascending."""
        return sorted({row.bare.fetches for row in self.rows})

    def row(self, program: str, fetches: int) -> Row | None:
        """One cell of the whole."""
        return next(
            (row for row in self.rows if row.program == program and row.bare.fetches == fetches), None
        )

    def cpu_each(self, row: Row) -> float | None:
        """CPU seconds for each fetch, without the start; None: too little to be told apart from that."""
        base = self.bases.get(row.program)
        more = row.bare.fetches - self.processes  # each process makes one in its start, too
        if base is None or row.bare.trouble or more < 1:
            return None
        spent = row.bare.cpu - base.cpu
        return spent / more if spent > TOLD_APART * base.cpu else None

    def peak_each(self, row: Row) -> float | None:
        """Bytes of the program's own memory for each fetch, without what the program takes anyway; None: not measured."""
        base = self.bases.get(row.program)
        if base is None or row.bare.trouble or row.bare.fetches < 2:
            return None
        return max(row.bare.peak - base.peak, 0) / (row.bare.fetches / self.processes)

    def tracing(self, row: Row) -> float | None:
        """How many times the CPU time it takes to be recorded, starts included; None: not recorded."""
        if row.counted is None or row.counted.trouble or row.bare.trouble or not row.bare.cpu:
            return None
        return row.counted.cpu / row.bare.cpu

    def growth(self, program: str) -> tuple[int, int, float] | None:
        """(n, m, how many times as much a fetch costs among m as among n), for the least and the largest step at which it
        could be told; None: there are no two.
        """
        each = [
            (row.bare.fetches, cost)
            for row in self.rows
            if row.program == program and (cost := self.cpu_each(row))
        ]
        if len(each) < 2:
            return None
        (few, at_first), (many, at_last) = min(each), max(each)
        return few, many, at_last / at_first


def count(trace: Trace, correct: int, trouble: str = "", system_calls: int | None = None) -> Counted:
    """What a recorded run asked for.

    Args:
        trace: an identified Trace.
        correct: answers that were right.
        system_calls: as the kernel lane has them.
    """
    calls = wakeups = ready = 0
    spans: dict[int, list[int]] = {}
    last = 0
    for event in trace:
        if event.lane != PYTHON or not is_call(event):
            continue
        calls += 1
        last = max(last, event.t0)
        if is_readiness(event.op) and event.t1 is not None and not event.failed:
            wakeups += 1
            ready += len(ready_of(event))
        elif event.conn is not None and event.op in ("connect", "connect_ex"):
            spans.setdefault(event.conn, [event.t0])
        elif event.conn is not None and event.op in ("close", "detach") and event.conn in spans:
            spans[event.conn].append(event.t0)
    header = trace.header
    return Counted(
        calls=calls,
        wakeups=wakeups,
        ready=ready,
        in_flight=most_at_once((span[0], span[1] if len(span) > 1 else last + 1) for span in spans.values()),
        system_calls=system_calls,
        user=header.cpu_user,
        system=header.cpu_system,
        wall=(header.clock_end[0] - header.clock_start[0]) / 1e9,
        correct=correct,
        dropped=sum(header.dropped.values()),
        rows=len(trace),
        engine=header.engine or "",
        seen=not header.beyond,
        trouble=trouble,
    )


def most_at_once(spans: Iterable[tuple[int, int]]) -> int:
    """How many of these stretches of time, (begin, end), lie over each other at most."""
    # At equal times the end comes first: what ends as another begins is not beside it.
    changes = sorted(change for begin, end in spans for change in ((begin, 1), (end, -1)))
    return max(accumulate(step for _, step in changes), default=0)


def told(found: Scaling) -> Iterator[str]:
    """What follows from the rows, in sentences."""
    yield from _beside_each_other(found)
    for program in found.programs:
        if growth := found.growth(program):
            few, many, times = growth
            yield (
                f"{program}: among {many:,} a fetch takes {times:.2f} times the CPU time that it takes among {few:,}."
            )
    yield from _in_flight(found)
    wrong = [row for row in found.rows if row.bare.trouble or (row.counted and row.counted.trouble)]
    for row in wrong:
        for trouble, how in (
            (row.bare.trouble, ""),
            (row.counted.trouble if row.counted else "", ", recorded"),
        ):
            if trouble:
                yield f"{row.program}, {row.bare.fetches:,} at once{how}: {trouble}"
    fetched = sum(row.bare.correct + (row.counted.correct if row.counted else 0) for row in found.rows)
    if fetched and not wrong:
        yield f"All {fetched:,} answers were right: status, length and digest of each."
    dropped = sum(row.counted.dropped for row in found.rows if row.counted)
    kept = sum(row.counted.rows for row in found.rows if row.counted)
    if kept:
        lost = f"{dropped:,} of them were lost: what was counted is too low" if dropped else "none was lost"
        yield f"{kept:,} rows were recorded, and {lost}."


def _beside_each_other(found: Scaling) -> Iterator[str]:
    """The programs at the largest step at which several could be told."""
    for fetches in reversed(found.steps):
        costs = {row.program: cost for row in found.rows
                 if row.bare.fetches == fetches and (cost := found.cpu_each(row)) is not None}  # fmt: skip
        if len(costs) > 1:
            least, *others = sorted(costs, key=costs.__getitem__)
            times = ", ".join(f"{name} {costs[name] / costs[least]:.1f}" for name in others)
            yield (
                f"Of {fetches:,} at once a fetch takes {costs[least] * 1e6:,.0f} µs of CPU time with {least}; times as"
                f" much: {times}."
            )
            return


def _in_flight(found: Scaling) -> Iterator[str]:
    most = max(found.rows, key=lambda row: row.bare.in_flight, default=None)
    if most is not None and most.bare.in_flight:
        yield (
            f"{most.program} had {most.bare.in_flight:,} connections in flight at once, by the servers' own logs"
            + (
                f", and {most.counted.in_flight:,} when it was recorded."
                if most.counted and most.counted.seen
                else "."
            )
        )
