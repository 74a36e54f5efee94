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

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from tracedemo.analysis.segments import Segment, State, Timed, totals
from tracedemo.events import KERNEL, PYTHON, SERVER, TRACER, Trace

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


def cpu_clocks(trace: Trace, timed: Timed) -> dict[tuple[int, int], CpuClock]:
    """The CPU clocks of all threads, by (pid, tid)."""
    clocks: dict[tuple[int, int], CpuClock] = {}
    first_seq: dict[int, int] = {}
    marks = trace.column("mark")
    known = array("B", trace.column("args").each(lambda said: "cpu" in said))
    never = trace.numbers("t1").none
    rows = zip(trace.column("lane"), known, trace.keys("pid", "tid", "seq", "t1"), strict=True)
    for row, (lane, said, (pid, tid, seq, t1)) in enumerate(rows):
        if lane in (SERVER, KERNEL):
            continue
        clock = clocks.get((pid, tid))
        if clock is None:
            # A row of the tool is written when it is over.
            seen = timed.ends[row] if marks[row] == TRACER else timed.begins[row]
            clock = clocks[pid, tid] = CpuClock(seen)
        if lane == PYTHON and seq < first_seq.setdefault(pid, seq):
            first_seq[pid] = seq
        if said and t1 != never:
            cpu, own = trace[row].args["cpu"], timed.of_row[row] is not None
            known_cpu = cpu if type(cpu) is int and cpu >= 0 else None
            clock.checks.append(Check(timed.ends[row], known_cpu, own))
    for (pid, _), clock in clocks.items():
        clock.checks.sort(key=lambda check: check.t)
        if clock.checks and first_seq.get(pid):
            # The first rows of the process were dropped, and with them the begin of this period.
            clock.checks[0] = clock.checks[0]._replace(cpu=None)
    return clocks


def on_processor(cut: Iterable[Segment], clock: CpuClock) -> list[Segment]:
    """The stretches of a thread, put right.

    Args:
        cut: what `sweep` gave for its calls.
    """
    return list(put_right(cut, clock))


def put_right(cut: Iterable[Segment], clock: CpuClock) -> Iterator[Segment]:
    """The same, one after another."""
    rest = iter(cut)
    first = next(rest, None)
    if first is None or not clock.checks:
        yield from rest if first is None else chain([first], rest)
        return
    begin = first.t0
    # What came before its first own call, when libraries were imported, is a period of its own as far as it was checked.
    early = [check for check in clock.checks if check.t <= begin and not check.own]
    start = early[-1].t if early else clock.seen
    period = [Segment(start, begin, State.RUNNING, None)] if start < begin else []
    # Of what came before the begin only the stretch itself, and its parts, are to go.
    yield from (
        segment
        for segment in _periods(chain([first], rest), clock.checks[len(early) :], period)
        if segment.t0 >= begin
    )


def _periods(
    stretches: Iterator[Segment], checks: Sequence[Check], period: list[Segment]
) -> Iterator[Segment]:
    """All stretches, period by period.

    Args:
        period: what came before them.
    """
    cpu = left_open = 0
    known = True
    following = next(stretches, None)
    for check in checks:
        cpu += check.cpu or 0
        known = known and check.cpu is not None
        if not check.own:
            continue  # in the middle of a stretch: the period goes on to the next call of the program
        while following is not None and following.t1 <= check.t:
            period.append(following)
            following = next(stretches, None)
        if known:
            sums = totals(period)
            busy, waiting = (sum(sums[state] for state in states) for states in (BUSY, WAITING))
            difference = left_open + cpu - busy
            now = difference if abs(difference) >= LEAST or check is checks[-1] else 0
            now = max(-busy, min(now, waiting))
            left_open = difference - now
            period = list(_settled(period, now, busy)) if now else period
        yield from period
        period, cpu, known = [], 0, True
    yield from period
    if following is not None:
        yield following
    yield from stretches


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
