"""Where a program sleeps: in its selector, and nowhere else; and there it does sleep."""

from __future__ import annotations

from collections.abc import Iterator

from tracedemo.analysis.segments import READINESS
from tracedemo.events import Event
from tracedemo.workshop.case import Case
from tracedemo.workshop.rules import Broken, by_name, rule


@rule(
    "sleep/in-select-only",
    "Leave setblocking(False) where it is: a thread that sleeps in any other call than select() can do nothing else.",
)
def in_select_only(case: Case) -> Iterator[Broken]:
    """No call on a socket puts the thread to sleep; a connection that is made before its setblocking(False) may.

    Lesson 02, where the point is what connect() answers, allows not even that (`nonblocking/stays`).
    """
    made = {
        event.conn: row for row, event in reversed(case.calls) if event.args.get("mode") == "non-blocking"
    }
    for row, event in case.calls:
        waits = event.conn is not None and event.args.get("could_wait") and event.op not in READINESS
        if waits and row > made.get(event.conn, -1):
            yield Broken(f"{event.op}() on a blocking socket", row)


@rule("select/sleeps", "Call select() without a timeout: the kernel wakes the thread when it has news.")
def sleeps(case: Case) -> Iterator[Broken]:
    """No select looks for a moment only, and finds nothing.

    So it is where nothing but the kernel's news can let the program go on; where there are deadlines, one such look may be
    right, and `deadline/asleep` names the second.
    """
    for row, event in case.calls:
        if event.op in READINESS and event.args.get("timeout") == 0 and not event.result:
            yield Broken(
                "select() with timeout 0 found nothing, so the program asks again instead of sleeping", row
            )


@rule("deadline/asleep", "Let select() sleep for the time that is left, instead of looking again and again.")
def asleep(case: Case) -> Iterator[Broken]:
    """No select that found nothing and did not sleep is followed at once by another one that does not.

    A single look is no fault, as it is for `select/sleeps`: when a deadline has passed, nothing is left to sleep for.
    """
    before: Event | None = None
    for row, event in case.calls:
        if before is not None and _glanced(before) and _glanced(event):
            yield Broken(
                f"{event.op}() twice in a row without a sleep, and nothing was done between the two", row
            )
        before = event


def _glanced(event: Event) -> bool:
    return event.op in READINESS and not event.result and event.args.get("timeout") == 0


RULES = by_name(in_select_only, sleeps, asleep)
