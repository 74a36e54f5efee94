"""Measures and rules of this lesson alone: how a connect() that was refused comes to be known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tracedemo.analysis.segments import READINESS
from tracedemo.analysis.study import Study
from tracedemo.analysis.walking import Row, ready_of
from tracedemo.events import Event
from tracedemo.workshop.case import Case
from tracedemo.workshop.measures import Measure, Measured, calls, event_at
from tracedemo.workshop.rules import Broken, by_name, rule
from tracedemo.workshop.rules.results import NO_CALL
from tracedemo.workshop.rules.waiting import CONNECTS, reported

REFUSED = "ECONNREFUSED"


def told(studies: Sequence[Study]) -> Measured:
    """What the last select reported of the one socket that it watched."""
    selects = calls(studies, lambda event: event.op in READINESS)
    return Measured(_told(event_at(studies, selects[-1]) if selects else None), selects[-1:])


def _told(select: Event | None) -> str:
    if select is None or select.t1 is None:
        return "nothing: it sleeps for ever"
    if select.failed:
        return "nothing: it raises an exception"
    return "|".join(sorted({events for _, events in ready_of(select)}))


def told_the_reason(studies: Sequence[Study]) -> Measured:
    """The first call whose answer said that nobody listens; beside it the connect() that did not."""
    telling = calls(studies, tells)
    if not telling:
        return Measured("none")
    connects = calls(studies, lambda event: event.op == "connect" and not tells(event))
    return Measured(
        event_at(studies, telling[0]).op, telling[:1], [at for at in connects if at < telling[0]][-1:]
    )


def tells(event: Event) -> bool:
    """Whether an answer says why there is no connection.  (getpeername() says only that there is none.)"""
    return event.errno == REFUSED or (event.op == "getsockopt" and event.result == REFUSED)


MEASURES: Mapping[str, Measure] = {"told": told, "told_the_reason": told_the_reason}


@rule(
    "refused/asks",
    "Wait until select() reports the socket, then ask it: getsockopt(SOL_SOCKET, SO_ERROR), or connect() once more.",
)
def asks(case: Case) -> Iterator[Broken]:
    """After the wakeup some call hears why there is no connection."""
    for socket in case.clients:
        steps = list(_steps(case, socket.number))
        begun = next((row for (row, event), _ in steps if event.op in CONNECTS), None)
        # Some kernels refuse at once: then connect() itself has said it.
        if any(tells(event) and (woken or row == begun) for (row, event), woken in steps):
            continue
        early = next((row for (row, event), woken in steps if tells(event) and not woken), None)
        if early is None:
            yield Broken("no call asked how this connect() ended", begun)
        else:
            op = case.events[early].op
            yield Broken(f"{op}() before select() had reported that connect() is over", early)


def _steps(case: Case, conn: int) -> Iterator[tuple[Row, bool]]:
    """The calls on a connection, and whether select had reported it before."""
    woken = False
    for entries, returned in case.stretches:
        for row, event in entries:
            if event.conn == conn:
                yield (row, event), woken
        if returned is not None and conn in {number for number, _ in reported(case, returned[0])}:
            woken = True


@rule("refused/named", "Raise the exception that belongs to this errno: OSError(code, os.strerror(code)).")
def named(case: Case) -> Iterator[Broken]:
    """The caller hears ConnectionRefusedError, which the given main() prints."""
    if not case.called:
        yield NO_CALL
    elif "ConnectionRefusedError" not in case.output:
        printed = case.output.strip().partition("\n")[0][:80]
        yield Broken(
            "fetch_data() did not raise ConnectionRefusedError: "
            + (f"main() printed {printed!r}" if printed else "main() printed nothing")
        )


RULES = by_name(asks, named)
