"""Where a program sleeps: in its selector, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

from tracedemo.analysis.segments import READINESS
from tracedemo.workshop.case import Case
from tracedemo.workshop.rules import Broken, by_name, rule


@rule(
    "sleep/in-select-only",
    "Leave setblocking(False) where it is: a thread that sleeps in any other call than select() can do nothing else.",
)
def in_select_only(case: Case) -> Iterator[Broken]:
    """No call on a socket puts the thread to sleep; a connection that is made before its setblocking(False) may."""
    made = {
        event.conn: row for row, event in reversed(case.calls) if event.args.get("mode") == "non-blocking"
    }
    for row, event in case.calls:
        waits = event.conn is not None and event.args.get("could_wait") and event.op not in READINESS
        if waits and row > made.get(event.conn, -1):
            yield Broken(f"{event.op}() on a blocking socket", row)


RULES = by_name(in_select_only)
