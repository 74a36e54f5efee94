"""Going over a Trace in order of time, with the returns of select where they belong.

Rows stand in order of entry. What a select reports is true when it returns, and other threads may have opened and closed
sockets while it slept. So its return is a stop of its own on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush

from tracedemo.analysis.segments import READINESS, is_call
from tracedemo.events import Event

Row = tuple[int, Event]
"""The number of a row, and its Event."""


def walk(events: Iterable[Event]) -> Iterator[tuple[Sequence[Row], Row | None]]:
    """All entries, and the returns of the program's selects that did not fail, in order of time: a stretch of entries, and
    the select that returned after them; None where the stretch goes on, or ends with the Trace.
    """
    stretch: list[Row] = []
    open_: list[tuple[int, int, Event]] = []  # as (return, row, Event): a heap
    for row, event in enumerate(events):
        while open_ and open_[0][0] <= event.t0:
            _, select, returned = heappop(open_)
            yield stretch, (select, returned)
            stretch = []
        stretch.append((row, event))
        if event.op in READINESS and event.t1 is not None and is_call(event) and not event.failed:
            heappush(open_, (event.t1, row, event))
        elif len(stretch) == _MOST:
            yield stretch, None
            stretch = []
    while open_:
        _, select, returned = heappop(open_)
        yield stretch, (select, returned)
        stretch = []
    yield stretch, None


_MOST = 1000
"""Entries in a stretch: of millions of rows few are held at a time."""


def ready_of(event: Event) -> tuple[tuple[int, str], ...]:
    """What a select reported, as (fd, events); entries that make no sense are left out."""
    if not isinstance(event.result, (list, tuple)):
        return ()
    pairs = (pair for pair in event.result if isinstance(pair, (list, tuple)) and len(pair) >= 2)
    return tuple((pair[0], str(pair[1])) for pair in pairs if type(pair[0]) is int)
