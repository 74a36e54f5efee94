"""Measures and rules of this lesson alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tracedemo.analysis.segments import READINESS, is_call, waits
from tracedemo.analysis.study import Study
from tracedemo.events import KERNEL
from tracedemo.workshop.case import Case
from tracedemo.workshop.rules import Broken, by_name, rule, shortened


def before_connect(studies: Sequence[Study]) -> int | str:
    """How many system calls the program makes between the socket() of its connection and the connect() of that."""
    study = studies[-1]
    ours = study.tool_rows | study.startup_rows
    calls = [event for row, event in enumerate(study.events) if event.lane == KERNEL and row not in ours]
    families = (str(event.args.get("family")) for event in calls)
    first = next((place for place, family in enumerate(families) if family.startswith("AF_INET")), None)
    if first is None:
        return "no socket()"
    made, *later = calls[first:]
    places = (place for place, event in enumerate(later) if event.op == "connect" and event.fd == made.result)
    return next(places, "no connect()")


def sleepers(studies: Sequence[Study]) -> str:
    """The calls that put the thread to sleep, in the order of the alphabet: "connect, recv"."""
    trace = studies[-1].trace
    asleep = {event.op for event in trace if is_call(event) and waits(event, trace.header)}
    return ", ".join(sorted(asleep)) or "none"


@rule("deadline/own-words", "Let TimeoutError come out of fetch_data: main() has the words for it.")
def own_words(case: Case) -> Iterator[Broken]:
    """It fails, and says so in words of its own: no traceback, and no silence."""
    last = next((row for row, event in reversed(case.calls) if event.op == "recv"), None)
    if not case.run.exit_code:
        yield Broken("it ended with exit code 0, as if it had the whole answer", last)
    elif "Traceback" in case.run.complaints:
        error = case.run.complaints.strip().rpartition("\n")[2].strip().rstrip(".")
        yield Broken(f"it ended with a traceback: {shortened(error)}", last)
    elif case.ended != "exit" or not case.run.complaints.strip():
        yield Broken("it ended without a word", last)


@rule("deadline/timeout", "Give the socket a timeout before it waits: settimeout(PATIENCE_S).")
def timed_out(case: Case) -> Iterator[Broken]:
    """It gave up because a wait had come to its end: one with a timeout, in which nothing came."""
    for _, event in case.calls:
        empty_select = event.op in READINESS and event.args.get("timeout") and not event.result
        if event.exc == "TimeoutError" or empty_select:
            return
    last = next((row for row, event in reversed(case.calls) if event.op == "recv"), None)
    yield Broken("it did not wait for the rest of the answer until a timeout was over", last)


MEASURES = {"before_connect": before_connect, "sleepers": sleepers}
RULES = by_name(own_words, timed_out)
