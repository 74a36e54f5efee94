"""The steps of a run as columns: when, what, who, where, and every text that is shown of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, TypeVar

from tracedemo.analysis.segments import State
from tracedemo.analysis.sentences import answer_text, call_text, who
from tracedemo.analysis.study import Study
from tracedemo.analysis.text import clean
from tracedemo.analysis.walk import Moment, Walk
from tracedemo.events import FLOW, Event, Site
from tracedemo.render.html.columns import Facts, Frame, Numbers, number_form
from tracedemo.render.html.ready import ready_form, ready_items, said_of
from tracedemo.render.html.texts import texts_form
from tracedemo.render.html.whose import whose_form
from tracedemo.render.log_cells import OPENED

T = TypeVar("T")

TENTH = 100
"""Nanoseconds in a tenth of a microsecond, which is what times are counted in."""
STATES = tuple(State)
MOMENTS = tuple(Moment)
NEVER = -1
"""How long a call took that never returned."""


class Steps:
    """What is needed to write a run down.  Sockets are counted in two ways: among all those of which something is told, and
    among those that have a lane, which are what the page calls its sockets.

    Args:
        study: the run.
    """

    def __init__(self, study: Study) -> None:
        self.study = study
        self.walk = Walk(study)
        self.events: Sequence[Event] = [study.events[row] for row in self.walk.rows]
        self.step_of = {row: step for step, row in enumerate(self.walk.rows)}
        self.told = self.walk.told
        self.told_of = {socket.number: place for place, socket in enumerate(self.told)}
        self.socket_of = {socket.number: place for place, socket in enumerate(self.walk.shown)}
        self.thread_of = {(lane.pid, lane.tid): place for place, lane in enumerate(study.states.threads)}
        self.conns = [self.told_of.get(event.conn or 0, -1) for event in self.events]
        numbers = {state: number for number, state in enumerate(STATES)} | {None: STATES.index(State.RUNNING)}
        self.states = [numbers[study.row_states[row]] for row in self.walk.rows]
        self.threads = [self.thread_of[event.pid, event.tid] for event in self.events]
        origin = study.origin
        self.entries = [(event.t0 - origin) // TENTH for event in self.events]
        self.ends = [self._end(event) for event in self.events]
        self.facts = Facts(len(self.told))
        self.frame = Frame(self.conns, self.facts)
        self.sites: dict[Site, int] = {}
        """Places in source, numbered when the steps are written."""

    def keys(self, *names: str) -> list[tuple[int, ...]]:
        """A key for each step, as `Trace.keys`."""
        keys = list(self.study.trace.keys(*names))
        return [keys[row] for row in self.walk.rows]

    def cleaned(self, name: str) -> list[str]:
        """A text of each step, by the name of its field; empty for None."""
        texts = list(self.study.trace.column(name).each(lambda text: clean(text or "")))
        return [texts[row] for row in self.walk.rows]

    def time(self, ns: int) -> int:
        """An instant in tenths of a microsecond since the beginning."""
        return (ns - self.study.origin) // TENTH

    def _end(self, event: Event) -> int:
        if event.t1 is not None:
            return self.time(event.t1)
        return self.time(event.t0) if event.lane == FLOW else self.last

    @cached_property
    def last(self) -> int:
        """When calls that never returned are over, for the timeline."""
        return self.time(max(self.study.states.t1, self.study.trace.header.clock_end[0]))

    @cached_property
    def phases(self) -> list[str]:
        """Of each step the name of its phase, or of its lane."""
        return [self.study.phases.of_row[row] or self.study.events[row].lane for row in self.walk.rows]


def steps_form(steps: Steps) -> dict[str, Any]:
    """All columns.  The order counts: what is written may point to what was written before."""
    frame, events, context = steps.frame, steps.events, steps.study.context
    took = [
        NEVER if event.t1 is None else end - t0
        for event, t0, end in zip(events, steps.entries, steps.ends, strict=True)
    ]
    moments = [0] * len(events)
    for step, moment in steps.walk.moments.items():
        moments[step] = MOMENTS.index(moment) + 1
    ready = [ready_items(event, steps.study.wakeup_of_row.get(row))
             for row, event in zip(steps.walk.rows, events, strict=True)]  # fmt: skip
    sockets = [[steps.told_of.get(item.conn or 0, -1) for item in some] for some in ready]
    form = {
        "ready": ready_form(ready, [socket for some in sockets for socket in some], steps.facts),
        "whose": whose_form(steps.conns, sockets),
        "gap": _gaps(steps), "took": number_form(took), "thread": number_form(steps.threads),
        "op": named(steps.cleaned("op"), frame, "op"),
        "state": coded(frame, steps.states, "state"),
        "answered": coded(frame, _each(_answered, events, steps.keys("errno", "exc")), "answered"),
        "moment": coded(frame, moments, "moment"),
        "phase": named(steps.phases, frame, "phase"),
        "place": frame.form([steps.walk.place_of.get(event.conn or 0, 0) for event in events]),
    }  # fmt: skip
    frame.know("t0", steps.entries)
    frame.know("t1", steps.ends)
    form["seq"] = _numbers(steps)
    form["site"], steps.sites = sites_form(frame, [event.place for event in events])
    frame.know("fd", [items[0].fd if items else -1 for items in ready])
    frame.said = said_of(ready)
    form["who"] = texts_form(frame, [who(event, context) for event in events], "who")
    alike = list(_alike(steps))
    form["call"] = texts_form(frame, _each(call_text, events, alike), "call")
    form["answer"] = texts_form(frame, _each(answer_text, events, alike), "answer")
    form["sentence"] = texts_form(
        frame, [steps.walk.sentence(step) for step in range(len(events))], "sentence"
    )
    if steps.study.join is not None:
        form["beneath"] = _beneath_form(steps, frame)
    return form


def _alike(steps: Steps) -> Iterator[Hashable]:
    """What makes the short forms of two steps the same."""
    says = steps.keys("lane", "op", "args", "result", "errno", "exc", "bytes", "site", "user_site", "mark")
    for key, event in zip(says, steps.events, strict=True):
        yield key, event.t1 is None, event.fd if event.op in OPENED else None


def _each(make: Callable[[Event], T], events: Iterable[Event], alike: Iterable[Hashable]) -> list[T]:
    """What is made of each event; of those that are alike only once."""
    known: dict[Hashable, T] = {}
    found = []
    for key, event in zip(alike, events, strict=True):
        if key not in known:
            known[key] = make(event)
        found.append(known[key])
    return found


def _answered(event: Event) -> int:
    return 1 if event.not_yet else 2 if event.failed else 0


def named(names: Sequence[str], frame: Frame | None = None, name: str = "") -> dict[str, Any]:
    """A column of few names; in a frame it may follow from others, and, if it has a name, others from it."""
    codes = {text: code for code, text in enumerate(dict.fromkeys(names))}
    numbers = list(map(codes.__getitem__, names))
    return {"names": list(codes), "code": coded(frame, numbers, name) if frame else number_form(numbers)}


def coded(frame: Frame, codes: Numbers, name: str) -> Any:
    """A column of few numbers, from which others may follow."""
    form = frame.form(codes)
    if name:
        frame.know(name, codes, codes=True)
    return form


def sites_form(frame: Frame, sites: Sequence[Site | None]) -> tuple[Any, dict[Site, int]]:
    """A place in source for each step; -1: it is not known."""
    known: dict[Site, int] = {}
    codes = [-1 if site is None else known.setdefault(site, len(known)) for site in sites]
    return coded(frame, codes, "site"), known


def _gaps(steps: Steps) -> Any:
    """When each step begins: how long after the one before it ended, if that was a call that returned, else began."""
    before, gaps = 0, []
    for event, state, entry, end in zip(steps.events, steps.states, steps.entries, steps.ends, strict=True):
        gaps.append(entry - before)
        before = end if state and event.t1 is not None else entry
    return number_form(gaps)


def _numbers(steps: Steps) -> Any:
    """The number of each event in its lane and process, which the log of a file shows."""
    pids = {
        pid: place for place, pid in enumerate(dict.fromkeys(lane.pid for lane in steps.study.states.threads))
    }
    groups = [2 * pids[event.pid] + (event.lane == FLOW) for event in steps.events]
    return Frame(groups).form([event.seq for event in steps.events])


def _beneath_form(steps: Steps, frame: Frame) -> dict[str, Any]:
    """The system calls inside each step, as lines."""
    lines = [steps.walk.beneath(step) for step in range(len(steps.events))]
    above = [step for step, some in enumerate(lines) for _ in some]
    flat = [line for some in lines for line in some]
    below = frame.below(above)
    return {
        "counts": number_form(map(len, lines)),
        "took": number_form(_took(line.rows, steps.study.events) for line in flat),
        "flags": number_form(line.not_yet + 2 * line.failed for line in flat),
        "text": texts_form(below, [line.text for line in flat], "text"),
        "aloud": texts_form(below, [line.aloud for line in flat]),
    }


def _took(rows: Sequence[int], events: Sequence[Event]) -> int:
    """From the first to the last of some system calls, tenths of a microsecond."""
    ends: Iterable[int | None] = (events[row].t1 for row in rows)
    known = [end for end in ends if end is not None]
    return (max(known) - events[rows[0]].t0) // TENTH if known else NEVER
