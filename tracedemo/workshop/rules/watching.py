"""What a program tells its selector."""

from __future__ import annotations

from collections.abc import Iterator

from tracedemo.workshop.case import Case
from tracedemo.workshop.rules import Broken, by_name, rule


@rule(
    "watch/nothing-left",
    "Unregister a socket before it is closed; then select() has nothing to wait for in vain.",
)
def nothing_left(case: Case) -> Iterator[Broken]:
    """At the end no socket is registered any more."""
    registered: dict[int, int] = {}
    for row, event in case.calls:
        if event.op in ("register", "modify") and not event.failed and event.fd is not None:
            registered[event.fd] = row
        elif event.op == "unregister" and event.fd is not None:
            registered.pop(event.fd, None)
    for fd, row in registered.items():
        yield Broken("it is still registered at the end", row, fd)


RULES = by_name(nothing_left)
