"""What a program does after a "not yet": it waits until the kernel says that this descriptor is ready."""

from __future__ import annotations

from collections.abc import Iterator

from tracedemo.workshop.case import Case
from tracedemo.workshop.rules import Broken, by_name, rule

SENDS = frozenset({"send", "sendall", "sendto", "sendmsg"})
CONNECTS = frozenset({"connect", "connect_ex"})


@rule(
    "wait/until-ready",
    "After a BlockingIOError hand the socket to select(), and try again when it is reported.",
)
def until_ready(case: Case) -> Iterator[Broken]:
    """No call that was told "not yet" is tried again on its socket before select has reported that socket ready for it.

    It looks at calls alone, so it holds for any program; `resume/told` looks at the steps of generators.
    """
    waiting: dict[tuple[int, str], str] = {}
    for entries, returned in case.stretches:
        for row, event in entries:
            key = (event.conn or 0, event.op)
            if key in waiting:
                yield Broken(f"{event.op}() again, though the last one was told {waiting[key]}, and no select has "
                             f"reported this socket for it since", row)  # fmt: skip
            waiting.pop(key, None)
            if event.not_yet and event.conn is not None:
                waiting[key] = str(event.errno)
        if returned is not None:
            ready = reported(case, returned[0])
            waiting = {key: errno for key, errno in waiting.items() if (key[0], way_of(key[1])) not in ready}


@rule(
    "wait/connected",
    "Wait until select() reports the socket as writable: only then has connect() come to its end.",
)
def connected(case: Case) -> Iterator[Broken]:
    """Nothing is sent on a socket whose connect() was told EINPROGRESS before select has reported it writable."""
    begun: set[int] = set()
    for entries, returned in case.stretches:
        for row, event in entries:
            if event.op in CONNECTS and event.errno == "EINPROGRESS" and event.conn is not None:
                begun.add(event.conn)
            elif event.op in SENDS and event.conn in begun:
                yield Broken(f"{event.op}() while the connection attempt was still under way", row)
        if returned is not None:
            begun -= {conn for conn, way in reported(case, returned[0]) if way == "WRITE"}


def way_of(op: str) -> str:
    """The readiness for which a call waits: READ or WRITE."""
    return "WRITE" if op in SENDS | CONNECTS else "READ"


def reported(case: Case, row: int) -> frozenset[tuple[int, str]]:
    """What a select reported: connection and READ or WRITE; an error or a hang-up is both (poll(2))."""
    found = set()
    for ready in case.study.wakeup_of_row[row].ready:
        words = set(ready.events.split("|"))
        if ready.conn is not None:
            found |= {(ready.conn, "READ")} if words & {"READ", "IN", "HUP", "ERR", "RDHUP", "PRI"} else set()
            found |= {(ready.conn, "WRITE")} if words & {"WRITE", "OUT", "HUP", "ERR"} else set()
    return frozenset(found)


RULES = by_name(until_ready, connected)
