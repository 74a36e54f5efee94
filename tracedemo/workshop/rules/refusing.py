"""What a program does when it was refused: the kernel knows, and tells it to the first call that asks."""

from __future__ import annotations

from collections.abc import Iterator

from tracedemo.workshop.case import Case
from tracedemo.workshop.rules import Broken, by_name, rule
from tracedemo.workshop.rules.waiting import SENDS

NEVER_CONNECTED = frozenset({"ECONNREFUSED", "EPIPE", "ENOTCONN"})
"""What a send() is told without a connection; EPIPE: somebody asked for the reason before, and did not heed it."""


@rule(
    "refused/no-send",
    "When select() reports the socket, ask how connect() ended before you send: getsockopt(SOL_SOCKET, SO_ERROR).",
)
def no_send(case: Case) -> Iterator[Broken]:
    """Nothing is sent on a connection that was refused.

    `wait/connected` is about the time before: nothing is sent while nobody knows yet.
    """
    for row, event in case.calls:
        if event.op in SENDS and event.failed and event.errno in NEVER_CONNECTED:
            yield Broken(f"{event.op}() on a connection that never came to be: {event.errno}", row)


RULES = by_name(no_send)
