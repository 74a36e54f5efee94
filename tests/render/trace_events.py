"""Reading a file of trace events as its importer does: exact times, and slices that nest or are a fault."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tracedemo.analysis.study import Study
from tracedemo.render.perfetto import Perfetto


class Piece(NamedTuple):
    """A slice, in nanoseconds of the file."""

    begin: int
    end: int
    depth: int
    name: str
    cat: str
    args: Mapping[str, Any]


@dataclass
class Told:
    """What a file says."""

    events: list[dict[str, Any]]
    names: dict[int, str] = field(default_factory=dict)
    """Of tracks, in the order in which they are to be shown."""
    pieces: dict[str, list[Piece]] = field(default_factory=dict)
    """By the name of their track."""

    def of(self, *phases: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["ph"] in phases]

    def arrows(self) -> list[tuple[Piece, Piece]]:
        """The slices at both ends, as the importer finds them."""
        ends: dict[int, list[Piece]] = defaultdict(list)
        for event in self.of("s", "f"):
            ends[event["id"]].append(self.at(event["tid"], nanoseconds(event["ts"])))
        return [(begin, end) for begin, end in ends.values()]

    def at(self, tid: int, ts: int) -> Piece:
        """The innermost slice of a track at an instant."""
        pieces = self.pieces[self.names[tid]]
        place = bisect_right(pieces, ts, key=lambda it: it.begin)
        return next(piece for piece in reversed(pieces[:place]) if ts == piece.begin or ts < piece.end)

    @property
    def all(self) -> list[Piece]:
        return [piece for pieces in self.pieces.values() for piece in pieces]


def nanoseconds(text: str) -> int:
    """A number of microseconds, as it is written: none at all, or all three places behind the point."""
    whole, _, part = text.partition(".")
    assert len(part) in (0, 3), text
    return int(whole) * 1000 + int(part or 0)


def file_of(*studies: Study, **options: Any) -> str:
    return "".join(Perfetto(studies, **options).text())


def read(text: str) -> Told:
    """Take a file apart.  It fails where Perfetto would throw something away."""
    told = Told(json.loads(text, parse_float=str, parse_int=str)["traceEvents"])
    assert {"1"} == {event["pid"] for event in told.events}
    for event in told.events:
        event["tid"] = int(event["tid"])
        assert nanoseconds(event.get("ts", "0")) >= 0
    order = {
        event["tid"]: int(event["args"]["sort_index"])
        for event in told.of("M")
        if event["name"].endswith("index")
    }
    named = {event["tid"]: event["args"]["name"] for event in told.of("M") if event["name"] == "thread_name"}
    told.names = dict(sorted(named.items(), key=lambda item: order[item[0]]))
    tracks: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for event in told.of("X"):
        tracks[event["tid"]].append(event)
    told.pieces = {name: nested(tracks[tid]) for tid, name in told.names.items()}
    assert tracks.keys() <= told.names.keys()
    return told


def nested(slices: Iterable[dict[str, Any]]) -> list[Piece]:
    """Slices of a track in order, with their depths; one that begins inside another has to end inside it."""
    found, ends = [], []
    for event in sorted(slices, key=lambda it: (nanoseconds(it["ts"]), -nanoseconds(it["dur"]))):
        begin = nanoseconds(event["ts"])
        end = begin + nanoseconds(event["dur"])
        while ends and ends[-1] <= begin:
            ends.pop()
        assert not ends or end <= ends[-1], event
        found.append(Piece(begin, end, len(ends), event["name"], event["cat"], event["args"]))
        ends.append(end)
    return found


def names(pieces: Sequence[Piece]) -> list[str]:
    return [piece.name for piece in pieces]
