"""Arrows: from the select that returned to the first call of each who went on because of it."""

from __future__ import annotations

from collections.abc import Iterator

from tracedemo.analysis.segments import is_call
from tracedemo.analysis.study import Study
from tracedemo.analysis.wakeups import Wakeup
from tracedemo.events import FLOW


def arrows(study: Study) -> Iterator[tuple[int, int]]:
    """(row of the select, row of the call, or, where somebody made none, of the callback in which it went on).

    Who went on, and made no call before the next select of its thread, in no callback, has no arrow.
    """
    resumed = {item.row: (wakeup, item.owner) for wakeup in study.wakeups for item in wakeup.resumed}
    waiting: dict[tuple[int, int], dict[str, tuple[Wakeup, int | None]]] = {}
    for row, event in enumerate(study.events):
        thread = waiting.setdefault((event.pid, event.tid), {})
        if row in study.wakeup_of_row:
            yield from _without_call(thread)
        if row in resumed:
            wakeup, owner = resumed[row]
            thread[owner] = wakeup, row if event.lane == FLOW and event.op == "callback" else None
            if is_call(event):
                thread.pop(owner)
                yield wakeup.row, row
        elif event.owner in thread and is_call(event):
            yield thread.pop(event.owner)[0].row, row
    for thread in waiting.values():
        yield from _without_call(thread)


def _without_call(thread: dict[str, tuple[Wakeup, int | None]]) -> Iterator[tuple[int, int]]:
    yield from ((wakeup.row, row) for wakeup, row in thread.values() if row is not None)
    thread.clear()
