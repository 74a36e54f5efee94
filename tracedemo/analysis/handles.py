"""Which handle of an event loop made a call: rows of the python lane inside the time of a callback, on its thread."""

from __future__ import annotations

from collections.abc import Iterable

from tracedemo.events import FLOW, PYTHON, Event


def handles_of(events: Iterable[Event]) -> dict[int, int]:
    """The row of the innermost callback around each call, by the row of the call; events stand in order of `t0`."""
    running: dict[tuple[int, int], list[tuple[int, int | None]]] = {}
    found: dict[int, int] = {}
    for row, event in enumerate(events):
        if event.lane == FLOW and event.op == "callback":
            running.setdefault((event.pid, event.tid), []).append((row, event.t1))
        elif event.lane == PYTHON and running:
            around = running.get((event.pid, event.tid))
            while around and (end := around[-1][1]) is not None and end < event.t0:
                around.pop()
            if around:
                found[row] = around[-1][0]
    return found
