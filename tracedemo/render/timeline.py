"""The timeline: a line for each thread, one for the wakeups, one for each connection, on one clock.

Theory
    A column of the screen is a stretch of time, a millisecond or so, and a call takes microseconds of it: by time alone, no
    call would be seen. So a column shows
    1. on the line of a request, "parked" only where there is nothing else;
    2. waiting (blocked, asleep; for a thread, off the processor) where that takes more time than all that is done;
    3. else what is done, and there a call counts CALL_WEIGHT times as much as the Python between calls. A loop that
       asks again and again spends most of its time in getting from one question to the next.
    Threads stand on top, since the thread is what is short; below it, who uses it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from tracedemo.analysis.states import Lane, State
from tracedemo.analysis.study import Study
from tracedemo.render.glyphs import REQUEST_WORDS, STATE_STYLE, STATE_WORDS, THREAD_WORDS, Glyphs
from tracedemo.render.grid import note
from tracedemo.render.lines import BLANK, Line, Piece, safe, shorten, width_of
from tracedemo.render.options import Options
from tracedemo.render.words import capital, count, moment, name_of, percent_words, took

MANY, SHOWN = 50, 12
"""From more lanes than MANY of a kind, SHOWN are drawn."""
CALL_WEIGHT = 10
_STEPS = (1, 2, 5, 10)
_WAITING = (State.BLOCKED, State.ASLEEP)
_THREAD_WAITING = (*_WAITING, State.PARKED)
_WEIGHTS = {State.RUNNING: 1, State.CALL: CALL_WEIGHT, State.NOT_YET: CALL_WEIGHT}


@dataclass(frozen=True, slots=True)
class Scale:
    """From nanoseconds since the start of a run to columns of the screen."""

    span: int
    """Nanoseconds from the left edge to the right."""
    columns: int
    label: int
    """Columns in front, for the names."""

    def column(self, ns: int) -> int:
        """Where an instant stands; what lies beyond an edge stands at it."""
        return min(max(ns * self.columns // self.span, 0), self.columns - 1)

    def edge(self, column: int) -> int:
        """The first instant that stands in a column."""
        return -(-column * self.span // self.columns)


def table(studies: Sequence[Study], options: Options) -> Iterator[Line]:
    """The timelines of one or several runs under each other, on one clock."""
    glyphs = options.glyphs
    names = [study.name for study in studies]
    title = name_of(studies[0]) if len(studies) == 1 else f"{len(studies)} runs on one clock"
    yield ((safe(f"{title}: who does what, and when", glyphs), "title"),)
    yield BLANK
    yield from drawn(studies, names, options)


def drawn(studies: Sequence[Study], names: Sequence[str], options: Options) -> Iterator[Line]:
    """Axis, lanes and legend."""
    glyphs, room = options.glyphs, options.picture
    groups = [
        lanes_of(study, name, single=len(studies) == 1) for study, name in zip(studies, names, strict=True)
    ]
    span = max((study.states.wall for study in studies), default=0)
    if not any(study.states.threads for study in studies):
        yield (("No calls.", "dim"),)
        return
    widest = max(width_of(safe(label, glyphs)) for group in groups for label, *_ in group)
    label = 1 + (widest if options.width is None else min(widest, max(room // 4, 8)))
    scale = Scale(max(span, 1), max(room - label, 10), label)
    yield _axis(scale, span, glyphs)
    for place, (study, group) in enumerate(zip(studies, groups, strict=True)):
        if place:
            yield BLANK
        for name, style, lane in group:
            yield _labelled(name, style, lane, study, scale, glyphs)
        yield from _left_out(study, scale)
    yield BLANK
    yield from legend(room, glyphs, threads_parked=any(map(_threads_parked, studies)))


WAKEUPS = "  wakeups"
"""The label of the line with a mark for each wakeup."""

Labelled = tuple[str, str, Lane | None]
"""(label, its style, the lane; None: the wakeups)"""


def lanes_of(study: Study, name: str, *, single: bool, every: bool = False) -> list[Labelled]:
    """What to draw for a run: threads, wakeups, connections.

    Args:
        every: all of them, however many.
    """
    some: Callable[[Sequence[Lane]], Sequence[Lane]] = tuple if every else _some
    threads = some(study.states.threads)
    several = len(study.pids) > 1
    if single:
        top: list[Labelled] = [(_with_pid(lane, several=several), "strong", lane) for lane in threads]
    elif len(threads) == 1:
        top = [(name, "strong", threads[0])]
    else:
        top = [
            (name, "strong", None),
            *((f"  {_with_pid(lane, several=several)}", "", lane) for lane in threads),
        ]
    wakeups: list[Labelled] = [(WAKEUPS, "dim", None)] if study.wakeups else []
    own = {(lane.pid, lane.label) for lane in study.states.threads}
    # A thread with one connection that is called like it: its line tells all.
    below = [lane for lane in some(study.states.connections) if (lane.pid, lane.label) not in own]
    return [*top, *wakeups, *((f"  {_with_pid(lane, several=several)}", "dim", lane) for lane in below)]


def _with_pid(lane: Lane, *, several: bool) -> str:
    return f"{lane.label} ({lane.pid})" if several else lane.label


def _some(lanes: Sequence[Lane]) -> Sequence[Lane]:
    return lanes if len(lanes) <= MANY else lanes[:SHOWN]


def _left_out(study: Study, scale: Scale) -> Iterator[Line]:
    for lanes, noun in ((study.states.threads, "thread"), (study.states.connections, "connection")):
        missing = len(lanes) - len(_some(lanes))
        if missing:
            yield ((" " * scale.label + f"and {count(missing, f'more {noun}')}, not shown", "dim"),)


def _labelled(name: str, style: str, lane: Lane | None, study: Study, scale: Scale, glyphs: Glyphs) -> Line:
    text = shorten(safe(name, glyphs), scale.label - 1, glyphs, middle=True)
    head: Piece = (text + " " * (scale.label - width_of(text)), style)
    if lane is not None:
        return (head, *draw(lane, study.origin, scale, glyphs))
    if name != WAKEUPS:
        return (head,)
    return (head, *wakeup_marks(study, scale, glyphs))


# One line


def draw(lane: Lane, origin: int, scale: Scale, glyphs: Glyphs) -> Iterator[Piece]:
    """A lane as pieces, from the left edge to its own end."""
    cells = _cells(lane, origin, scale)
    for state, run in groupby(cells):
        length = sum(1 for _ in run)
        yield (" " * length, "") if state is None else (glyphs.states[state] * length, STATE_STYLE[state])


def _cells(lane: Lane, origin: int, scale: Scale) -> list[State | None]:
    """The state of each column up to the lane's end; None before its begin."""
    times: list[dict[State, int]] = [{} for _ in range(scale.columns)]
    for t0, t1, state, _ in lane.segments:
        begin, end = t0 - origin, max(t1 - origin, t0 - origin + 1)  # a call that took no time is seen, too
        first, last = scale.column(begin), scale.column(end - 1)
        for column in range(first, last + 1):
            inside = (
                min(end, scale.edge(column + 1)) - max(begin, scale.edge(column))
                if first < last
                else end - begin
            )
            times[column][state] = times[column].get(state, 0) + inside
    waiting = _THREAD_WAITING if lane.conn is None else _WAITING
    found = [_shown(inside, waiting) for inside in times]
    while found and found[-1] is None:
        found.pop()
    return found


def _shown(times: dict[State, int], waiting: Sequence[State]) -> State | None:
    """What a column shows.  `waiting`: the states that hold it up."""
    done = {state: time * weight for state, weight in _WEIGHTS.items() if (time := times.get(state))}
    waited = {state: time for state in waiting if (time := times.get(state))}
    if waited and sum(waited.values()) >= sum(times[state] for state in done):
        return max(waited, key=waited.__getitem__)
    if done:
        return max(done, key=done.__getitem__)
    return State.PARKED if times else None


def wakeup_marks(study: Study, scale: Scale, glyphs: Glyphs) -> Iterator[Piece]:
    """A mark in each column in which a select returned; dim where nothing was ready."""
    marks: dict[int, str] = {}
    for wakeup in study.wakeups:
        column = scale.column(wakeup.t - study.origin)
        if not wakeup.empty or column not in marks:
            marks[column] = "dim" if wakeup.empty else "wakeup"
    end = 0
    for column in sorted(marks):
        if column > end:
            yield (" " * (column - end), "")
        yield (glyphs.wakeup, marks[column])
        end = column + 1


def _axis(scale: Scale, span: int, glyphs: Glyphs) -> Line:
    """Marks at round times, as many as have room for their words."""
    text = " " * scale.label
    for column, mark in marks(scale, span, glyphs):
        if len(text) <= scale.label + column:
            text = text.ljust(scale.label + column) + mark
    return ((text, "dim"),)


def marks(scale: Scale, span: int, glyphs: Glyphs) -> Iterator[tuple[int, str]]:
    """Round times: in which column each stands, and how it is written."""
    step = _step(span, scale.columns)
    for number in range(span // step + 1 if step else 1):
        column = scale.column(number * step) if span else 0
        mark = f"{glyphs.tick}{took(number * step, glyphs) if number else '0'}"
        if column + len(mark) <= scale.columns:
            yield column, mark


def _step(span: int, columns: int) -> int:
    """The least round time that leaves 14 columns between two marks; 0: there is none."""
    least = span * 14 / columns
    if least < 1:
        return 0
    unit = int(10 ** (len(str(int(least))) - 1))
    return next(unit * factor for factor in _STEPS if unit * factor >= least)


def _threads_parked(study: Study) -> bool:
    return study.states.totals[State.PARKED] > 0


def legend(room: int, glyphs: Glyphs, *, threads_parked: bool = False) -> Iterator[Line]:
    """The six states and the wakeup, in as many columns as fit."""
    named = REQUEST_WORDS if threads_parked else STATE_WORDS
    entries = [((glyphs.states[state] * 3, STATE_STYLE[state]), named[state]) for state in State]
    entries.append(((f" {glyphs.wakeup} ", "wakeup"), "wakeup: select() returns"))
    width = max(len(words) for _, words in entries) + 7
    many = max(min(room // width, 3), 1)
    for start in range(0, len(entries), many):
        line: list[Piece] = []
        for sample, words in entries[start : start + many]:
            line += [sample, (f" {words}".ljust(width - 3), "")]
        line[-1] = (line[-1][0].rstrip(), "")
        yield line
    yield from note("Calls are drawn longer than they are, so that they can be seen.", room)


# Other forms


def plain(studies: Sequence[Study], _options: Options) -> Iterator[str]:
    """Each lane in a sentence: when, and how long in which state."""
    if not any(study.states.threads for study in studies):
        yield "No calls."
    for study in studies:
        lead = f"{study.name}, " if len(studies) > 1 else ""
        several = len(study.pids) > 1
        requests = REQUEST_WORDS if _threads_parked(study) else STATE_WORDS
        for lane in (*study.states.threads, *study.states.connections):
            begin, end = moment(lane.t0 - study.origin), moment(lane.t1 - study.origin)
            label = _with_pid(lane, several=several)
            whose = label if lane.conn is not None or lead else capital(label)
            yield f"{lead}{whose}, from {begin} to {end}: {_parts(lane, requests)}."
        if study.wakeups:
            yield f"{lead}{count(len(study.wakeups), 'wakeup')}: {_batches(study)}."


def _parts(lane: Lane, requests: Mapping[State, str]) -> str:
    words = THREAD_WORDS if lane.conn is None else requests
    times = {words[state]: time for state, time in lane.totals.items() if time}
    return (
        ", ".join(f"{words} {percent_words(time / lane.total)}" for words, time in times.items())
        or "no time at all"
    )


def _batches(study: Study) -> str:
    """How many sockets were ready at once, and how often."""
    sizes = Counter(len(wakeup.ready) for wakeup in study.wakeups)
    return ", ".join(f"{times:,} with {count(size, 'socket')} ready" for size, times in sorted(sizes.items()))


def rows(studies: Sequence[Study], _options: Options) -> Iterator[dict[str, object]]:
    """One object a lane, with all its stretches."""
    for study in studies:
        for lane in (*study.states.threads, *study.states.connections):
            yield {
                "run": study.name,
                "lane": "thread" if lane.conn is None else "connection",
                "label": lane.label, "pid": lane.pid, "tid": lane.tid, "conn": lane.conn, "t0": lane.t0, "t1": lane.t1,
                "totals": dict(lane.totals),
                "segments": [[t0, t1, state, row] for t0, t1, state, row in lane.segments],
            }  # fmt: skip
