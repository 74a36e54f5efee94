"""A measure and a rule of this lesson alone."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence

from tracedemo.analysis.study import Study
from tracedemo.workshop.case import Case
from tracedemo.workshop.measures import Measure, Measured, calls, counted, event_at
from tracedemo.workshop.rules import Broken, by_name, rule
from tracedemo.workshop.rules.several import broken_off, lines


def finished(studies: Sequence[Study]) -> Measured:
    """Fetches of the last run that came to the end of their answer: a recv() told each of them so.  Beside them stand the
    call that failed, and what became of another connection behind it.
    """
    ends = calls(studies, lambda event: event.op == "recv" and event.bytes == 0 and not event.failed)
    failed = calls(studies, lambda event: event.failed)[:1]
    conns = {event_at(studies, at).conn for at in failed}
    closes = calls(studies, lambda event: event.op == "close" and event.conn not in conns)
    return counted(ends, [*failed, *[at for at in closes if at > failed[0]][:1]] if failed else ())


MEASURES: dict[str, Measure] = {"finished": finished}


@rule("many/told", "Keep the exception where the response would be: it is what came of this fetch.")
def told(case: Case) -> Iterator[Broken]:
    """For a page whose connection was broken off, the exception that said so is printed."""
    printed = lines(case)
    for number, conn in broken_off(case).items():
        failures = [(row, event) for row, event in case.on(conn) if event.failed]
        if not failures:
            yield Broken(f"nobody looked at the connection of page /{number}, which had been broken off")
            continue
        row, event = failures[0]
        reason = os.strerror(getattr(errno, event.errno)) if event.errno else ""
        names = (event.exc, event.errno, reason)
        if not any(name and name in printed.get(number, "") for name in names):
            yield Broken(f"{event.exc} ended the fetch of page /{number}, and its line does not say so", row)


RULES = by_name(told)
