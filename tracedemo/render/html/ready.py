"""What each select found ready: descriptors, what for, whose they are, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tracedemo.analysis.segments import READINESS
from tracedemo.analysis.text import clean
from tracedemo.analysis.walking import ready_of
from tracedemo.events import Event
from tracedemo.render.html.columns import Facts, Frame, Numbers, number_form
from tracedemo.render.html.texts import texts_form


class Item(NamedTuple):
    """One descriptor that a select reported."""

    fd: int
    events: str
    conn: int | None = None
    owner: str | None = None
    cause: str = ""


def ready_items(event: Event, wakeup: Any) -> Sequence[Item]:
    """What a step found ready.

    Args:
        wakeup: what is known of it as a wakeup, if it is one.
    """
    if wakeup is not None:
        return [
            Item(item.fd, clean(item.events), item.conn, item.owner, clean(item.cause))
            for item in wakeup.ready
        ]
    return [Item(fd, clean(events)) for fd, events in ready_of(event)] if event.op in READINESS else ()


def ready_form(ready: Sequence[Sequence[Item]], sockets: Numbers, facts: Facts) -> dict[str, Any]:
    """All items of all steps.

    Args:
        sockets: whose each item is; -1: nobody's.
    """
    items = [item for some in ready for item in some]
    frame = Frame(sockets, facts)
    return {
        "counts": number_form(map(len, ready)), "conn": number_form(sockets), "fd": frame.form([item.fd for item in items]),
        "events": texts_form(frame, [item.events for item in items]),
        "owner": texts_form(frame, [clean(item.owner or "") for item in items]),
        "cause": texts_form(frame, [item.cause for item in items]),
    }  # fmt: skip


SAID = 2
"""From so many descriptors on, a list of them is known by its name."""


def said_of(ready: Sequence[Sequence[Item]]) -> dict[str, Sequence[str]]:
    """The ways in which lists of what was ready are told: in an answer, in a sentence, in a system call."""
    fds, aloud, kernel = [], [], []
    for items in ready:
        some = items if len(items) >= SAID else ()
        fds.append(", ".join(dict.fromkeys(str(item.fd) for item in some)))
        aloud.append(", ".join(f"fd {item.fd} ({item.events.replace('|', ' and ')})" for item in some))
        kernel.append(", ".join(f"{item.fd} {_polled(item.events)}" for item in some))
    return {"fds": fds, "aloud": aloud, "kernel": kernel}


def _polled(events: str) -> str:
    """The names of a selector's events below selectors."""
    return events.replace("READ", "IN").replace("WRITE", "OUT")
