"""Measures and a rule of this lesson alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tracedemo.analysis.limits_met import RETRANSMITTED_NS
from tracedemo.analysis.study import Study
from tracedemo.events import Event
from tracedemo.workshop.case import Case
from tracedemo.workshop.measures import At, Measure, Measured, calls, counted, event_at
from tracedemo.workshop.rules import Broken, by_name, rule


def _of(studies: Sequence[Study], op: str) -> Sequence[At]:
    return calls(studies, lambda event: event.op == op)


def _split(
    studies: Sequence[Study], rows: Sequence[At], wanted: Callable[[Event], bool]
) -> tuple[Sequence[At], Sequence[At]]:
    """Those that are as wanted, and the first of the others."""
    fit = [at for at in rows if wanted(event_at(studies, at))]
    return fit, [at for at in rows if at not in fit][:1]


def highest_descriptor(studies: Sequence[Study]) -> Measured:
    """Of the sockets that were made; beside it the socket() that was refused."""
    made, refused = _split(studies, _of(studies, "socket"), lambda event: event.fd is not None)
    highest = max(made, key=lambda at: event_at(studies, at).fd or 0)
    return Measured(event_at(studies, highest).fd or 0, [highest], refused)


def finished(studies: Sequence[Study]) -> Measured:
    """Fetches that came to the end of their answer: a recv() told each of them so.  Beside them, the call that failed."""
    ends, _ = _split(studies, _of(studies, "recv"), lambda event: event.bytes == 0 and not event.failed)
    return counted(ends, calls(studies, lambda event: event.failed)[:1])


def connected_at_once(studies: Sequence[Study]) -> Measured:
    """Blocking connects that did not have to ask a second time, as the kernel does after a second; beside them one that
    had to.
    """
    return counted(*_split(studies, _of(studies, "connect"), _at_once))


def _at_once(event: Event) -> bool:
    return not event.failed and event.duration is not None and event.duration < RETRANSMITTED_NS


def connections_made(studies: Sequence[Study]) -> Measured:
    """Connects that did not fail; "not yet" is no failure.  Beside them the first that did."""
    return counted(*_split(studies, _of(studies, "connect"), lambda event: not event.failed))


MEASURES: dict[str, Measure] = {
    "highest_descriptor": highest_descriptor,
    "finished": finished,
    "connected_at_once": connected_at_once,
    "connections_made": connections_made,
}


@rule(
    "few/no-emfile",
    "Have fewer sockets at once: begin the next fetch when one has ended, and count those between.",
)
def no_emfile(case: Case) -> Iterator[Broken]:
    """The program never asks for a descriptor that it may not have, and takes none beyond its limit."""
    opened = closed = 0
    for row, event in case.calls:
        if event.op == "socket" and event.errno == "EMFILE":
            yield Broken(
                f"socket() was told EMFILE: {opened} sockets had been made, and {closed} closed", row
            )
        if event.op == "socket" and event.fd is not None and event.fd >= case.scenario.files:
            yield Broken("the limit was raised, and the exercise is to live with it", row)
        opened += event.op == "socket"
        closed += event.op == "close" and event.conn is not None


RULES = by_name(no_emfile)
