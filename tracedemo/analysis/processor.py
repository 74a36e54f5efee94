"""The time on the processor: puts the states of a thread right by what its own CPU clock said.

Theory
    Calls and the clock on the wall cannot tell two things. A thread that is off the processor, because another program has
    it, or another thread holds the interpreter, or a lock, a file or a sleep holds the thread itself, looks as if it ran.
    And a call that waits works, too: to enter the kernel, to fall asleep and to wake up takes 20 us of CPU or more.

    A row with `args.cpu` says how much CPU time its thread has used since its last such row, or since it was first seen
    (docs/trace-format.md): that is a period. In it the thread was on the processor for `cpu`; by the states so far it was
    busy, that is RUNNING, CALL or NOT_YET.
    * More CPU than busy: the waiting calls of the period have worked for the difference. Each has an even share, as it has
      to enter and leave the kernel once; the share becomes CALL, at the begin of the wait.
    * Less CPU than busy: the thread was off the processor for the difference. An interruption is what makes a stretch long;
      so the longest busy stretches are cut down, to one length, until the busy ones sum to `cpu`. Their ends become PARKED.
    A difference below LEAST is left open until the next period, so that nothing is lost, and nothing is cut into slivers.
    After the last such row of a thread nothing is known, and all stays as it is.

    All numbers are integers, and time is only moved from one state to another: the states still sum to the whole.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple

from tracedemo.analysis.segments import Segment, State, Timed, totals
from tracedemo.events import FLOW, PYTHON, TRACER

LEAST = 20_000
"""Nanoseconds of difference between the two clocks that may wait for the next period."""

BUSY = frozenset({State.RUNNING, State.CALL, State.NOT_YET})
"""The states in which a thread is on the processor."""
WAITING = frozenset({State.BLOCKED, State.ASLEEP})


class Check(NamedTuple):
    """The end of a period."""

    t: int
    """Nanoseconds of the Trace's clock."""
    cpu: int | None
    """CPU time since the check before, nanoseconds; None: not known."""
    own: bool
    """Made by a call of the program; else by one that has no state, as that of a library while it was imported."""


@dataclass(slots=True)
class CpuClock:
    """What the CPU clock of one thread said."""

    seen: int
    """When the recorder first saw the thread: the begin of its first period."""
    checks: list[Check] = field(default_factory=list)
    """In order of time."""


def cpu_clocks(timed: Timed) -> dict[tuple[int, int], CpuClock]:
    """The CPU clocks of all threads, by (pid, tid)."""
    clocks: dict[tuple[int, int], CpuClock] = {}
    first_seq: dict[int, int] = {}
    for event, state, end in zip(timed.events, timed.of_row, timed.ends, strict=True):
        if event.lane not in (PYTHON, FLOW):
            continue
        clock = clocks.get((event.pid, event.tid))
        if clock is None:
            seen = end if event.mark == TRACER else event.t0  # a row of the tool is written when it is over
            clock = clocks[event.pid, event.tid] = CpuClock(seen)
        if event.lane == PYTHON:
            first_seq[event.pid] = min(event.seq, first_seq.get(event.pid, event.seq))
        if "cpu" in event.args and event.t1 is not None:
            cpu = event.args["cpu"]
            clock.checks.append(Check(end, cpu if type(cpu) is int and cpu >= 0 else None, state is not None))
    for (pid, _), clock in clocks.items():
        clock.checks.sort(key=lambda check: check.t)
        if clock.checks and first_seq.get(pid):
            # The first rows of the process were dropped, and with them the begin of this period.
            clock.checks[0] = clock.checks[0]._replace(cpu=None)
    return clocks


def on_processor(cut: Sequence[Segment], clock: CpuClock) -> list[Segment]:
    """The stretches of a thread, put right.

    Args:
        cut: what `sweep` gave for its calls.
    """
    if not cut or not clock.checks:
        return list(cut)
    begin = cut[0].t0
    # What came before its first own call, when libraries were imported, is a period of its own as far as it was checked.
    early = [check for check in clock.checks if check.t <= begin and not check.own]
    start = early[-1].t if early else clock.seen
    period = [Segment(start, begin, State.RUNNING, None)] if start < begin else []
    right: list[Segment] = []
    place = cpu = left_open = 0
    known = True
    for check in clock.checks[len(early) :]:
        cpu += check.cpu or 0
        known = known and check.cpu is not None
        if not check.own:
            continue  # in the middle of a stretch: the period goes on to the next call of the program
        first, place = place, bisect_right(cut, check.t, place, key=_end)
        period += cut[first:place]
        if known:
            sums = totals(period)
            busy, waiting = (sum(sums[state] for state in states) for states in (BUSY, WAITING))
            difference = left_open + cpu - busy
            now = difference if abs(difference) >= LEAST or check is clock.checks[-1] else 0
            now = max(-busy, min(now, waiting))
            left_open = difference - now
            period = list(_settled(period, now, busy)) if now else period
        right += period
        period, cpu, known = [], 0, True
    right += period
    right += cut[place:]
    # Of what came before the begin only the stretch itself, and its parts, are to go.
    while right[0].t0 < begin:
        del right[0]
    return right


def _settled(period: Sequence[Segment], difference: int, busy: int) -> Iterator[Segment]:
    """A period in which the thread was on the processor for `difference` longer than it was busy, or shorter."""
    states, time = (WAITING, difference) if difference > 0 else (BUSY, busy + difference)
    shares = _shares([segment for segment in period if segment.state in states], time)
    for segment in period:
        middle = segment.t0 + shares.get(segment, 0)
        whole = middle == segment.t1 and difference < 0
        if whole or segment.state not in states or not _length(segment):
            yield segment
            continue
        worked, rest = segment._replace(t1=middle), segment._replace(t0=middle)
        if difference > 0:
            worked = worked._replace(state=State.CALL)
        else:
            rest = rest._replace(state=State.PARKED)
        was_made = difference < 0 and segment.row is not None  # a call that is left without time
        if _length(worked) or was_made:
            yield worked
        if _length(rest):
            yield rest


def _shares(segments: Sequence[Segment], time: int) -> dict[Segment, int]:
    """A time shared out evenly, but to none more than its length: together, `segments` are at least as long."""
    shares: dict[Segment, int] = {}
    for left, segment in zip(range(len(segments), 0, -1), sorted(segments, key=_length), strict=True):
        shares[segment] = min(_length(segment), time // left)
        time -= shares[segment]
    return shares


def _length(segment: Segment) -> int:
    return segment.t1 - segment.t0


_end = itemgetter(1)
