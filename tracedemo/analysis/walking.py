"""Going over a Trace in order of time, with the returns of select where they belong.

Rows stand in order of entry. What a select reports is true when it returns, and other threads may have opened and closed
sockets while it slept. So its return is a stop of its own on the way.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from tracedemo.analysis.segments import READINESS, is_call
from tracedemo.events import Event

Row = tuple[int, Event]
"""The number of a row, and its Event."""


def walk(events: Sequence[Event]) -> Iterator[tuple[Iterable[Row], Row | None]]:
    """All entries, and the returns of the program's selects that did not fail, in order of time: a stretch of entries, and
    the select that returned after them; with the last stretch, None.
    """
    begin = 0
    for place, _, row in sorted(_returns(events)):
        yield enumerate(events[begin:place], begin), (row, events[row])
        begin = place
    yield enumerate(events[begin:], begin), None


def _returns(events: Sequence[Event]) -> Iterator[tuple[int, int, int]]:
    """Returns of select: the row before whose entry it comes, its time, and the row of the select."""
    for row, event in enumerate(events):
        if event.op in READINESS and event.t1 is not None and is_call(event) and not event.failed:
            place = bisect_left(events, event.t1, row + 1, key=attrgetter("t0"))
            yield place, event.t1, row


def ready_of(event: Event) -> tuple[tuple[int, str], ...]:
    """What a select reported, as (fd, events); entries that make no sense are left out."""
    if not isinstance(event.result, (list, tuple)):
        return ()
    pairs = (pair for pair in event.result if isinstance(pair, (list, tuple)) and len(pair) >= 2)
    return tuple((pair[0], str(pair[1])) for pair in pairs if type(pair[0]) is int)
