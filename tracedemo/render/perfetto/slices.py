"""Slices: which rows become one, and when it begins and ends."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from tracedemo.analysis.study import Study
from tracedemo.events import FLOW, KERNEL, TRACER, Event


class Slice(NamedTuple):
    """A row with a length, in nanoseconds of the Trace's clock."""

    begin: int
    end: int
    row: int


class Slices:
    """The slices of one run.

    Args:
        study: the run.
    """

    def __init__(self, study: Study) -> None:
        self.study = study
        ends = (event.t0 if event.t1 is None else event.t1 for event in study.events)
        self.end = max(chain((study.origin, study.states.t1), ends))
        self._join = study.join
        self._hidden = study.startup_rows | study.tool_rows
        unmatched = study.join.unmatched if study.join else ()
        self.first = min(chain((study.origin,), (study.events[each.row].t0 for each in unmatched)))
        """When the file begins: with the program's first call, or a system call on a socket that is under no call."""
        early = (
            row for row, event in enumerate(study.events) if event.t0 < self.first and self._made(row, event)
        )
        self.early = sum(1 for _ in early)
        """So many rows came before that: modules that were loaded, for the most part."""

    def __iter__(self) -> Iterator[Slice]:
        """All slices in order of their begin, the longer one first."""
        together: list[Slice] = []
        for row, event in enumerate(self.study.events):
            if event.t0 < self.first or not self._made(row, event):
                continue
            if together and event.t0 > together[0].begin:
                yield from sorted(together, key=_outer_first)
                together.clear()
            together.append(Slice(*self._time(row, event), row))
        yield from sorted(together, key=_outer_first)

    def _made(self, row: int, event: Event) -> bool:
        """Whether a row is a slice at all: neither a step without length, nor the tool's, nor an interpreter's start."""
        if event.lane == FLOW:
            return event.op == "callback"
        return event.mark != TRACER and row not in self._hidden

    def _time(self, row: int, event: Event) -> tuple[int, int]:
        """Begin and end.  A system call lies inside its Python call, by a nanosecond where there is room for that: then an
        arrow to the begin of the call can mean no other.
        """
        begin, end = event.t0, self.end if event.t1 is None else max(event.t1, event.t0)
        above = self._above(row, event) if event.lane == KERNEL else None
        if above is None:
            return begin, end
        low, high = self._time(above, self.study.events[above])
        room = high - low > 1
        low, high = low + room, high - room
        if event.t1 is None:
            end = self._next(row, above)
        begin = min(max(begin, low), high)
        return begin, max(min(end, high), begin)

    def _above(self, row: int, event: Event) -> int | None:
        """The Python call in which a system call was entered; some that belong to one stand before or after it."""
        above = self._join.parent.get(row) if self._join else None
        if above is None:
            return None
        call = self.study.events[above]
        inside = call.t0 <= event.t0 and (call.t1 is None or event.t0 <= call.t1)
        return above if inside else None

    def _next(self, row: int, above: int) -> int:
        """When the thread did something else in this call: a system call that was broken off has no return."""
        beneath = self._join.beneath.get(above, ()) if self._join else ()
        return min((self.study.events[other].t0 for other in beneath if other > row), default=self.end)


def _outer_first(piece: Slice) -> tuple[int, int, int]:
    return piece.begin, -piece.end, piece.row
