"""Tracks: which there are, how many at most, and what fits on one of them.

On a track of Perfetto's slices must nest: one that begins inside another has to end inside it, or the importer throws it
away. What does not nest goes to a track beside, below its own; where that is full, too, it is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest

from tracedemo.analysis.text import clean
from tracedemo.events import SERVER
from tracedemo.render.perfetto.slices import Slices
from tracedemo.render.words import count

MOST = 2_000
"""Tracks in a file.  With 20,000 the page of Perfetto is not drawn within half a minute."""
BESIDE = 20
"""So many of them are kept for what does not nest."""
FIRST = 2
"""Number of the first track.  The one with the number of its process would be called the main thread."""

Key = tuple[int, str, int, int]
"""Run, from 0; THREAD with pid and tid, CONNECTION with its number, or OURS, the server's."""
THREAD, CONNECTION, OURS = "thread", "connection", "server"


class Track:
    """One line of the picture, and what is open on it."""

    def __init__(self, tid: int, name: str, order: int) -> None:
        self.tid = tid
        self.name = name
        self.order = order
        self.beside: Track | None = None
        self._ends: list[int] = []
        self._last = 0

    def takes(self, begin: int, end: int) -> bool:
        """Put a slice here, if it nests.  They come in order of their begin, the longer one first."""
        ends = self._ends
        if begin < self._last:
            return False
        while ends and ends[-1] <= begin:
            ends.pop()
        if ends and end > ends[-1]:
            return False
        self._last = begin
        ends.append(end)
        return True


class Tracks:
    """All tracks of a file.

    Args:
        runs: what is to be drawn.
        most: tracks at most.
    """

    def __init__(self, runs: Sequence[Slices], most: int = MOST) -> None:
        self.most = most
        self.about = Track(FIRST, "About this trace", 0)
        self.all = [self.about]
        self.by_key: dict[Key, Track] = {}
        self.left_out: Counter[tuple[int, str]] = Counter()
        """By run and kind: lanes for which there was no room, with all that would be on them."""
        self.overlapping: Counter[int] = Counter()
        """By run: slices that overlapped, and for which there was no room."""
        named = [list(_lanes(run, number)) for number, run in enumerate(runs)]
        chosen = set(islice(_dealt(named), max(most - BESIDE - 1, 0)))
        for lane in (lane for lanes in named for lane in lanes):
            key, name = lane
            if lane in chosen:
                self.by_key[key] = self._new(name, 2 * len(self.all))
            else:
                self.left_out[key[:2]] += 1

    def place(self, key: Key, begin: int, end: int) -> Track | None:
        """The track that takes a slice; None: it has no lane, or there is no room."""
        track = self.by_key.get(key)
        if track is None or track.takes(begin, end):
            return track
        if track.beside is None and len(self.all) < self.most:
            track.beside = self._new(f"{track.name} (overlapping)", track.order + 1)
        if track.beside is not None and track.beside.takes(begin, end):
            return track.beside
        self.overlapping[key[0]] += 1
        return None

    def _new(self, name: str, order: int) -> Track:
        track = Track(FIRST + len(self.all), name, order)
        self.all.append(track)
        return track


Named = tuple[Key, str]


def _lanes(run: Slices, number: int) -> Iterator[Named]:
    """Threads, also those of which only system calls are known; our server; connections."""
    study = run.study
    head, several = f"{number + 1}. {study.name}: ", len(study.pids) > 1
    labels = {(lane.pid, lane.tid): lane.label for lane in study.states.threads}
    made = dict.fromkeys(
        (it.pid, it.tid) for it in (study.events[piece.row] for piece in run) if it.lane != SERVER
    )
    threads = {key: labels.get(key) or f"process {key[0]}, thread {key[1]}" for key in made}
    for (pid, tid), label in threads.items():
        yield (number, THREAD, pid, tid), clean(head + label)
    if SERVER in set(study.trace.column("lane")):
        yield (number, OURS, 0, 0), clean(f"{head}our server")
    for lane in study.states.connections:
        label = f"{lane.label} ({lane.pid})" if several else lane.label
        yield (number, CONNECTION, lane.conn or 0, 0), clean(head + label)


def _dealt(named: Sequence[Sequence[Named]]) -> Iterator[Named]:
    """One of each run in turn; connections after all the rest."""
    for wanted in (False, True):
        lanes = ([lane for lane in each if (lane[0][1] == CONNECTION) is wanted] for each in named)
        yield from (lane for row in zip_longest(*lanes) for lane in row if lane is not None)


def told(tracks: Tracks, names: Sequence[str]) -> Iterator[str]:
    """What has no place in the file, in sentences.

    Args:
        names: of the runs, with their numbers.
    """
    for (run, kind), number in tracks.left_out.items():
        of = sum(key[:2] == (run, kind) for key in tracks.by_key) + number
        yield clean(f"{names[run]}: {number:,} of {count(of, kind)} left out: a file for Perfetto has at most"
                    f" {tracks.most:,} tracks.")  # fmt: skip
    for run, number in tracks.overlapping.items():
        yield clean(
            f"{names[run]}: {count(number, 'slice')} left out: they overlap with others on their tracks."
        )
