"""Measures and rules of this lesson alone: what send() takes, and what of it arrives."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from tracedemo.analysis.segments import READINESS
from tracedemo.analysis.study import Study
from tracedemo.events import SERVER, Event
from tracedemo.server.plan import ASCII
from tracedemo.workshop.case import Case
from tracedemo.workshop.measures import Measure, Measured, calls, counted, event_at
from tracedemo.workshop.rules import Broken, by_name, rule
from tracedemo.workshop.rules.results import NO_CALL
from tracedemo.workshop.rules.waiting import SENDS


def first_send(studies: Sequence[Study]) -> Measured:
    """How much of what it was offered the first send() took."""
    sends = calls(studies, lambda event: event.op in SENDS)
    if not sends:
        return Measured("none of it, for there was none")
    first = event_at(studies, sends[0])
    if not first.bytes:
        return Measured(f"none of it, {first.errno}", sends[:1])
    return Measured("some of it" if first.bytes < first.args["size"] else "all of it", sends[:1])


def after_full(studies: Sequence[Study]) -> Measured:
    """What was done between the first send() that found no room, which stands beside it, and the next one."""
    moves = calls(studies, lambda event: event.op in SENDS | READINESS | {"recv"})
    full = next((place for place, at in enumerate(moves) if _found_no_room(event_at(studies, at))), None)
    if full is None:
        return Measured("there was always room")
    following = moves[full + 1 : full + 2]
    op = next((event_at(studies, at).op for at in following), "")
    words = {"select": "it sleeps until there is room", "recv": "it reads what the server says"}
    return Measured(words.get(op, "it sends again at once"), following, [moves[full]])


def _found_no_room(event: Event) -> bool:
    return event.op in SENDS and event.not_yet


def reads_until_failure(studies: Sequence[Study]) -> Measured:
    """How many recv() a program made that failed."""
    reads = calls(studies, lambda event: event.op == "recv")
    return counted(reads) if studies[-1].trace.header.exit_code else Measured("it does not fail", (), reads)


MEASURES: Mapping[str, Measure] = {
    "first_send": first_send,
    "after_full": after_full,
    "reads_until_failure": reads_until_failure,
}


@rule("partial/all-sent", "Send what is left, and only that: cut off as many bytes as send() said it took.")
def all_sent(case: Case) -> Iterator[Broken]:
    """The server gets one upload, and as many bytes are sent as it has."""
    uploads = [event for event in case.events if event.lane == SERVER and _is_upload(event)]
    if not case.called:
        yield NO_CALL
    elif not uploads:
        yield Broken("the server never got a whole upload")
    for upload in uploads:
        sent = sum(socket.bytes_sent for socket in case.clients if socket.local == upload.args["peer"])
        if sent != upload.bytes:
            last = next((row for row, call in reversed(case.calls) if call.op in SENDS), None)
            yield Broken(f"{sent} bytes were sent for an upload of {upload.bytes}", last)


def _is_upload(event: Event) -> bool:
    return event.op == "request" and str(event.args.get("detail", "")).startswith("POST ")


@rule(
    "partial/text",
    "Join all bytes before you decode them, or use an incremental decoder; the charset stands in the headers.",
)
def text(case: Case) -> Iterator[Broken]:
    """What the server says it got is the text of its page in UTF-8, as many times as asked."""
    page = case.body.decode(str(case.run.trace.header.server.get("charset", ASCII)))
    times = int(case.scenario.words[-1])
    meant = page.encode() * times
    if hashlib.sha256(meant).hexdigest() not in case.output:
        says = case.output.strip().partition("\n")[0][:100]
        yield Broken(
            f"the server did not get {times} times the text of its page, {len(meant)} bytes; it says {says!r}"
        )


RULES = by_name(all_sent, text)
