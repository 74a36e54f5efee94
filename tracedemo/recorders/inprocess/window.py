"""A stretch of what one spool records, from one moment to another: what a `with tracedemo.trace()` block is.

Several windows may lie over one spool, in any order, each with a begin and an end of its own. A window holds numbers: of
the next record at its begin, and at its end. What was recorded between them is read on demand (`decode.read_window`).

While the spool goes on being written after the end of a window, later records take the place of its own. So its part of
the ring is copied then; a call of which the copy holds only the entry is looked up in the ring once more when it is read.

The program may fork: the window keeps the map and the counters with which it began, whatever the spool does later.
"""

from __future__ import annotations

import time

from tracedemo.recorders.inprocess.layout import (
    CHUNK_SIZE,
    LOST_AT,
    NUMBER,
    PAGE,
    RECORD,
    SIZE,
    clock,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tracedemo.recorders.inprocess.spool import Spool

    Raw = tuple[int, ...]


def position(counter: Any) -> int:
    """The number that a counter gives next: what its repr says, "count(128, 64)"."""
    return int(repr(counter)[6:-1].partition(",")[0])


class Ring:
    """One ring of a spool, and the stretch of it that a window is."""

    def __init__(self, home: Any, at: int, slots: int, counter: Any, keep: int) -> None:
        self.home = home
        self.at = at
        self.keep_first = keep * SIZE
        """The number of the last record that is kept; 0: the last ones are."""
        self.mask = slots * SIZE - 1
        self.counter = counter
        self.first = position(counter)
        """The number of the first record that is ours."""
        self.last = 0
        """The number of the first that is not; 0: we go on."""
        self.copied_from = 0
        self.copy = b""

    @property
    def until(self) -> int:
        """The number behind the newest record of ours."""
        return self.last or position(self.counter)

    def keep(self) -> None:
        """Copy what is ours, before it is written over."""
        self.copied_from, end = self._there(self.first, self.last)
        self.copy = self._bytes(self.copied_from, end)

    def records(self) -> tuple[list[Raw], int]:
        """Our records in order, and how many of them are lost.

        One that has a number and was not written yet is a call on its way: lost only if nothing more can come.
        """
        until = self.until
        oldest, end = self._there(self.first, until)
        if self.copied_from:
            oldest, data = self.copied_from, self.copy
        else:
            data = self._bytes(oldest, end)
        lost = (oldest - self.first + until - end) // SIZE
        found: list[Raw] = []
        for n, record in enumerate(RECORD.iter_unpack(data), oldest // SIZE):
            raw = record
            if raw[0] != n * SIZE or not raw[8]:
                now = RECORD.unpack_from(self.home, self.at + (n * SIZE & self.mask))
                raw = now if now[0] == n * SIZE else raw
            if raw[0] == n * SIZE and raw[1] > 0:
                found.append(raw)
            else:
                lost += bool(self.last) or raw[0] > n * SIZE
        return found, lost

    def before(self) -> list[Raw]:
        """What is still there of the records before ours."""
        oldest, end = self._there(SIZE, self.first)
        numbered = enumerate(RECORD.iter_unpack(self._bytes(oldest, end)), oldest // SIZE)
        return [raw for n, raw in numbered if raw[0] == n * SIZE and raw[1] > 0]

    def _there(self, first: int, until: int) -> tuple[int, int]:
        """What can still be in the ring of the records from `first` until before `until`, likewise."""
        if self.keep_first:
            return min(first, self.keep_first + SIZE), min(until, self.keep_first + SIZE)
        return min(max(first, position(self.counter) - self.mask - 1), until), until

    def _bytes(self, first: int, until: int) -> bytes:
        """The records from `first` until before `until`, of which the ring holds no more than it has room for."""
        begin, end = first & self.mask, until & self.mask
        if first >= until:
            return b""
        if begin < end:
            return self.home[self.at + begin : self.at + end]  # type: ignore[no-any-return]  # of an mmap
        whole = self.at + self.mask + 1
        return self.home[self.at + begin : whole] + self.home[self.at : self.at + end]  # type: ignore[no-any-return]


class Before:
    """What no call in a window tells of: sockets that were connected when it began."""

    def __init__(self, peers: dict[int, Any], accepting: int) -> None:
        self.peers = peers
        """Raw addresses of the other sides, by descriptor."""
        self.accepting = accepting
        """Threads that were inside of accept(): each may come back with a socket that nobody has seen opened."""


class Window:
    """From now on, until `end`."""

    def __init__(self, spool: Spool) -> None:
        self.spool: Spool | None = spool
        self.home = spool.map
        self.pid = spool.pid
        self.before = Before({}, 0)
        self.chunks_at, self.chunk_limit = spool.chunks_at, spool.chunk_limit
        self._chunks = spool.next_chunk.__self__  # type: ignore[attr-defined]  # the method of a count
        self._last_chunk = -1
        self.ended = (0, 0)
        """When it ended: monotonic and realtime nanoseconds; zeros: not yet."""
        self.forked = False
        """It ended because this is a forked child."""
        slots, flow_slots = (spool.mask // SIZE) + 1, (spool.flow_mask // SIZE) + 1
        self.slots = slots
        self.steps = Ring(self.home, spool.flow_at, flow_slots, spool.next_flow.__self__, spool.keeps[1])  # type: ignore[attr-defined]
        self.calls = Ring(self.home, PAGE, slots, spool.next.__self__, spool.keeps[0])  # type: ignore[attr-defined]
        self.began = (clock(), time.time_ns())

    def end(self) -> None:
        """What is recorded from now on is not ours."""
        self.calls.last, self.steps.last = position(self.calls.counter), position(self.steps.counter)
        self.ended = (clock(), time.time_ns())
        self.spool = None

    def keep(self) -> None:
        """The spool will be written on: copy what is ours.  Details (addresses, ready lists) are never written over."""
        self.calls.keep()
        self.steps.keep()

    def seal(self) -> None:
        """Nothing more is told: no detail from now on is looked at."""
        self._last_chunk = position(self._chunks)

    @property
    def chunks(self) -> int:
        """How many chunks have been told."""
        told = self._last_chunk if self._last_chunk >= 0 else position(self._chunks)
        return min(told, self.chunk_limit)

    @property
    def facts_lost(self) -> int:
        """Details that found no room, ours and those of before that we may need."""
        return int(NUMBER.unpack_from(self.home, LOST_AT)[0])

    def mark(self) -> tuple[int, ...]:
        """Changes whenever something has been added."""
        return self.calls.until, self.steps.until, self.chunks, self.facts_lost

    def facts(self) -> bytes:
        """All chunks that were told."""
        return self.home[self.chunks_at : self.chunks_at + self.chunks * CHUNK_SIZE]
