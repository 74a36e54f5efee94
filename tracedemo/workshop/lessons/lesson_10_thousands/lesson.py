"""Measures and a rule of this lesson alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tracedemo.analysis.limits_met import RETRANSMITTED_NS
from tracedemo.analysis.segments import is_call
from tracedemo.analysis.study import Study
from tracedemo.events import Event
from tracedemo.workshop.case import Case
from tracedemo.workshop.measures import Measure
from tracedemo.workshop.rules import Broken, by_name, rule


def _calls(studies: Sequence[Study], op: str) -> list[Event]:
    return [event for event in studies[-1].events if event.op == op and is_call(event)]


def highest_descriptor(studies: Sequence[Study]) -> int:
    """Of the sockets that were made."""
    return max(event.fd for event in _calls(studies, "socket") if event.fd is not None)


def finished(studies: Sequence[Study]) -> int:
    """Fetches that came to the end of their answer: a recv() told each of them so."""
    return sum(event.bytes == 0 and not event.failed for event in _calls(studies, "recv"))


def connected_at_once(studies: Sequence[Study]) -> int:
    """Blocking connects that did not have to ask a second time, as the kernel does after a second."""
    return sum(
        not event.failed and event.duration is not None and event.duration < RETRANSMITTED_NS
        for event in _calls(studies, "connect")
    )


def connections_made(studies: Sequence[Study]) -> int:
    """Connects that did not fail; "not yet" is no failure."""
    return sum(not event.failed for event in _calls(studies, "connect"))


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
