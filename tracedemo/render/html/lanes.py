"""The lanes of the timeline, said by the steps that they are made of.

A lane's segments begin and end where steps do, so nearly all of them can be told without a number: the next call of this
lane, for as long as it took; Python, until the next call of this thread. Each segment is one of few kinds, a list of

    state   its number; -1: that of its step
    step    how many calls of this lane further on than the last one; null: it belongs to none
    until   0 its own step's end; 1 the entry and 2 the end of some step; 3 the lane's end; 4 a number of its own;
            5 the entry of the lane's next call
    place   which step, counted from the lane's last call
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any

from tracedemo.analysis.segments import Lane
from tracedemo.render.html.columns import number_form
from tracedemo.render.html.steps import STATES, TENTH, Steps

Kind = tuple[int, int | None, int, int]

OWN, ENTRY, END, LAST, NUMBER, NEXT = range(6)
_NUMBERS = {state: number for number, state in enumerate(STATES)}
REACH = 4
"""A step is named if it is at most so many steps away: a number is as short, and quicker to find."""


def lanes_form(lanes: Sequence[Lane], calls: Sequence[Sequence[int]], steps: Steps) -> dict[str, Any]:
    """Lanes as columns.

    Args:
        calls: of each lane the steps that are its calls, ascending.
    """
    kinds: dict[Kind, int] = {}
    codes: list[int] = []
    numbers: list[int] = []
    for lane, own in zip(lanes, calls, strict=True):
        for kind, number in _Lane(lane, own, steps).told():
            codes.append(kinds.setdefault(kind, len(kinds)))
            if kind[2] == NUMBER:
                numbers.append(number)
    return {
        "counts": number_form(len(lane.segments) for lane in lanes),
        "begin": _edges([_begin(lane, own, steps) for lane, own in zip(lanes, calls, strict=True)]),
        "end": _edges([_end(lane, own, steps) for lane, own in zip(lanes, calls, strict=True)]),
        "kinds": list(kinds), "code": number_form(codes), "numbers": numbers,
    }  # fmt: skip


def _edges(edges: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """How many steps before its first, or after its last call a lane begins or ends; `REACH`: not with one of these, but
    at a time that is given.
    """
    return {"which": number_form(which for which, _ in edges),
            "time": number_form(time if which == REACH else 0 for which, time in edges)}  # fmt: skip


def _begin(lane: Lane, calls: Sequence[int], steps: Steps) -> tuple[int, int]:
    t0 = steps.time(lane.t0)
    first = calls[0] if calls else -1
    near = (which for which in range(REACH) if first >= which and steps.entries[first - which] == t0)
    return next(near, REACH), t0


def _end(lane: Lane, calls: Sequence[int], steps: Steps) -> tuple[int, int]:
    t1 = steps.time(lane.t1)
    last = calls[-1] if calls else len(steps.ends)
    near = (
        which for which in range(REACH) if last + which < len(steps.ends) and steps.ends[last + which] == t1
    )
    return next(near, REACH), t1


class _Lane:
    def __init__(self, lane: Lane, calls: Sequence[int], steps: Steps) -> None:
        self.lane, self.calls, self.steps = lane, calls, steps
        self.end = steps.time(lane.t1)

    def told(self) -> Iterator[tuple[Kind, int]]:
        """Each segment's kind, and how long it lasts."""
        last, steps, calls = -1, self.steps, self.calls
        origin, step_of, states = steps.study.origin, steps.step_of, steps.states
        for begin, finish, state, row in self.lane.segments:
            t0, t1 = (begin - origin) // TENTH, (finish - origin) // TENTH
            code = _NUMBERS[state]
            step = place = None
            if row is not None:
                step = step_of[row]
                # Mostly it is the lane's next call.
                following = last + 1
                if following >= len(calls) or calls[following] != step:
                    following = bisect_left(calls, step)
                place = following - last
                if states[step] == code:
                    code = -1
            until, which = self._until(t1, step, last, place or 0)
            yield (code, place, until, which), t1 - t0
            last += max(place or 0, 0)

    def _until(self, t1: int, step: int | None, last: int, place: int) -> tuple[int, int]:
        """The rule that gives this end, and the place for it."""
        entries, calls = self.steps.entries, self.calls
        if step is not None and self.steps.ends[step] == t1:
            return OWN, 0
        following = last + max(place, 0) + 1
        upcoming = calls[following] if following < len(calls) else None
        if upcoming is not None and entries[upcoming] == t1:
            return NEXT, 0
        if t1 == self.end:
            return LAST, 0
        return self._near(t1, calls[last] if last >= 0 else 0, upcoming) or (NUMBER, 0)

    def _near(self, t1: int, after: int, before: int | None) -> tuple[int, int] | None:
        """A step that begins or ends then: one from `after` on, or one in front of `before`."""
        entries, ends = self.steps.entries, self.steps.ends
        for base, places in ((after, range(REACH)), (before, range(-1, -REACH, -1))):
            for which in places if base is not None else ():
                step = (base or 0) + which
                if 0 <= step < len(entries) and t1 in (entries[step], ends[step]):
                    return (ENTRY if entries[step] == t1 else END), which
        return None
