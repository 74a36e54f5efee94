"""Parts of turns: a callback's name, what it asked the kernel, and where it stood while it blocked the loop."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING

from tracedemo.analysis.furniture import word
from tracedemo.analysis.lookups import LOOKUPS
from tracedemo.analysis.short import answer_text
from tracedemo.analysis.text import clean
from tracedemo.analysis.turns import Asked, Sample
from tracedemo.events import FLOW, KERNEL, Event, Header
from tracedemo.syscalls import OPERATION, RECEIVE

if TYPE_CHECKING:
    from tracedemo.analysis.join import Join

Thread = tuple[int, int]
"""pid and tid"""

Samples = Mapping[tuple[int, int, int], tuple[int | None, tuple[Sample, ...]]]
"""By the callback's thread and begin: the first row if no other row tells of that callback, and the samples."""


def key_of(event: Event) -> tuple[int, int, int]:
    """A callback's thread and begin: its samples have them, too."""
    return event.pid, event.tid, event.t0


def samples_of(events: Sequence[Event]) -> Samples:
    """The watchdog's samples."""
    known = {key_of(event) for event in events if event.op == "callback"}
    found: dict[tuple[int, int, int], tuple[int | None, tuple[Sample, ...]]] = {}
    for row, event in enumerate(events):
        if event.op == "blocked" and event.lane == FLOW:
            key = key_of(event)
            first, before = found.get(key, (None if key in known else row, ()))
            sample = Sample(event.t0 if event.t1 is None else event.t1, event.place)
            found[key] = first, (*before, sample)
    return found


def kernel_times(events: Sequence[Event], join: Join) -> Mapping[Thread, Sequence[int]]:
    """When each thread entered a system call, without those of the tool and of the start."""
    left_out = {*join.startup, *join.tool}
    times: dict[Thread, list[int]] = defaultdict(list)
    for row, event in enumerate(events):
        if event.lane == KERNEL and row not in left_out:
            times[event.pid, event.tid].append(event.t0)
    return times


def name_of(event: Event) -> tuple[str, bool]:
    """What a callback is called, and whether it is the step of a task."""
    step = event.args.get("step")
    return clean(event.args.get("callback", "a callback") if step is None else step), step is not None


def asked_by(calls: Sequence[Event]) -> tuple[Asked, ...]:
    """The calls of a callback; equal ones together, in the order of the first of each."""
    counts: dict[Asked, int] = defaultdict(int)
    for event in calls:
        answer = answer_text(event)
        asked = Asked(_call_name(event), "" if answer == "ok" else answer, event.fd, 1, word(event))
        counts[asked] += 1
    return tuple(asked._replace(times=times) for asked, times in counts.items())


def _call_name(event: Event) -> str:
    """The operation, and what it is about where that says more than its name."""
    about = event.args.get("host") if event.op in LOOKUPS else event.args.get("option")
    return clean(event.op if about is None else f"{event.op}({about})")


def empties(call: Event, pipe: int) -> bool:
    """True for a call that takes bytes out of a self-pipe."""
    row = OPERATION.get(call.op)
    return call.conn == pipe and row is not None and row.phase == RECEIVE


def kept_callbacks(events: Sequence[Event], header: Header) -> Mapping[int, tuple[float, float]]:
    """Of each process, between when and when callbacks were kept; empty if none were dropped."""
    if not header.dropped.get(FLOW):
        return {}
    begins: dict[int, list[int]] = defaultdict(list)
    for event in events:
        if event.op == "callback" and event.lane == FLOW:
            begins[event.pid].append(event.t0)
    if header.keep == "first":
        return {pid: (0, max(times)) for pid, times in begins.items()}
    return {pid: (min(times), inf) for pid, times in begins.items()}
