"""How a loop drives its generators: each is resumed when the kernel has news for it, and not before."""

from __future__ import annotations

from collections.abc import Iterator

from tracedemo.analysis.segments import READINESS, is_call
from tracedemo.analysis.walking import walk
from tracedemo.events import FLOW, Event
from tracedemo.workshop.case import Case
from tracedemo.workshop.rules import Broken, by_name, rule
from tracedemo.workshop.rules.waiting import CONNECTS, SENDS, reported

RECEIVES = frozenset({"recv", "recv_into", "recvfrom", "recvmsg"})
CLOSES = frozenset({"close", "detach"})
MOVES = CONNECTS | SENDS | RECEIVES
"""What a generator does with its socket."""


@rule(
    "resume/told",
    "Resume a generator only when select() has reported its socket, for the event that it yielded.",
)
def told(case: Case) -> Iterator[Broken]:
    """Between a yield of (socket, event) and the next step of that generator lies a select that reported just this.

    `wait/until-ready` is about calls that were told "not yet"; this is about steps, also those that no such call precedes.
    Steps of generators are not seen everywhere. Where there are none, nothing is said; and where the generator has moved
    without a step that we saw, we know no longer what it waits for, and say nothing more.
    """
    parked: dict[str | None, tuple[int, frozenset[str], int | None]] = {}
    for entries, returned in walk(case.events):
        for row, event in entries:
            if event.lane == FLOW and event.op == "yield":
                parked.pop(event.owner, None)
                if event.conn is not None and (ways := ways_of(event)):
                    parked[event.owner] = event.conn, ways, event.fd
            elif event.lane == FLOW and event.owner in parked:
                _, ways, fd = parked.pop(event.owner)
                if event.op == "resume":
                    yield Broken(f"{event.owner} is resumed, though select() has not reported its socket for "
                                 f"{' or '.join(sorted(ways))} since it yielded", row, fd)  # fmt: skip
            elif (
                is_call(event)
                and event.op in MOVES
                and event.conn in {conn for conn, _, _ in parked.values()}
            ):
                return
        if returned is not None:
            ready = reported(case, returned[0])
            parked = {
                owner: waits
                for owner, waits in parked.items()
                if not {(waits[0], way) for way in waits[1]} & ready
            }


def ways_of(event: Event) -> frozenset[str]:
    """What a yield waits for, of READ and WRITE; empty: it yielded something else."""
    words = str(event.args.get("value", "")).rpartition(", ")[2].upper().split("|")
    return frozenset(words) if {"READ", "WRITE"}.issuperset(words) else frozenset()


@rule(
    "watch/as-yielded",
    "Before select() is called, register the socket that the generator yielded, for the event that it yielded.",
)
def as_yielded(case: Case) -> Iterator[Broken]:
    """Whenever select is called, each socket is registered for what its generator waits for, and for nothing else.

    What it waits for is told by its last call: after connect() it yields WRITE, after a send that was answered EAGAIN, too;
    after any other send, and after recv(), READ.
    """
    waits: dict[int, tuple[int, str]] = {}
    watched: dict[int, str] = {}
    for row, event in case.calls:
        if event.op in READINESS:
            for fd, way in waits.values():
                if watched.get(fd, "nothing") != way:
                    yield Broken(f"select() is called while the generator of fd {fd} waits for {way}, and fd {fd} is "
                                 f"registered for {watched.get(fd, 'nothing')}", row, fd)  # fmt: skip
        elif event.fd is not None:
            note_watched(watched, event)
            note_wait(waits, event)


@rule(
    "watch/let-go",
    "Unregister the socket before you resume the generator: what it does next may be to close it.",
)
def let_go(case: Case) -> Iterator[Broken]:
    """No generator does anything with its socket while that is registered."""
    watched: dict[int, str] = {}
    for row, event in case.calls:
        if event.fd in watched and event.op in MOVES | CLOSES:
            yield Broken(f"{event.op}() on a socket that is still registered", row)
        if event.fd is not None:
            note_watched(watched, event)


def note_watched(watched: dict[int, str], event: Event) -> None:
    """Keep what a selector watches, by descriptor."""
    if event.op in ("register", "modify") and not event.failed and event.fd is not None:
        watched[event.fd] = str(event.args.get("events"))
    elif event.op in CLOSES or (event.op == "unregister" and not event.failed):
        watched.pop(event.fd or 0, None)


def note_wait(waits: dict[int, tuple[int, str]], event: Event) -> None:
    """Keep what each connection waits for after its last call, as (descriptor, READ or WRITE)."""
    if event.conn is None or event.fd is None or event.op not in MOVES | CLOSES:
        return
    over = event.op in CLOSES or event.failed or (event.op in RECEIVES and event.bytes == 0)
    if over:
        waits.pop(event.conn, None)
    else:
        writes = event.op in CONNECTS or (event.op in SENDS and event.not_yet)
        waits[event.conn] = event.fd, "WRITE" if writes else "READ"


@rule("watch/selector-closed", "Close the selector at the end: `with`, or `finally`.")
def selector_closed(case: Case) -> Iterator[Broken]:
    """Each selector that the program makes is closed by the program."""
    made: dict[tuple[int | None, str], int] = {}
    for row, event in case.calls:
        if event.op == "selector":
            made[event.fd, str(event.args.get("selector"))] = row
        elif event.op == "close" and "what" in event.args:
            made.pop((event.fd, str(event.args["what"])), None)
    for row in made.values():
        yield Broken("the selector was never closed", row)


RULES = by_name(told, as_yielded, let_go, selector_closed)
