"""The stepper's timeline: the lanes of `timeline`, with the cursor; by time, or with columns of equal width for the steps.

Theory
    By time all of the run is seen, and all runs share one clock. By steps, time is bent so that every step has the same
    length, three quarters of it for its call, and the rest for what follows until the next one; then a piece of it around
    the cursor is drawn as any other lane. Of more lanes than have room, those around the cursor's are shown.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import itemgetter

from tracedemo.analysis.states import Lane, Segment
from tracedemo.analysis.walk import Walk
from tracedemo.render.glyphs import ASCII, UTF8, Glyphs
from tracedemo.render.lines import Line, Piece, safe, shorten, width_of
from tracedemo.render.step_state import State
from tracedemo.render.timeline import WAKEUPS, Labelled, Scale, draw, lanes_of, marks, wakeup_marks

UNIT = 4_000
"""The length of a step on bent time, ..."""
CALL = 3_000
"""... and of its call."""
LEAST_COLUMNS = 2
"""Columns that a step has at least, by steps."""


@dataclass(frozen=True, slots=True)
class Window:
    """What is seen of a run: steps from `first` up to `last`, of which each has `wide` columns; by time, all of it."""

    first: int
    last: int
    wide: int


def lanes_wanted(state: State) -> int:
    """How many lines the timeline would like to have."""
    return 1 + sum(len(_lanes(walk, len(state.walks))) for walk in state.walks)


def timeline(state: State, width: int, rows: int, glyphs: Glyphs) -> Iterator[Line]:
    """Axis and lanes, in at most `rows` lines: the walked run's first of all."""
    if rows < 2:
        return
    groups = [_lanes(walk, len(state.walks)) for walk in state.walks]
    given = _share(list(map(len, groups)), state.run, rows - 1)
    chosen = [_chosen(state, run, groups[run], given[run]) for run in range(len(groups))]
    widest = max(
        (width_of(safe(groups[run][lane][0], glyphs)) for run, lanes in enumerate(chosen) for lane in lanes),
        default=0,
    )
    label = 1 + min(widest, max(width // 5, 8))
    span = max(*(walk.study.states.wall for walk in state.walks), 1)
    scale = Scale(span, max(width - label, 1), label)
    hidden = sum(map(len, groups)) - sum(map(len, chosen))
    yield _axis(state, scale, hidden, glyphs)
    for run, lanes in enumerate(chosen):
        walk, window = state.walks[run], _window(state, run, scale)
        column, _ = _extent(state, run, scale)
        for lane in lanes:
            name, style, _ = groups[run][lane]
            text = shorten(safe(name, glyphs), label - 1, glyphs, middle=True)
            pieces = _drawn(walk, len(groups), lane, scale, window, ascii=glyphs.ascii)
            yield ((text + " " * (label - width_of(text)), style), *lit(pieces, column, glyphs))


def _share(wanted: Sequence[int], run: int, room: int) -> list[int]:
    """How many lines each run gets: one, then the walked one as many as it wants, then the others in their order."""
    given = [0] * len(wanted)
    order = [run, *(other for other in range(len(wanted)) if other != run)]
    for most in (1, max(wanted)):
        for other in order:
            more = min(room, min(wanted[other], most) - given[other])
            given[other] += more
            room -= more
    return given


def _chosen(state: State, run: int, lanes: Sequence[Labelled], room: int) -> Sequence[int]:
    """The lanes of a run that are shown: its thread's, and those about the connection that its step is about."""
    if len(lanes) <= room:
        return range(len(lanes))
    walk, step = state.walks[run], state.steps[run]
    event, conn = walk.event(step), walk.conn_at(step)
    thread = next((place for place, (_, _, lane) in enumerate(lanes)
                   if lane and lane.conn is None and (lane.pid, lane.tid) == (event.pid, event.tid)), 0)  # fmt: skip
    requests = [place for place, (_, _, lane) in enumerate(lanes) if lane and lane.conn is not None]
    about = next((at for at, place in enumerate(requests) if _conn(lanes[place]) == conn), 0)
    room -= 1
    page = about // room * room if room else 0
    found = {thread, *requests[page : page + room]}
    rest = (place for place in range(len(lanes)) if place not in found)
    return sorted([*found, *(place for place, _ in zip(rest, range(room + 1 - len(found)), strict=False))])


def _conn(lane: Labelled) -> int | None:
    return lane[2].conn if lane[2] else None


@lru_cache(maxsize=32)
def _lanes(walk: Walk, runs: int) -> Sequence[Labelled]:
    lanes = lanes_of(walk.study, walk.study.name, single=runs == 1, every=True)
    return [lane for lane in lanes if lane[2] or lane[0] == WAKEUPS]


# The cursor


def _axis(state: State, scale: Scale, hidden: int, glyphs: Glyphs) -> Line:
    """Times, or numbers of steps; where the walked run stands, and how long its step takes."""
    window = _window(state, state.run, scale)
    first, last = _extent(state, state.run, scale)
    cells = [" "] * scale.columns
    found = _step_marks(window, scale, glyphs) if state.by_steps else marks(scale, scale.span, glyphs)
    end = -1
    for column, mark in found:
        if column > end and (column + len(mark) <= first or column > last):
            cells[column : column + len(mark)] = mark
            end = column + len(mark)
    text = "".join(cells[: scale.columns])
    note = shorten(f"+{hidden:,} more" if hidden else "", scale.label - 1, glyphs).ljust(scale.label)
    length = last - first
    return (
        (note, "dim"),
        (text[:first], "dim"),
        (glyphs.cursor + glyphs.rule * length, "strong"),
        (text[last + 1 :], "dim"),
    )


def _step_marks(window: Window, scale: Scale, glyphs: Glyphs) -> Iterator[tuple[int, str]]:
    for step in range(window.first, window.last):
        column, mark = (step - window.first) * window.wide, f"{glyphs.tick}{step + 1:,}"
        if (step + 1) % 10 == 0 and column + len(mark) <= scale.columns:
            yield column, mark


def _extent(state: State, run: int, scale: Scale) -> tuple[int, int]:
    """The columns of a run's step: first and last."""
    walk, step = state.walks[run], state.steps[run]
    if state.by_steps:
        window = _window(state, run, scale)
        first = (step - window.first) * window.wide
        return first, min(first + window.wide, scale.columns) - 1
    begin = walk.at(step)
    end = max(walk.end(step), begin + 1)
    return scale.column(begin), scale.column(end - 1)


def lit(pieces: Sequence[Piece], column: int, glyphs: Glyphs) -> Iterator[Piece]:
    """A lane with the cursor's line through it."""
    at = 0
    for text, style in pieces:
        if at <= column < at + len(text):
            here = column - at
            yield from ((text[:here], style), (glyphs.tick, "strong"), (text[here + 1 :], style))
        else:
            yield text, style
        at += len(text)
    if at <= column:
        yield from ((" " * (column - at), ""), (glyphs.tick, "strong"))


# One lane


def _window(state: State, run: int, scale: Scale) -> Window:
    walk, step = state.walks[run], state.steps[run]
    if not state.by_steps:
        return Window(0, 0, 0)
    wide = max(scale.columns // len(walk), LEAST_COLUMNS)
    many = max(scale.columns // wide, 1)
    half = max(many // 2, 1)
    first = max(min(step // half * half - many // 4, len(walk) - many), 0)
    return Window(first, min(first + many, len(walk)), wide)


@lru_cache(maxsize=512)
def _drawn(walk: Walk, runs: int, lane: int, scale: Scale, window: Window, *, ascii: bool) -> Sequence[Piece]:
    """A lane as pieces."""
    glyphs = ASCII if ascii else UTF8
    found = _lanes(walk, runs)[lane][2]
    if not window.wide:
        if found is None:
            return tuple(wakeup_marks(walk.study, scale, glyphs))
        return tuple(draw(found, walk.study.origin, scale, glyphs))
    if found is None:
        return tuple(_wakeups(walk, window, glyphs))
    bent = Scale((window.last - window.first) * UNIT, (window.last - window.first) * window.wide, scale.label)
    return tuple(draw(_bent(walk, found, window), window.first * UNIT, bent, glyphs))


def _wakeups(walk: Walk, window: Window, glyphs: Glyphs) -> Iterator[Piece]:
    """A mark at the end of each step that is a wakeup."""
    for step in range(window.first, window.last):
        wakeup = walk.study.wakeup_of_row.get(walk.rows[step])
        yield " " * (window.wide - 1), ""
        yield (" ", "") if wakeup is None else (glyphs.wakeup, "dim" if wakeup.empty else "wakeup")


def _bent(walk: Walk, lane: Lane, window: Window) -> Lane:
    """The part of a lane that lies in a window, on bent time."""
    begin = walk.begin(window.first)
    end = (
        walk.begin(window.last) if window.last < len(walk) else max(lane.t1, walk.begin(window.last - 1) + 1)
    )
    start = bisect_right(lane.segments, begin, key=itemgetter(1))
    segments = []
    for segment in lane.segments[start:]:
        t0, t1 = max(segment.t0, begin), min(segment.t1, end)
        if segment.t0 >= end:
            break
        if t1 >= t0:
            segments.append(Segment(_bend(walk, t0), _bend(walk, t1), segment.state, segment.row))
    return replace(lane, segments=tuple(segments))


def _bend(walk: Walk, time: int) -> int:
    """An instant of the Trace's clock on bent time."""
    step = max(walk.step_at(time - walk.study.origin), 0)
    begin = walk.begin(step)
    following = walk.begin(step + 1) if step + 1 < len(walk) else None
    called = walk.end(step) + walk.study.origin
    if following is not None:
        called = min(called, following)
    if time < called:
        return step * UNIT + (time - begin) * CALL // (called - begin)
    if following is None or following <= called:
        return step * UNIT + (CALL if following is None else UNIT)
    return step * UNIT + CALL + (time - called) * (UNIT - CALL) // (following - called)
