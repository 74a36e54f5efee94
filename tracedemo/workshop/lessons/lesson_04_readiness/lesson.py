"""Measures and rules of this lesson alone: how often a socket is reported, and what is left in it during a sleep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tracedemo.analysis.segments import READINESS
from tracedemo.analysis.study import Study
from tracedemo.analysis.walking import ready_of
from tracedemo.events import Event
from tracedemo.workshop.case import Case
from tracedemo.workshop.measures import Measure, Measured, calls, counted, event_at
from tracedemo.workshop.rules import Broken, by_name, rule


def reports(studies: Sequence[Study]) -> Measured:
    """Selects that reported something; beside them the last one, which did not."""
    selects = calls(studies, lambda event: event.op in READINESS)
    told = [at for at in selects if ready_of(event_at(studies, at))]
    return counted(told, [at for at in selects[-1:] if at not in told])


def second_reader(studies: Sequence[Study]) -> Measured:
    """What the second recv() was answered; beside it stands the first one."""
    reads = calls(studies, lambda event: event.op == "recv")
    if len(reads) < 2:
        return Measured("nothing: there was none", (), reads)
    first, second = reads[:2]
    return Measured(_heard(event_at(studies, second)), [second], [first])


def _heard(event: Event) -> str:
    if event.errno is not None:
        return event.errno
    return "the same bytes once more" if event.bytes else "no bytes: end of stream"


MEASURES: Mapping[str, Measure] = {"reports": reports, "second_reader": second_reader}

READS = frozenset({"recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into"})


@rule(
    "readiness/drained",
    "Read on until BlockingIOError: what is left in the buffer now is not reported again, nor is an end that came with it.",
)
def drained(case: Case) -> Iterator[Broken]:
    """Before a program sleeps, the last recv() on each of its sockets has said that nothing is left."""
    last: dict[int, int] = {}
    for row, event in case.calls:
        if event.op in READS and event.conn is not None:
            last[event.conn] = row
        elif event.op in READINESS:
            left = [row for row in last.values() if _may_be_more(case, row)]
            yield from (Broken(_left(case, row), row) for row in left)
            last = {}


def _may_be_more(case: Case, row: int) -> bool:
    event = case.events[row]
    return not event.failed and not event.not_yet and bool(event.bytes)


def _left(case: Case, row: int) -> str:
    event = case.events[row]
    return f"{event.op}() brought {event.bytes} bytes, and the program slept without asking whether there are more"


RULES = by_name(drained)
