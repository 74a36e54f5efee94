"""Rules of this lesson alone."""

from __future__ import annotations

from collections.abc import Iterator

from tracedemo.workshop.case import Case
from tracedemo.workshop.rules import Broken, by_name, rule


@rule("nonblocking/stays", "Leave setblocking(False) where it is: the lesson is what to do with its answers.")
def stays(case: Case) -> Iterator[Broken]:
    """No call on the socket puts the thread to sleep, connect() included (`sleep/in-select-only` lets that off)."""
    for row, event in case.calls:
        if event.op in ("connect", "send", "recv") and event.args.get("could_wait"):
            yield Broken(f"{event.op}() on a blocking socket", row)
    for row, event in case.calls:
        if event.op == "setblocking" and event.args.get("mode") == "blocking":
            yield Broken("the socket was made a blocking one", row)


RULES = by_name(stays)
