"""The time on the processor: puts the states of a thread right by what its own CPU clock said.

Theory
    Calls and the clock on the wall cannot tell two things. A thread that is off the processor, because another program has
    it, another thread holds the interpreter, or a lock, a file or a sleep holds the thread itself, looks as if it ran. And a
    call that waits works, too: to enter the kernel, to fall asleep and to wake up takes 20 us of CPU or more.

    A row with `args.cpu` says how much CPU time its thread has used since its last such row, or since it was first seen
    (docs/trace-format.md): that is a period. In it, the thread was on the processor for `cpu`; by the states so far it was
    busy, that is RUNNING, CALL or NOT_YET, for `busy`.
    * cpu > busy: the waiting calls of the period have worked for the difference. Each has a share, as it must enter and
      leave the kernel once; the share becomes CALL at its beginning.
    * cpu < busy: the thread was off the processor for the difference. It is taken from the longest busy stretches, since an
      interruption is what makes a stretch long; at their end it becomes PARKED.
    A difference below LEAST is noise: such a period is joined with the next, so that nothing is lost, and nothing is cut
    into slivers. After the last such row of a thread nothing is known, and all stays as it is.

    All numbers are integers, and time is only moved from one state to another: the states still sum to the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tracedemo.analysis.segments import Segment, State, Timed
from tracedemo.events import FLOW, PYTHON, TRACER

LEAST = 20_000
"""Nanoseconds of difference between the two clocks that are let pass."""

BUSY = frozenset({State.RUNNING, State.CALL, State.NOT_YET})
"""The states in which a thread is taken to be on the processor."""
WAITING = frozenset({State.BLOCKED, State.ASLEEP})


class Check(NamedTuple):
    """The end of a period."""

    t: int
    """Nanoseconds of the Trace's clock."""
    cpu: int | None
    """CPU time since the check before, nanoseconds; None: not known."""
    own: bool
    """Made by a call of the program; else by one that the states know nothing of, as a library made it while imported."""


@dataclass(slots=True)
class CpuClock:
    """What the CPU clock of one thread said."""

    seen: int
    """When the recorder first saw the thread: the begin of the first period."""
    checks: list[Check] = field(default_factory=list)


def cpu_clocks(timed: Timed) -> dict[tuple[int, int], CpuClock]:
    """The CPU clocks of all threads, by (pid, tid)."""
    clocks: dict[tuple[int, int], CpuClock] = {}
    first: dict[int, int] = {}
    for event, state, end in zip(timed.events, timed.of_row, timed.ends, strict=True):
        if event.lane == PYTHON:
            first[event.pid] = min(event.seq, first.get(event.pid, event.seq))
        elif event.lane != FLOW:
            continue
        clock = clocks.setdefault((event.pid, event.tid), CpuClock(end if event.mark == TRACER else event.t0))
        if "cpu" in event.args and event.t1 is not None:
            cpu = event.args["cpu"]
            clock.checks.append(Check(end, cpu if type(cpu) is int and cpu >= 0 else None, state is not None))
    for (pid, _), clock in clocks.items():
        clock.checks.sort()
        if clock.checks and first.get(pid):
            # The first rows were dropped, and with them the begin of this period.
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
    # What came before its first own call, when a library was imported, is a period of its own as far as it was checked.
    early = [check for check in clock.checks if check.t <= begin and not check.own]
    start = early[-1].t if early else clock.seen
    period = [Segment(start, begin, State.RUNNING, None)] if start < begin else []
    right: list[Segment] = []
    difference, known, place = -sum(map(_busy, period)), True, 0
    for check in clock.checks[len(early) :]:
        known = known and check.cpu is not None
        difference += check.cpu or 0
        if not check.own:
            continue  # in the middle of a stretch: the period goes on to the next call of the program
        while place < len(cut) and cut[place].t1 <= check.t:
            difference -= _busy(cut[place])
            period.append(cut[place])
            place += 1
        if known:
            if abs(difference) < LEAST:
                continue
            period = _worked(period, difference) if difference > 0 else _interrupted(period, -difference)
        right += period
        period, difference, known = [], 0, True
    return [segment for segment in (*right, *period, *cut[place:]) if segment.t0 >= begin]


def _busy(segment: Segment) -> int:
    return segment.t1 - segment.t0 if segment.state in BUSY else 0


def _length(segment: Segment) -> int:
    return segment.t1 - segment.t0


def _worked(period: Sequence[Segment], time: int) -> list[Segment]:
    """Work of `time` in the waiting calls: the same for each, but no more than the call is long."""
    shares: dict[Segment, int] = {}
    waiting = sorted((segment for segment in period if segment.state in WAITING), key=_length)
    for left, segment in zip(range(len(waiting), 0, -1), waiting, strict=True):
        shares[segment] = min(_length(segment), -(-time // left))
        time -= shares[segment]
    right = []
    for segment in period:
        share = shares.get(segment, 0)
        if share:
            right.append(segment._replace(t1=segment.t0 + share, state=State.CALL))
        if share < _length(segment) or not share:
            right.append(segment._replace(t0=segment.t0 + share))
    return right


def _interrupted(period: Sequence[Segment], time: int) -> list[Segment]:
    """Interruptions of `time` in the longest busy stretches, at their end."""
    lost: dict[Segment, int] = {}
    for segment in sorted((segment for segment in period if segment.state in BUSY), key=_length, reverse=True):
        lost[segment] = min(_length(segment), time)
        time -= lost[segment]
        if not time:
            break
    right = []
    for segment in period:
        loss = lost.get(segment, 0)
        middle = segment.t1 - loss
        if middle > segment.t0 or segment.row is not None:
            right.append(segment._replace(t1=middle))  # a call that has lost all its time still shows that it was made
        if loss:
            right.append(segment._replace(t0=middle, state=State.PARKED))
    return right
