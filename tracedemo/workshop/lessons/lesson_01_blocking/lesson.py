"""Measures and rules of this lesson alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tracedemo.analysis.segments import waits
from tracedemo.analysis.study import Study
from tracedemo.events import KERNEL
from tracedemo.workshop.case import Case
from tracedemo.workshop.measures import At, Measured, calls, counted, event_at
from tracedemo.workshop.rules import Broken, by_name, rule, shortened
from tracedemo.workshop.rules.results import NO_CALL


def before_connect(studies: Sequence[Study]) -> Measured:
    """How many system calls the program makes between the socket() of its connection and the connect() of that."""
    study, last = studies[-1], len(studies) - 1
    ours = study.tool_rows | study.startup_rows
    kernel = [row for row, event in enumerate(study.events) if event.lane == KERNEL and row not in ours]
    families = (str(study.events[row].args.get("family")) for row in kernel)
    first = next((place for place, family in enumerate(families) if family.startswith("AF_INET")), None)
    if first is None:
        return Measured("no socket()")
    made, *later = kernel[first:]
    fd = study.events[made].result
    ours_too = (study.events[row].op == "connect" and study.events[row].fd == fd for row in later)
    end = next((place for place, is_it in enumerate(ours_too) if is_it), None)
    if end is None:
        return Measured("no connect()", (), [At(last, made)])
    between = [At(last, row) for row in later[:end]]
    return counted(between, [At(last, made), At(last, later[end])])


def sleepers(studies: Sequence[Study]) -> Measured:
    """The calls that put the thread to sleep, in the order of the alphabet: "connect, recv"; of each the first.  Beside
    them stand the others that could have.
    """
    header = studies[-1].trace.header
    asleep = calls(studies, lambda event: waits(event, header))
    ops = {event_at(studies, at).op for at in asleep}
    awake = calls(studies, lambda event: bool(event.args.get("could_wait")) and event.op not in ops)
    return Measured(", ".join(sorted(ops)) or "none", firsts(studies, asleep), firsts(studies, awake))


def firsts(studies: Sequence[Study], rows: Sequence[At]) -> Sequence[At]:
    """The first row of each operation."""
    found: dict[str, At] = {}
    for at in rows:
        found.setdefault(event_at(studies, at).op, at)
    return list(found.values())


@rule("deadline/own-words", "Let TimeoutError come out of fetch_data: main() has the words for it.")
def own_words(case: Case) -> Iterator[Broken]:
    """It fails, and says so in words of its own: no traceback, and no silence."""
    last = next((row for row, event in reversed(case.calls) if event.op == "recv"), None)
    if not case.called:
        yield NO_CALL
    elif not case.run.exit_code:
        yield Broken("it ended with exit code 0, as if it had the whole answer", last)
    elif "Traceback" in case.run.complaints:
        error = case.run.complaints.strip().rpartition("\n")[2].strip().rstrip(".")
        yield Broken(f"it ended with a traceback: {shortened(error)}", last)
    elif case.ended != "exit" or not case.run.complaints.strip():
        yield Broken("it ended without a word", last)


@rule("deadline/timeout", "Give the socket a timeout before it waits: settimeout(PATIENCE_S).")
def timed_out(case: Case) -> Iterator[Broken]:
    """It gave up because its waits had come to an end, and these had lasted for as long as it was told.

    What ends a wait (a timeout, SO_RCVTIMEO, an alarm) is written down before the wait, where the server has nothing left
    to send. So what is too long or too short is known without a clock, however busy the machine is.
    """
    news = max((event.t1 or 0 for _, event in case.calls if event.bytes), default=0)
    waits_in_vain = [event for event in case.events if "within" in event.args and event.t0 >= news]
    last = next((row for row, event in reversed(case.calls) if event.op == "recv"), None)
    if not waits_in_vain:
        yield Broken("it did not wait for the rest of the answer until a timeout was over", last)
        return
    patience, meant = float(case.given[-1]), sum(float(event.args["within"]) for event in waits_in_vain)
    waited = (waits_in_vain[0].t0 - news) / 1e9 + meant
    if meant > TOO_LONG * patience:
        yield Broken(f"it was to wait for {meant:.3g} s, and PATIENCE_S is {patience:g}", last)
    elif waited < NEARLY * patience:
        yield Broken(f"it gave up after {waited:.3g} s of silence, and PATIENCE_S is {patience:g}", last)


NEARLY, TOO_LONG = 0.9, 2
"""Of the patience: kernels count in ticks; and who waits in small portions may have counted one too many."""


MEASURES = {"before_connect": before_connect, "sleepers": sleepers}
RULES = by_name(own_words, timed_out)
