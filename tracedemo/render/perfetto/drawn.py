"""One run as trace events: slices on its tracks, arrows between them, and how many connections are open."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from tracedemo.analysis.lanes import has_lane
from tracedemo.analysis.segments import State, is_call
from tracedemo.analysis.study import Study
from tracedemo.analysis.summary import in_flight
from tracedemo.analysis.text import clean
from tracedemo.events import SERVER
from tracedemo.render.perfetto.contents import Contents, dumps
from tracedemo.render.perfetto.flows import arrows
from tracedemo.render.perfetto.lanes import CONNECTION, OURS, THREAD, Key, Track, Tracks
from tracedemo.render.perfetto.slices import Slice, Slices

PROCESS = 1


def event(kind: str, tid: int, ts: str, members: dict[str, Any]) -> str:
    """One trace event.

    Args:
        kind: its phase: `X` a slice, `C` a counter, `i` an instant, `M` a name.
        ts: microseconds.
    """
    return f'{{"ph":"{kind}","pid":{PROCESS},"tid":{tid},"ts":{ts},{dumps(members)[1:]}'


def microseconds(ns: int) -> str:
    """Exact to the nanosecond; none is below 0, as the importer throws such away."""
    ns = max(ns, 0)
    return f"{ns // 1000}.{ns % 1000:03d}"


class Drawn:
    """The trace events of one run.

    Args:
        slices: what is to be drawn.
        number: of the run, from 0.
        tracks: those of the file.
        lead: nanoseconds of the file's time at which the run begins.
    """

    def __init__(self, slices: Slices, number: int, tracks: Tracks, lead: int) -> None:
        self._slices = slices
        self._study = slices.study
        self._number = number
        self._tracks = tracks
        self._zero = self._study.origin - lead

    def __iter__(self) -> Iterator[str]:
        yield from self._all_slices()
        yield from self._parked()
        yield from self._in_flight()

    def _ts(self, t: int) -> str:
        return microseconds(t - self._zero)

    def _all_slices(self) -> Iterator[str]:
        contents, ends = Contents(self._study), _Arrows(self._study, self._number)
        for piece in self._slices:
            told = ""
            for key in self._keys(piece):
                track = self._tracks.place(key, piece.begin, piece.end)
                if track is None:
                    continue
                told = told or contents.of(piece.row, piece.begin, piece.end)
                yield self._slice(track, piece.begin, piece.end, told)
                if key[1] == THREAD:
                    for kind, arrow in ends.at(piece.row):
                        yield self._arrow(kind, arrow, track, piece)

    def _keys(self, piece: Slice) -> Iterator[Key]:
        """Where a slice stands: on its thread, and, a call, on its connection."""
        made = self._study.events[piece.row]
        if made.lane == SERVER:
            yield self._number, OURS, 0, 0
            return
        yield self._number, THREAD, made.pid, made.tid
        if made.conn is not None and is_call(made):
            yield self._number, CONNECTION, made.conn, 0

    def _slice(self, track: Track, begin: int, end: int, told: str) -> str:
        ts, dur = self._ts(begin), microseconds(end - begin)
        return f'{{"ph":"X","pid":{PROCESS},"tid":{track.tid},"ts":{ts},"dur":{dur},{told}'

    def _arrow(self, kind: str, number: int, track: Track, piece: Slice) -> str:
        """One end of an arrow.  It belongs to the innermost slice at its time: at the begin of a call, that is the call."""
        binds = ',"bp":"e"' if kind == "f" else ""
        return (f'{{"ph":"{kind}","pid":{PROCESS},"tid":{track.tid},"ts":{self._ts(piece.begin)},"id":{number},'
                f'"name":"wakeup","cat":"wakeup"{binds}}}')  # fmt: skip

    def _parked(self) -> Iterator[str]:
        """Where a connection waits and holds no thread.  There is no call of it meanwhile, so these nest by themselves."""
        for lane in self._study.states.connections:
            track = self._tracks.by_key.get((self._number, CONNECTION, lane.conn or 0, 0))
            if track is None:
                continue
            told = dumps({"name": "parked", "cat": "parked", "args": {"connection": clean(lane.label)}})[1:]
            for begin, end, state, row in lane.segments:
                if state is State.PARKED and row is None:
                    yield self._slice(track, begin, end, told)

    def _in_flight(self) -> Iterator[str]:
        """How many connections are open.  The importer puts the two names together."""
        name, value = clean(f"{self._number + 1}. {self._study.name}:"), 0
        requests = (socket for socket in self._study.connections if has_lane(socket))
        for t, changes in groupby(in_flight(requests, self._study.states.t1), key=itemgetter(0)):
            value += sum(step for _, step in changes)
            yield event("C", 0, self._ts(t), {"name": name, "args": {"in flight": value}})


class _Arrows:
    """The ends of arrows, by row.  An arrow has a number of its own among those of all runs."""

    def __init__(self, study: Study, run: int) -> None:
        self._begin: dict[int, list[int]] = {}
        self._end: dict[int, list[int]] = {}
        self._open: set[int] = set()
        for number, (begin, end) in enumerate(arrows(study), run << 32):
            self._begin.setdefault(begin, []).append(number)
            self._end.setdefault(end, []).append(number)

    def at(self, row: int) -> Iterator[tuple[str, int]]:
        """(s or f, number) of those that begin or end at a slice that has been drawn."""
        for number in self._begin.get(row, ()):
            self._open.add(number)
            yield "s", number
        yield from (("f", number) for number in self._end.get(row, ()) if number in self._open)
