"""A measure and a rule of this lesson alone."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping, Sequence

from tracedemo.analysis.study import Study
from tracedemo.analysis.walking import Row
from tracedemo.server.faults import GARBAGE, TRUNCATED
from tracedemo.workshop.case import Case
from tracedemo.workshop.measures import Measure, Measured, calls, counted, event_at
from tracedemo.workshop.rules import Broken, by_name, rule
from tracedemo.workshop.rules.several import faults, lines, pages


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

WHOLE_RAISES: Mapping[str, str] = {TRUNCATED: "EOFError", GARBAGE: "UnicodeDecodeError"}
"""What the exercise's `whole` makes of an answer that our server has spoilt; all other faults show in a call."""


@rule("many/told", "Keep the exception where the response would be: it is what came of this fetch.")
def told(case: Case) -> Iterator[Broken]:
    """For a page that our server has spoilt, the exception that says so is printed."""
    printed, spoilt = lines(case), faults(case)
    for number, conn in pages(case).items():
        if conn in spoilt:
            exc, names, row = _failure(case, conn, spoilt[conn])
            if not exc:
                yield Broken(f"nobody looked at the connection of page /{number}, which had been broken off")
            elif not any(name and name in printed.get(number, "") for name in names):
                yield Broken(f"{exc} ended the fetch of page /{number}, and its line does not say so", row)


def _failure(case: Case, conn: int, fault: str) -> tuple[str, Sequence[str], int | None]:
    """The exception that ended a fetch, by what else it may be called, and the row of it."""
    calls: list[Row] = list(case.on(conn))
    if fault in WHOLE_RAISES:
        return WHOLE_RAISES[fault], [WHOLE_RAISES[fault]], calls[-1][0] if calls else None
    for row, event in calls:
        if event.failed:
            reason = os.strerror(getattr(errno, event.errno)) if event.errno else ""
            return str(event.exc), [str(event.exc), event.errno or "", reason], row
    return "", [], None


RULES = by_name(told)
