"""Going over a Trace in order of time, with the returns of select where they belong.

Rows stand in order of entry. What a select reports is true when it returns, and other threads may have opened and closed
sockets while it slept. So its return is a stop of its own on the way.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

from tracedemo.analysis.segments import READINESS, is_call
from tracedemo.events import Event

Stop = tuple[int, Event, bool]
"""(row, its Event, True for the return of a select and False for the entry of anything)."""


def walk(events: Iterable[Event]) -> Iterator[Stop]:
    """All entries, and the returns of the program's selects that did not fail, in order of time."""
    asleep: list[tuple[int, int, Event]] = []
    for row, event in enumerate(events):
        while asleep and asleep[0][0] <= event.t0:
            _, earlier, select = heapq.heappop(asleep)
            yield earlier, select, True
        yield row, event, False
        if event.op in READINESS and event.t1 is not None and is_call(event) and not event.failed:
            heapq.heappush(asleep, (event.t1, row, event))
    while asleep:
        _, earlier, select = heapq.heappop(asleep)
        yield earlier, select, True


def ready_of(event: Event) -> tuple[tuple[int, str], ...]:
    """What a select reported, as (fd, events); entries that make no sense are left out."""
    if not isinstance(event.result, (list, tuple)):
        return ()
    pairs = (pair for pair in event.result if isinstance(pair, (list, tuple)) and len(pair) >= 2)
    return tuple((pair[0], str(pair[1])) for pair in pairs if type(pair[0]) is int)
